import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { commandEnvironment } from '../../../src/messages/command-environment.ts';
import { someMessage } from './some-message.ts';

describe('what a program is told of a message', () => {
  it('has safe names, and all properties unchanged beside them', () => {
    const properties = { 'método x': '1', 'a-b': '2', 'a.b': '3', 'with\0nul': 'x', nul: '\0' };
    const environment = commandEnvironment(someMessage({ messageId: 'm-1', userId: 'u', properties }));
    assert.deepEqual(environment, {
      DPS_MESSAGE_ID: 'm-1',
      DPS_MESSAGE_USER_ID: 'u',
      DPS_MESSAGE_PROPERTY_M_TODO_X: '1',
      DPS_MESSAGE_PROPERTY_A_B: '2',
      DPS_MESSAGE_PROPERTY_WITH_NUL: 'x',
      DPS_MESSAGE_PROPERTIES: JSON.stringify(properties),
    });
  });

  it('cannot pretend to be something else than a property', () => {
    const environment = commandEnvironment(someMessage({ properties: { ID: 'x', PATH: '/evil' } }));
    assert.deepEqual(Object.keys(environment).toSorted(), [
      'DPS_MESSAGE_PROPERTIES',
      'DPS_MESSAGE_PROPERTY_ID',
      'DPS_MESSAGE_PROPERTY_PATH',
    ]);
  });

  it('leaves out what would keep the program from being started', () => {
    const environment = commandEnvironment(someMessage({ properties: { big: '\u0001'.repeat(60_000) } }));
    assert.ok(!('DPS_MESSAGE_PROPERTIES' in environment));
    assert.equal(environment['DPS_MESSAGE_PROPERTY_BIG']?.length, 60_000);
  });
});
