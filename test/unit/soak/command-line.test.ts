import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UsageError } from '../../../src/cli/usage.ts';
import { parseCommandLine } from '../../../src/soak/command-line.ts';

describe('the command line of the soak', () => {
  it('runs the smoke against the simulator unless it is told otherwise', () => {
    assert.deepEqual(parseCommandLine(['run']), {
      verb: 'run',
      scenario: 'smoke',
      agents: undefined,
      durationMs: undefined,
      seed: undefined,
      host: 'process',
      agentsPerProcess: undefined,
      namePrefix: undefined,
      out: undefined,
      agentProgram: undefined,
      target: 'simulator',
      maxMessages: undefined,
      isDryRun: false,
      metricsPort: undefined,
      metricsHost: '127.0.0.1',
      json: false,
    });
  });

  it('takes what a run can be told', () => {
    const line = parseCommandLine(
      'run --scenario weekend --agents 200 --duration 30m --seed 7 --in-process --crew 50 --out x --json'.split(
        ' ',
      ),
    );
    assert.ok(line.verb === 'run');
    const { scenario, agents, durationMs, seed, host, agentsPerProcess, out, json } = line;
    assert.deepEqual(
      [scenario, agents, durationMs, seed, host, agentsPerProcess, out, json],
      ['weekend', 200, 1_800_000, 7, 'in-process', 50, 'x', true],
    );
  });

  it('shows its help, with or without a verb', () => {
    for (const args of [[], ['--help'], ['help'], ['run', '--help']])
      assert.equal(parseCommandLine(args).verb, 'help');
  });

  it('compares two runs', () => {
    assert.deepEqual(parseCommandLine(['compare', 'a', 'b', '--json']), {
      verb: 'compare',
      runs: ['a', 'b'],
      json: true,
    });
  });

  const refused: readonly (readonly [line: string, message: string])[] = [
    ['rum', 'rum is no command; did you mean run?'],
    ['frobnicate', 'frobnicate is no command: there are run, compare, judge, scenarios'],
    ['run --agents 0', 'cannot use --agents 0: it must be a whole number from 1 to 10000'],
    [
      'run --duration soon',
      'cannot use --duration soon: expected a duration such as 10s, 5m or a number of seconds, found "soon"',
    ],
    ['run --duration 5s', 'cannot use --duration 5s: it must be 10s at least'],
    ['run --crew 5', '--crew goes with --in-process only'],
    [
      'run --in-process --agent-program x.cjs',
      '--agent-program goes without --in-process only: there the agents are part of the soak',
    ],
    [
      'run --name-prefix a_b',
      'cannot use --name-prefix a_b: it must be letters, digits and dashes, 40 at most',
    ],
    ['run --metrics-port 0', 'cannot use --metrics-port 0: it must be a whole number from 1 to 65535'],
    ['run --target aws', 'cannot use --target aws: it must be simulator or azure'],
    ['run --target azure', '--target azure needs --max-messages N: every message is billed'],
    ['run --max-messages 5', '--max-messages goes with --target azure only'],
    ['compare a', 'compare takes two run directories, the earlier first'],
    ['judge', 'judge takes one run directory'],
    ['judge a b', 'judge takes one run directory'],
    ['crew x', 'crew takes nothing, not x'],
  ];
  for (const [line, message] of refused) {
    it(`refuses "${line}" and says what to type`, () => {
      assert.throws(
        () => parseCommandLine(line.split(' ')),
        (error: unknown) => error instanceof UsageError && error.message === message,
      );
    });
  }
});
