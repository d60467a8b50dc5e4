import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { forbiddenInWords } from '../../../src/cli/forbidden.ts';
import { ConfigError, describeError } from '../../../src/lib/errors.ts';

const refusal = Object.assign(new Error("EACCES: permission denied, open '/state/x'"), {
  code: 'EACCES',
  path: '/state/x',
});

describe('a refusal by the operating system', () => {
  it('is told without a stack, with the path and what to type', () => {
    const told = forbiddenInWords(refusal, 'identity show', 1000);
    assert.ok(told instanceof Error);
    assert.equal(told.name, 'CommandError');
    assert.equal(
      describeError(told),
      "cannot use /state/x as this user (root may: sudo dps-agent identity show): EACCES: permission denied, open '/state/x'",
    );
  });

  it('sends nobody to sudo who is root already, nor an agent that would leave files of root’s behind', () => {
    for (const told of [
      forbiddenInWords(refusal, 'identity show', 0),
      forbiddenInWords(refusal, 'run', 1000),
    ])
      assert.doesNotMatch(describeError(told), /sudo/);
  });

  it('names the command where no file is concerned', () => {
    const notMine = Object.assign(new Error('kill EPERM'), { code: 'EPERM' });
    const told = describeError(forbiddenInWords(notMine, 'identity reprovision', 1000));
    assert.match(told, /^cannot do what identity reprovision has to as this user \(root may: /);
  });

  it('is told of a configuration, which keeps its status', () => {
    const told = forbiddenInWords(new ConfigError('cannot use it', { cause: refusal }), 'status', 1000);
    assert.ok(told instanceof ConfigError);
    assert.equal(told.message, 'cannot use it (root may: sudo dps-agent status)');
  });

  it('is not what anything else is', () => {
    const bug = new TypeError('a bug');
    assert.equal(forbiddenInWords(bug, 'status', 1000), bug);
  });
});
