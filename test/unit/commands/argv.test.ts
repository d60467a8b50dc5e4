import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { argvOf } from '../../../src/commands/argv.ts';
import type { CommandConfig } from '../../../src/config/commands-schema.ts';
import { describeError } from '../../../src/lib/errors.ts';
import { WorkError } from '../../../src/work-error.ts';

function command(words: CommandConfig['command'], args: Record<string, string> | string[]): CommandConfig {
  const entries = Array.isArray(args)
    ? args.map((pattern, index) => ({ name: String(index + 1), pattern }))
    : Object.entries(args).map(([name, pattern]) => ({ name, pattern }));
  return {
    name: 'c',
    command: words,
    args: entries,
    argsBy: Array.isArray(args) ? 'position' : 'name',
    timeoutMs: 1000,
    maxOutputBytes: 1000,
  };
}

const refuses = (config: CommandConfig, given: unknown, why: RegExp): void => {
  assert.throws(
    () => argvOf(config, given),
    (error) => {
      assert.ok(error instanceof WorkError && error.code === 'COMMAND-ARGUMENT');
      assert.match(describeError(error), why);
      return true;
    },
  );
};

describe('the words of a command', () => {
  it('are as they stand there without arguments, given as nothing in any form', () => {
    const fixed = command(['ls', '-l', '{}', '{ }', '$HOME; rm *'], {});
    for (const given of [undefined, null, {}])
      assert.deepEqual(argvOf(fixed, given), ['ls', '-l', '{}', '{ }', '$HOME; rm *']);
  });

  it('have their arguments in place, alone and within a word, more than once', () => {
    const config = command(['ping', '-c{count}', '{host}', '{host}:{count}'], {
      count: '\\d+',
      host: '[a-z.]+',
    });
    assert.deepEqual(argvOf(config, { host: 'a.b', count: 3 }), ['ping', '-c3', 'a.b', 'a.b:3']);
  });

  it('take arguments by position', () => {
    const config = command(['cp', '{1}', '{2}'], ['[a-z]+', '[a-z]+']);
    assert.deepEqual(argvOf(config, ['from', 'to']), ['cp', 'from', 'to']);
    refuses(config, { 1: 'from', 2: 'to' }, /a list/);
    refuses(config, ['from'], /argument 2 is missing/);
    refuses(config, ['from', 'to', 'more'], /1 more came/);
  });

  it('are never split, and what looks like a placeholder in an argument stays', () => {
    const config = command(['echo', '{a}', '{b}'], { a: '.*', b: '.*' });
    const a = '{b} ; $(reboot) "x" \n *';
    refuses(config, { a, b: 'y' }, /a does not match/);
    const lines = command(['echo', '{a}', '{b}'], { a: '[^]*', b: '.*' });
    assert.deepEqual(argvOf(lines, { a, b: 'y' }), ['echo', a, 'y']);
  });

  it('need every argument to match from end to end', () => {
    const config = command(['x', '{unit}'], { unit: 'one|two' });
    assert.deepEqual(argvOf(config, { unit: 'two' }), ['x', 'two']);
    for (const unit of ['onetwo', 'one ', '\none', 'one\n', 'ONE', ''])
      refuses(config, { unit }, /does not match/);
    refuses(config, {}, /unit is missing/);
    refuses(config, { unit: 'one', other: 'x' }, /takes unit, and 1 more came/);
    refuses(config, { unit: ['one'] }, /text or a number/);
    refuses(config, ['one'], /an object/);
    refuses(config, 'one', /an object/);
  });

  it('do not let an argument become an option, unless its pattern says so', () => {
    refuses(command(['rm', '{file}'], { file: '.*' }), { file: '-rf' }, /hyphen/);
    assert.deepEqual(argvOf(command(['x', '{n}'], { n: '-?\\d+' }), { n: -5 }), ['x', '-5']);
    assert.deepEqual(argvOf(command(['x', '--by={n}'], { n: '.*' }), { n: '-5' }), ['x', '--by=-5']);
  });

  it('have no room for what is too long, or has a zero in it', () => {
    const config = command(['x', '{a}'], { a: '[^]*' });
    refuses(config, { a: 'x'.repeat(1001) }, /1000 characters/);
    refuses(config, { a: 'a\0b' }, /does not match/);
  });

  it('are refused without repeating what was given', () => {
    const config = command(['x', '{a}'], { a: '\\d' });
    try {
      argvOf(config, { a: 'hunter2-password', secretName: 1 });
      assert.fail();
    } catch (error) {
      assert.doesNotMatch(describeError(error), /hunter2|secretName/);
    }
  });
});
