import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { CloudError } from '../../../src/cloud-error.ts';
import { ClockWatch } from '../../../src/clock-sync/clock-watch.ts';
import type { WrittenFile } from '../../../src/clock-sync/newest-file.ts';
import type { SyncReport } from '../../../src/clock-sync/sync-probe.ts';
import { untilAborted } from '../../../src/lib/deadline.ts';
import { FakeClock, settle } from '../../fakes/fake-clock.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';

const dayMs = 86_400_000;
const builtAt = new Date('2025-12-01T00:00:00Z');

describe('watching the clock', () => {
  it('does not wait where it is synchronised', async (t) => {
    const { watch, log } = await started(t, { answer: 'synchronised' });
    assert.equal(watch.condition.state, 'good');
    assert.deepEqual(log.messages('info'), ['the clock is good: it is synchronised, by the test']);
  });

  it('does not wait where nobody can say, and says so', async (t) => {
    const { watch, log, machine } = await started(t, { answer: 'unknown' });
    assert.equal(watch.condition.state, 'unknown');
    assert.match(log.messages('info').join(), /the clock is taken as right: nobody can say/);
    assert.equal(machine.measured, 0);
  });

  it('waits for a synchronisation, and goes on as soon as timesyncd touches its flag', async (t) => {
    const { watch, clock, machine, stop } = await started(t, { answer: 'unsynchronised' });
    assert.equal(watch.condition.state, 'waiting');
    const settled = watch.settled(stop.signal);
    await clock.advance(2000);
    machine.answer = 'synchronised';
    machine.touchedMs = 1;
    await clock.advance(1000);
    assert.equal((await settled).state, 'good');
  });

  it('waits no longer than it was told, then goes on as suspect', async (t) => {
    const { watch, clock, log, stop } = await started(t, { answer: 'unsynchronised' });
    const settled = watch.settled(stop.signal);
    await clock.advance(59_999);
    assert.equal(watch.condition.state, 'waiting');
    await clock.advance(1);
    const { state, sinceMs } = await settled;
    assert.deepEqual([state, sinceMs], ['suspect', 60_000]);
    assert.match(log.messages('warn').join(), /^the clock is suspect: it is not synchronised, by the test; /);
  });

  it('does not wait at all when it was told so', async (t) => {
    const { watch } = await started(t, { answer: 'unsynchronised' }, 0);
    assert.equal(watch.condition.state, 'suspect');
  });

  it('says once that it is suspect, and once that it is over', async (t) => {
    const { watch, clock, log, machine } = await started(t, { answer: 'unsynchronised' }, 0);
    await clock.advance(600_000);
    machine.answer = 'synchronised';
    await clock.advance(60_000);
    assert.equal(watch.condition.state, 'good');
    const lines = log.lines.filter(({ fields }) => 'clock' in fields).map(({ message }) => message);
    assert.equal(lines.length, 2);
    assert.match(lines[1] ?? '', /^the clock is no longer suspect, after 11 min: it is synchronised/);
  });

  it('takes the year 1970 for wrong whoever says otherwise, and its correction for the end of that', async (t) => {
    const clock = new FakeClock(new Date('1970-01-01T00:00:10Z'));
    const { watch, log } = await started(t, { answer: 'unknown' }, 60_000, clock);
    assert.equal(watch.condition.state, 'waiting');
    await clock.advance(5000);
    clock.stepWallClock(new Date('2026-01-01T00:00:00Z').getTime());
    await clock.advance(1000);
    assert.equal(watch.condition.state, 'unknown');
    assert.match(log.messages('warn').join(), /the clock was set ahead by 20454 d, or the machine slept/);
  });

  it('is suspect before the newest file', async (t) => {
    const newest = { path: '/etc/config.yaml', writtenAt: new Date('2026-02-01T00:00:00Z') };
    const { watch } = await started(t, { answer: 'unknown', newest }, 0);
    assert.equal(watch.condition.state, 'suspect');
    assert.match(watch.condition.reason, /config\.yaml was written on/);
  });

  it('is not made suspect by hours without a time server: a good clock drifts slowly', async (t) => {
    const { watch, clock, machine } = await started(t, { answer: 'synchronised' });
    machine.answer = 'unsynchronised';
    await clock.advance(dayMs / 24);
    assert.equal(watch.condition.state, 'good');
  });

  for (const [direction, stepMs] of [
    ['ahead', dayMs],
    ['back', -dayMs],
  ] as const) {
    it(`notices a good clock that is set ${direction}, and asks anew`, async (t) => {
      const { watch, clock, log, machine } = await started(t, { answer: 'synchronised' });
      machine.answer = 'unsynchronised';
      machine.offsetMs = -stepMs;
      clock.stepWallClock(stepMs);
      await clock.advance(5000);
      assert.equal(watch.condition.state, 'suspect');
      assert.equal(watch.condition.offsetMs, -stepMs);
      assert.ok(
        log.messages('warn').includes(`the clock was set ${direction} by 24 h, or the machine slept`),
      );

      machine.offsetMs = 0;
      clock.stepWallClock(-stepMs);
      await clock.advance(1000);
      assert.equal(watch.condition.state, 'good');
    });
  }

  it('is not suspect after a step that ended with a synchronisation', async (t) => {
    const { watch, clock, machine } = await started(t, { answer: 'synchronised' });
    clock.stepWallClock(dayMs);
    await clock.advance(5000);
    assert.equal(watch.condition.state, 'good');
    assert.equal(machine.measured, 0);
  });

  it('measures a step where nobody can say, and believes the measure', async (t) => {
    const { watch, clock, machine } = await started(t, { answer: 'unknown' });
    machine.offsetMs = -dayMs;
    clock.stepWallClock(dayMs);
    await clock.advance(5000);
    assert.equal(watch.condition.state, 'suspect');
    assert.equal(machine.measured, 1);
  });

  it('does not wait where the clock agrees with DPS’s host, synchronised or not', async (t) => {
    const { watch } = await started(t, { answer: 'unsynchronised', offsetMs: 900 });
    assert.equal(watch.condition.state, 'good');
    assert.match(watch.condition.reason, /agrees with the date that DPS’s host gives to 1 s/);
  });

  it('says by how much the clock is wrong, once, and measures seldom', async (t) => {
    const { watch, clock, log, machine } = await started(
      t,
      { answer: 'unsynchronised', offsetMs: 3 * dayMs },
      0,
    );
    await clock.advance(3_600_000);
    const said = log.messages('warn').filter((message) => message.includes('not for this program'));
    assert.deepEqual(said, ['the clock is 3 d behind; it is not for this program to set it']);
    assert.ok(machine.measured <= 5, `${machine.measured} measurements in an hour`);
    assert.equal(watch.condition.offsetMs, 3 * dayMs);
  });

  it('tries a measurement that cannot be had no more than once a minute', async (t) => {
    const { clock, machine } = await started(t, { answer: 'unsynchronised' }, 0);
    await clock.advance(600_000);
    assert.ok(machine.measured <= 11, `${machine.measured} measurements in ten minutes`);
  });

  it('does not let a measurement that hangs prolong the wait', async (t) => {
    const { watch, clock } = await started(t, { answer: 'unsynchronised', hangs: true });
    await clock.advance(59_999);
    assert.equal(watch.condition.state, 'waiting');
    await clock.advance(1);
    assert.equal(watch.condition.state, 'suspect');
  });

  it('sees the clock synchronised while a measurement hangs', async (t) => {
    const { watch, clock, machine } = await started(t, { answer: 'unsynchronised', hangs: true });
    machine.answer = 'synchronised';
    machine.touchedMs = 1;
    await clock.advance(1000);
    assert.equal(watch.condition.state, 'good');
  });

  it('forgets a measurement that a step has spoiled', async (t) => {
    const { watch, clock, machine } = await started(t, { answer: 'unsynchronised', offsetMs: dayMs }, 0);
    assert.equal(watch.condition.offsetMs, dayMs);
    machine.offsetMs = undefined;
    clock.stepWallClock(dayMs);
    await clock.advance(1000);
    assert.equal(watch.condition.offsetMs, undefined);
    assert.equal(watch.condition.state, 'suspect');
  });

  it('tells a change to whoever waits for it', async (t) => {
    const { watch, clock, machine, stop } = await started(t, { answer: 'unsynchronised' }, 0);
    const changed = watch.changed(stop.signal);
    machine.answer = 'synchronised';
    await clock.advance(60_000);
    assert.equal((await changed).state, 'good');
    assert.equal((await watch.settled(stop.signal)).state, 'good');
  });

  it('ends the wait of an attempt that failed by the wrong clock when it is corrected', async (t) => {
    const { watch, clock, machine, stop } = await started(t, { answer: 'unsynchronised' }, 0);
    const refused = new CloudError('DPS-401', 'register with DPS');
    const attempt = watch.begin();
    assert.equal(attempt.temper(refused).kind, 'transient');
    const corrected = attempt.corrected(refused, stop.signal);
    machine.answer = 'synchronised';
    await clock.advance(60_000);
    await corrected;
    assert.equal(watch.begin().temper(refused).kind, 'rejected');
  });

  it('ends it for a clock that nobody doubted, too, when that is set', async (t) => {
    const { watch, clock, stop } = await started(t, { answer: 'unknown' });
    const corrected = watch.begin().corrected(new CloudError('DPS-401', 'register with DPS'), stop.signal);
    clock.stepWallClock(dayMs / 4);
    await clock.advance(5000);
    await corrected;
    assert.equal(watch.condition.state, 'unknown');
  });

  it('ends when the agent stops, and so do those who wait', async (t) => {
    const { watch, stop, running } = await started(t, { answer: 'unsynchronised' });
    const rejected = assert.rejects(watch.settled(stop.signal), /stopping/);
    stop.abort(new Error('stopping'));
    await rejected;
    await running;
  });
});

function measured({ offsetMs }: Machine): Promise<number | undefined> {
  return Promise.resolve(offsetMs);
}

/** A machine whose every answer the test may change. */
interface Machine {
  answer: SyncReport['answer'];
  touchedMs?: number | undefined;
  offsetMs?: number | undefined;
  newest?: WrittenFile | undefined;
  /** The measurement never ends by itself. */
  hangs?: boolean;
  measured: number;
}

interface Started {
  readonly watch: ClockWatch;
  readonly clock: FakeClock;
  readonly log: RecordingLog;
  readonly machine: Machine;
  readonly stop: AbortController;
  readonly running: Promise<void>;
}

async function started(
  t: TestContext,
  given: Omit<Machine, 'measured'>,
  waitForSyncMs = 60_000,
  clock = new FakeClock(),
): Promise<Started> {
  const machine: Machine = { ...given, measured: 0 };
  const log = new RecordingLog();
  const watch = new ClockWatch({
    waitForSyncMs,
    probe: {
      ask: () => Promise.resolve({ answer: machine.answer, source: 'by the test' }),
      flagTouchedMs: () => Promise.resolve(machine.touchedMs),
    },
    measureOffset: (signal) => {
      machine.measured += 1;
      return untilAborted(machine.hangs === true ? new Promise(() => undefined) : measured(machine), signal);
    },
    newestFile: () => Promise.resolve(machine.newest),
    builtAt,
    clock,
    log,
  });
  const stop = new AbortController();
  const running = watch.run(stop.signal);
  t.after(async () => {
    stop.abort(new Error('stopping'));
    await running;
  });
  await settle();
  return { watch, clock, log, machine, stop, running };
}
