import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigError, describeError } from '../../../src/lib/errors.ts';

describe('describeError', () => {
  it('gives the message of an error', () => {
    assert.equal(describeError(new Error('cannot read a file')), 'cannot read a file');
  });

  it('appends the causes in their order', () => {
    const cause = new Error('it is a directory', { cause: new Error('EISDIR') });
    assert.equal(
      describeError(new Error('cannot read a file', { cause })),
      'cannot read a file: it is a directory: EISDIR',
    );
  });

  it('names an error that has no message', () => {
    assert.equal(describeError(new TypeError('')), 'TypeError');
  });

  it('gives each of several errors, as of a name with several addresses', () => {
    const several = new AggregateError([
      new Error('connect ECONNREFUSED ::1:8883'),
      new Error('connect ECONNREFUSED 127.0.0.1:8883'),
    ]);
    assert.equal(
      describeError(several),
      'AggregateError: connect ECONNREFUSED ::1:8883; connect ECONNREFUSED 127.0.0.1:8883',
    );
  });

  for (const [thrown, text] of [
    ['a text', 'a text'],
    [undefined, 'undefined'],
    [null, 'null'],
    [42, '42'],
  ] as const) {
    it(`describes ${text} that was thrown instead of an error`, () => {
      assert.equal(describeError(thrown), text);
    });
  }

  it('describes a cause that is no error', () => {
    assert.equal(describeError(new Error('cannot go on', { cause: 'no power' })), 'cannot go on: no power');
  });

  it('comes to an end where errors cause one another', () => {
    const [hen, egg] = [new Error('hen'), new Error('egg')];
    hen.cause = egg;
    egg.cause = hen;
    assert.match(describeError(hen), /^hen: egg/);
  });
});

describe('ConfigError', () => {
  it('has a name of its own and keeps its cause', () => {
    const cause = new Error('why');
    const error = new ConfigError('cannot read the configuration', { cause });
    assert.deepEqual([error.name, error.cause], ['ConfigError', cause]);
  });
});
