import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Bell } from '../../../src/lib/bell.ts';
import type { Notice } from '../../../src/supervision/notifier.ts';
import type { Pulse } from '../../../src/supervision/pulse.ts';
import { Supervised } from '../../../src/supervision/supervised.ts';
import { FakeClock, settle } from '../../fakes/fake-clock.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';

const minute = 60_000;

class Rig {
  readonly clock = new FakeClock();
  readonly log = new RecordingLog();
  readonly changed = new Bell();
  readonly notices: Notice[] = [];
  pulses: Pulse[] = [];
  status = 'connecting';
  cross: () => Promise<unknown> = () => Promise.resolve();
  readonly #stop = new AbortController();
  readonly #supervised = new Supervised({
    notifier: { watchdogMs: minute, tell: (notice) => this.notices.push(notice) },
    pulses: () => this.pulses,
    crossThreadPool: () => this.cross(),
    statusLine: () => this.status,
    changed: this.changed,
    stopDeadlineMs: 4500,
    clock: this.clock,
    log: this.log,
  });

  /** Runs what follows with the service running, then stops it. */
  async run(work: () => Promise<void>): Promise<void> {
    const running = this.#supervised.run(this.#stop.signal);
    await settle();
    await work();
    this.#stop.abort(new Error('the test ends'));
    await running;
  }

  get signsOfLife(): number {
    return this.notices.filter((notice) => 'WATCHDOG' in notice).length;
  }
}

describe('Supervised', () => {
  it('tells systemd that it is ready, how it is, and that it stops', async () => {
    const rig = new Rig();
    await rig.run(async () => {
      rig.status = 'connected to hub';
      rig.changed.ring();
      await settle();
    });
    assert.deepEqual(rig.notices, [
      { READY: 1, STATUS: 'connecting' },
      { WATCHDOG: 1 },
      { STATUS: 'connected to hub' },
      { STOPPING: 1, STATUS: 'stopping', EXTEND_TIMEOUT_USEC: 9_000_000 },
    ]);
  });

  it('is not ready before the thread pool has turned', async () => {
    const rig = new Rig();
    rig.cross = () => new Promise(() => undefined);
    await rig.run(() => rig.clock.advance(5 * minute));
    assert.equal(rig.notices.filter((notice) => 'READY' in notice).length, 0);
  });

  it('is ready even if what crosses the thread pool finds nothing', async () => {
    const rig = new Rig();
    rig.cross = () => Promise.reject(new Error('no such file'));
    await rig.run(() => rig.clock.advance(minute));
    assert.equal(rig.signsOfLife, 4);
  });

  it('gives a sign of life three times in the time of the watchdog', async () => {
    const rig = new Rig();
    await rig.run(() => rig.clock.advance(10 * minute));
    assert.equal(rig.signsOfLife, 31);
  });

  it('gives none while a loop hangs, says so once, and goes on when it turns again', async () => {
    const rig = new Rig();
    rig.pulses = [{ name: 'telemetry queue', dueMs: minute }];
    await rig.run(async () => {
      await rig.clock.advance(3 * minute);
      const before = rig.signsOfLife;
      await rig.clock.advance(5 * minute);
      assert.equal(rig.signsOfLife, before);
      rig.pulses = [{ name: 'telemetry queue', dueMs: undefined }];
      await rig.clock.advance(minute);
      assert.equal(rig.signsOfLife, before + 3);
    });
    assert.deepEqual(
      rig.log.lines.map(({ level, message }) => `${level} ${message}`),
      [
        'error telemetry queue no longer turns: systemd is not told that all is well',
        'info everything turns again',
      ],
    );
  });

  it('forgives a loop that is late', async () => {
    const rig = new Rig();
    rig.pulses = [{ name: 'input cpu', dueMs: 0 }];
    await rig.run(() => rig.clock.advance(2 * minute - 1));
    assert.equal(rig.signsOfLife, 6);
  });
});
