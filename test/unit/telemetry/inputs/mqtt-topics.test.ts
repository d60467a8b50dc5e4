import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MqttTopic } from '../../../../src/config/inputs/mqtt-input.ts';
import { MqttTopics } from '../../../../src/telemetry/inputs/mqtt-topics.ts';

describe('a topic filter', () => {
  const cases: [string, readonly string[], readonly string[]][] = [
    [
      'sensors/temperature',
      ['sensors/temperature'],
      ['sensors', 'sensors/temperature/1', 'Sensors/temperature'],
    ],
    ['sensors/+/temperature', ['sensors/a/temperature', 'sensors//temperature'], ['sensors/a/b/temperature']],
    ['sensors/#', ['sensors', 'sensors/', 'sensors/a/b'], ['sensorsa', 'other/sensors']],
    ['+', ['a', ''], ['a/b', '/a']],
    ['/+', ['/a'], ['a']],
    ['+/b', ['a/b', '/b'], ['a/c']],
    ['#', ['a', 'a/b/c', '/'], []],
    ['a.(b)/[c]*', ['a.(b)/[c]*'], ['ax(b)/[c]*']],
  ];
  for (const [filter, fits, others] of cases) {
    it(`${filter} fits what MQTT says`, () => {
      const topics = new MqttTopics([{ filter }]);
      const fitting = [...fits, ...others].filter((topic) => topics.namesOf(topic) !== undefined);
      assert.deepEqual(fitting, fits);
    });
  }
});

describe('the names that a topic gives', () => {
  it('are made of what + and # have matched', () => {
    const names = namesOf(
      { filter: 'site/+/+/#', component: 'room_{2}', value: '{3}-{1}' },
      'site/7/attic/t/air',
    );
    assert.deepEqual(names, { component: 'room_attic', value: 't/air-7' });
  });

  it('take a # that matched nothing for nothing', () => {
    assert.deepEqual(namesOf({ filter: 'a/#', value: 'x{1}' }, 'a'), { component: undefined, value: 'x' });
  });

  it('are the last level where nothing else is said', () => {
    assert.equal(namesOf({ filter: 'sensors/#' }, 'sensors/attic/temperature')?.value, 'temperature');
    assert.equal(namesOf({ filter: 'sensors/#' }, 'sensors/')?.value, 'value');
  });

  it('are those of the first filter that fits', () => {
    const topics = new MqttTopics([
      { filter: 'a/b', value: 'first' },
      { filter: 'a/+', value: 'second' },
    ]);
    assert.deepEqual(
      ['a/b', 'a/c'].map((topic) => topics.namesOf(topic)?.value),
      ['first', 'second'],
    );
  });

  it('take what looks like a place or a group in a topic for itself', () => {
    const names = namesOf({ filter: '+/+', value: '{1}{2}' }, '{2}/$1');
    assert.equal(names?.value, '{2}$1');
  });
});

function namesOf(topic: MqttTopic, published: string): ReturnType<MqttTopics['namesOf']> {
  return new MqttTopics([topic]).namesOf(published);
}
