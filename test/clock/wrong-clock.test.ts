import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as pass } from 'node:timers/promises';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { Scratch } from '../support/scratch.ts';
import { dpsConnections, enrollWithKey, simulatorFor } from '../support/simulator.ts';
import { startAgentInTime } from './agent-in-time.ts';

const dayMs = 86_400_000;
const everySecond = 'telemetry: {inputs: [{name: system, type: system, interval: 1s}]}';
const suspectAtOnce = 'clock: {wait_for_sync: 0s}';
/** Longer than any of these tests: who waits for one of these has not noticed that the clock was set. */
const longWaits =
  'connection: {retry: {initial: 5m, maximum: 5m}, rejected_retry: {initial: 1h, maximum: 1h}}';
/** Of the correction, until the agent is connected. */
const soonMs = 15_000;

describe('a wrong clock at the start', () => {
  let scratch: Scratch;
  let simulator: Simulator;
  let attestation: Readonly<Record<string, string>>;

  beforeEach(async () => {
    scratch = new Scratch();
    simulator = await simulatorFor(scratch);
    attestation = enrollWithKey(simulator, 'gateway');
  });

  afterEach(() => scratch.clean());

  it('the year 1970, corrected while the agent waits for that: nothing was tried before, and it connects at once', async () => {
    const sections = [everySecond, longWaits];
    const { log, setClock } = await startAgentInTime({ scratch, simulator, attestation, sections }, to1970());
    await log.until(({ clock }) => clock === 'waiting');
    await pass(3000);
    assert.deepEqual(
      log.lines.filter(({ code }) => code !== undefined),
      [],
    );
    await setClock(0);
    await log.untilState('connected', soonMs);
    assert.equal(dpsConnections(simulator), 1);
    assert.equal(log.lines.filter(({ stepMs }) => stepMs !== undefined).length, 1);
  });

  it('the year 1970, corrected when the wait is over: the failure is laid to the clock, its correction ends the wait', async () => {
    const sections = [everySecond, longWaits, suspectAtOnce];
    const { log, setClock } = await startAgentInTime({ scratch, simulator, attestation, sections }, to1970());
    const failed = await log.untilCode('TLS-NOT-YET-VALID');
    assert.equal(failed['kind'], 'transient');
    assert.match(failed.msg, /while the clock is suspect \(it says 1970-01-01/);
    await setClock(0);
    await log.untilState('connected', soonMs);
    assert.equal(log.lines.filter(({ clock }) => clock === 'suspect').length, 1);
    assert.ok(log.lines.some(({ msg }) => msg.startsWith('the clock is no longer suspect')));
  });

  it('the year 1970, which the kernel takes for right: no clock is right that is before the program was built', async () => {
    const sections = [everySecond, longWaits, suspectAtOnce];
    const options = { scratch, simulator, attestation, sections };
    const { log } = await startAgentInTime(options, to1970(), true);
    const suspect = await log.until(({ clock }) => clock === 'suspect', soonMs);
    assert.match(suspect.msg, /it says 1970-01-01.*, and this program was built on 20/);
  });

  it('hours behind: the refused token is laid to the clock, its correction ends the wait', async () => {
    const sections = [everySecond, longWaits, suspectAtOnce];
    const { log, setClock } = await startAgentInTime(
      { scratch, simulator, attestation, sections },
      -5 * 3_600_000,
    );
    const refused = await log.until(({ code }) => typeof code === 'string' && code.startsWith('DPS-'));
    assert.equal(refused['kind'], 'transient');
    assert.match(refused.msg, /while the clock is suspect/);
    await setClock(0);
    await log.untilState('connected', soonMs);
  });
});

describe('the clock set while messages are in flight', { concurrency: true }, () => {
  for (const [direction, stepMs] of [
    ['a day ahead', dayMs],
    ['a day back', -dayMs],
    ['a year ahead', 365 * dayMs],
  ] as const) {
    it(`${direction}, and right again: nothing lost, no storm`, async (t) => {
      const scratch = new Scratch();
      t.after(() => scratch.clean());
      const simulator = await simulatorFor(scratch);
      const attestation = enrollWithKey(simulator, 'gateway');
      const { log, setClock } = await startAgentInTime(
        { scratch, simulator, attestation, sections: [everySecond] },
        0,
      );
      await arrived(simulator, 2);
      // Every message is in flight for 12 s now: whatever looks for old ones every 10 s finds some.
      simulator.faults.add({ kind: 'delay', ms: 12_000, service: 'hub' });
      await arrived(simulator, 5);
      for (const offsetMs of [stepMs, 0]) {
        const from = log.lines.length;
        await setClock(offsetMs);
        await log.until(({ stepMs: size }) => size !== undefined, 10_000, from);
        await pass(15_000);
      }
      await simulator.faults.clear();
      await arrived(simulator, Math.max(...numbers(simulator)) + 15);
      assertNoneMissing(numbers(simulator));
      const sessions = simulator.connections.history().filter(({ service }) => service === 'hub');
      t.diagnostic(
        `${sessions.length} sessions: ${sessions.map(({ reason }) => reason ?? 'open').join(', ')}`,
      );
      assert.equal(sessions.length, 1, 'the session has nothing to do with the wall clock');
      assert.equal(dpsConnections(simulator), 1);
    });
  }
});

/** From now to the first minute of 1970. */
function to1970(): number {
  return 10_000 - Date.now();
}

/** Resolves when the message with this number has arrived. */
async function arrived(simulator: Simulator, number: number): Promise<void> {
  await simulator.messages.waitFor(
    ({ applicationProperties }) => Number(applicationProperties['sequence']) >= number,
    AbortSignal.timeout(90_000),
  );
}

function numbers(simulator: Simulator): number[] {
  return simulator.messages
    .since()
    .map(({ applicationProperties }) => Number(applicationProperties['sequence']));
}

function assertNoneMissing(arrivedNumbers: readonly number[]): void {
  const seen = new Set(arrivedNumbers);
  const last = Math.max(...seen);
  const missing = Array.from({ length: last }, (_, index) => index + 1).filter((number) => !seen.has(number));
  assert.deepEqual(missing, [], `missing of 1 to ${last}`);
}
