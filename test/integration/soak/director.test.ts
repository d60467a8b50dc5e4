import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { SystemClock } from '../../../src/lib/clock.ts';
import { direct } from '../../../src/soak/director.ts';
import type { Outcome } from '../../../src/soak/director.ts';
import { faultKinds } from '../../../src/soak/faults/kinds.ts';
import { makeRunDirectory } from '../../../src/soak/run-directory.ts';
import { parseScenario } from '../../../src/soak/scenario/parse-scenario.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';
import { Scratch } from '../../support/scratch.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const fromSource = ['--import', import.meta.resolve('tsx')];
const clock = new SystemClock();

const text = `
name: short
agents: 4
hubs: 2
identities: { group: 50%, key: 25%, x509: 25%, proxied: 50% }
load: { messages_per_second: 20, bytes: 100, twin_every: 2s }
phases:
  - { name: steady, duration: 2s }
  - name: trouble
    duration: 5s
    faults:
      - { kind: cut, at: 0s, agents: 50% }
      - { kind: drop-connections, at: 1s, agents: 100% }
      - { kind: hub-restart, at: 2s, for: 1s }
calm: 20s
`;

describe('a run of the soak', () => {
  let scratch: Scratch;
  beforeEach(() => {
    scratch = new Scratch();
  });
  afterEach(() => scratch.clean());

  it('brings out every promise over all that goes wrong, and leaves its evidence and a verdict', async () => {
    const { outcome, directory } = await run(scratch, new AbortController().signal);
    const { evidence, verdict } = outcome;
    assert.deepEqual(
      evidence.phases.map(({ name }) => name),
      ['start', 'steady', 'trouble', 'calm'],
    );
    assert.deepEqual(
      evidence.faults.map(({ kind, unavailable, failed }) => [kind, unavailable, failed]),
      [
        ['cut', undefined, undefined],
        ['drop-connections', undefined, undefined],
        ['hub-restart', undefined, undefined],
      ],
    );
    const entries = Object.values(evidence.ledger);
    assert.deepEqual(
      entries.map(({ missing, contradictions }) => [missing, contradictions]),
      [0, 1, 2, 3].map(() => [0, []]),
    );
    assert.ok(entries.every(({ promised, delivered }) => promised > 50 && delivered === promised));
    assert.ok(evidence.sessions.length >= 8, 'everybody had a session, and another after the trouble');
    assert.ok(evidence.registrations.length >= 4);
    assert.ok(evidence.processes.length > 0);
    assert.ok(evidence.twins.some(({ acknowledgedMs }) => acknowledgedMs !== undefined));
    assert.deepEqual(
      verdict.invariants.filter(({ outcome: each }) => each === 'broken').map(({ detail }) => detail),
      [],
    );
    const result = JSON.parse(await readFile(join(directory, 'result.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    assert.equal(result['ok'], verdict.ok);
    assert.equal(await readFile(join(directory, 'scenario.yaml'), 'utf8'), text);
  });

  it('ends in order when it is interrupted, and judges what there is', async () => {
    const interruption = new AbortController();
    const begun = clock.monotonic();
    const { outcome } = await run(scratch, interruption.signal, () => {
      interruption.abort(new Error('interrupted'));
    });
    assert.deepEqual(
      outcome.evidence.phases.map(({ name }) => name),
      ['start', 'calm'],
    );
    // Twenty seconds for the agents to come home, and what a busy machine takes to start and to stop them.
    assert.ok(clock.monotonic() - begun < 60_000);
    assert.ok(outcome.evidence.ends.every(({ wanted }) => wanted));
  });
});

async function run(
  scratch: Scratch,
  signal: AbortSignal,
  begin: () => void = () => undefined,
): Promise<{ outcome: Outcome; directory: string }> {
  const scenario = parseScenario(text, 'short.yaml', faultKinds);
  const out = join(await scratch.folder(), 'run');
  const directory = await makeRunDirectory({ out, scenario: 'short', seed: 1, now: clock.now() });
  const outcome = await direct(
    {
      loaded: { scenario, text },
      durationMs: 7000,
      host: 'in-process',
      agentsPerProcess: 2,
      namePrefix: 'north',
      azure: undefined,
      maxMessages: undefined,
      kinds: faultKinds,
      directory,
      programs: {
        node: process.execPath,
        agent: [...fromSource, join(root, 'src', 'main.ts')],
        soak: [...fromSource, join(root, 'src', 'soak', 'main.ts')],
      },
      facts: { version: '0', nodeVersion: process.version, machine: 'a test' },
      clock,
      log: new RecordingLog(),
      progress: { begin, end: () => undefined },
    },
    signal,
  );
  return { outcome, directory: directory.path };
}
