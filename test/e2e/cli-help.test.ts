import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { programHelp, verbHelp } from '../../src/cli/help.ts';
import { keysDerive } from '../../src/cli/keys-derive.ts';
import { verbs } from '../../src/cli/verbs.ts';
import { dpsAgent } from './cli-program.ts';

describe('the command line', () => {
  it('explains the whole, a group and each command', async () => {
    const inGroup = verbs.filter(({ name }) => name.startsWith('certificates '));
    for (const [args, help] of [
      [['--help'], programHelp(verbs)],
      [['-h'], programHelp(verbs)],
      [['help'], programHelp(verbs)],
      [['help', 'keys', 'derive'], verbHelp(keysDerive)],
      [['certificates', '--help'], programHelp(inGroup)],
      ...verbs.map((verb) => [[...verb.name.split(' '), '--help'], verbHelp(verb)] as const),
    ] as const) {
      assert.deepEqual(await dpsAgent(args), { code: 0, stdout: help, stderr: '' });
    }
  });

  for (const [args, message] of [
    [['runn'], 'there is no command "runn"; did you mean "run"?'],
    [['fly'], 'there is no command "fly"\n'],
    [['keys'], 'keys needs a command after it'],
    [['keys', 'derve', 'x'], 'there is no command "keys derve"; did you mean "keys derive"?'],
    [['key', 'derive'], 'there is no command "key derive"; did you mean "keys derive"?'],
    [['keys', 'elsewhere'], 'there is no command "keys elsewhere"\n'],
    [['--hlep'], 'there is no option --hlep; did you mean "--help"?'],
    [['run', '--confg', 'x'], 'there is no option --confg; did you mean "--config"?'],
    [['run', '--config', ''], '--config needs a value that is not empty'],
    [['run', 'x'], 'cannot use "x": only options are taken'],
  ] as const) {
    it(`refuses ${args.join(' ')} with status 64`, async () => {
      const { code, stdout, stderr } = await dpsAgent(args);
      assert.deepEqual({ code, stdout }, { code: 64, stdout: '' });
      assert.ok(stderr.includes(message), stderr);
      assert.match(stderr, /\nUsage: dps-agent /);
    });
  }
});
