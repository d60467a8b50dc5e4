import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { InputService } from '../../../src/telemetry/input-service.ts';
import type {
  InputServiceOptions,
  InputStatus,
  InputSettings,
} from '../../../src/telemetry/input-service.ts';
import type { HandOver, Input } from '../../../src/telemetry/inputs/input.ts';
import { Fate } from '../../../src/telemetry/intake/fate.ts';
import type { Place } from '../../../src/telemetry/queue/telemetry-queue.ts';
import type { Reading } from '../../../src/telemetry/reading.ts';
import { Bell } from '../../../src/lib/bell.ts';
import { FakeClock, settle } from '../../fakes/fake-clock.ts';
import { RecordingLog } from '../../fakes/recording-log.ts';
import { tracesAt } from '../../fakes/traces.ts';

/** As a busy machine's. */
class LateClock extends FakeClock {
  override sleep(ms: number, signal: AbortSignal): Promise<void> {
    return super.sleep(ms + 40, signal);
  }
}

/** An input that says how often it was read, as long as the test lets it. */
class CountingInput implements Input {
  readonly name = 'probe';
  readonly readAt: number[] = [];
  onRead: (signal: AbortSignal) => Promise<void> = () => Promise.resolve();
  readonly intervalMs = 10_000;
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  async read(handOver: HandOver, signal: AbortSignal): Promise<void> {
    this.readAt.push(this.#clock.monotonic());
    const count = this.readAt.length;
    await this.onRead(signal);
    await handOver([{ values: { count } }]);
  }
}

/** An input that speaks when the test wants it to. */
class SpeakingInput implements Input {
  readonly name = 'probe';
  readonly intervalMs = undefined;
  readonly calledAt: number[] = [];
  speak: (...readings: Reading[]) => Promise<void> = () => Promise.resolve();
  listen: () => Promise<void> = () => Promise.resolve();
  breakOff: (error?: Error) => void = () => undefined;
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  read(handOver: HandOver, signal: AbortSignal): Promise<void> {
    this.calledAt.push(this.#clock.monotonic());
    this.speak = (...readings) => handOver(readings.length === 0 ? [{ values: {} }] : readings);
    this.listen = () => handOver([]);
    return new Promise((resolve, reject) => {
      this.breakOff = (error) => {
        if (error === undefined) resolve();
        else reject(error);
      };
      signal.addEventListener('abort', () => {
        resolve();
      });
    });
  }
}

/** What an operator has asked for. */
class Steering {
  readonly changed = new Bell();
  enabled = true;
  #intervalMs: number | undefined;

  settingsOf({ intervalMs }: Input): InputSettings {
    return { enabled: this.enabled, intervalMs: this.#intervalMs ?? intervalMs };
  }

  set(intervalMs: number | undefined): void {
    this.#intervalMs = intervalMs;
    this.changed.ring();
  }

  switch(enabled: boolean): void {
    this.enabled = enabled;
    this.changed.ring();
  }
}

describe('InputService', () => {
  let clock: FakeClock;
  let input: CountingInput;
  let steering: Steering;
  let log: RecordingLog;
  let stop: AbortController;
  let running: Promise<void>;
  let taken: Reading[];
  let fates: Fate[];
  let onReady: () => Promise<void>;
  let waitsForDisk: boolean;
  let chance: number;

  beforeEach(() => {
    clock = new FakeClock();
    input = new CountingInput(clock);
    steering = new Steering();
    log = new RecordingLog();
    stop = new AbortController();
    running = Promise.resolve();
    taken = [];
    fates = [];
    onReady = () => Promise.resolve();
    waitsForDisk = false;
    chance = 0;
  });

  afterEach(async () => {
    stop.abort();
    await running.catch(() => undefined);
  });

  function make(changes: Partial<InputServiceOptions> = {}): InputService {
    const intake = {
      take: (readings: readonly Reading[]) => {
        taken.push(...readings);
        return fates;
      },
      ready: () => onReady(),
    };
    return new InputService({
      ...{ input, onError: 'retry', intake, waitsForDisk: () => waitsForDisk, changed: steering.changed },
      settings: () => steering.settingsOf(changes.input ?? input),
      ...{ clock, random: () => chance, log },
      ...changes,
    });
  }

  function start(changes: Partial<InputServiceOptions> = {}): InputService {
    const service = make(changes);
    running = service.run(stop.signal);
    return service;
  }

  function said(): string[] {
    return log.lines
      .filter(({ level }) => level !== 'debug')
      .map(({ level, message }) => `${level}: ${message}`);
  }

  it('is named for its input', () => {
    assert.equal(make().name, 'input probe');
  });

  it('hands on what the input says', async () => {
    start();
    await clock.advance(20_000);
    assert.deepEqual(taken, [{ values: { count: 1 } }, { values: { count: 2 } }, { values: { count: 3 } }]);
  });

  describe('when it should have turned', () => {
    it('is at the end of its interval, whatever that becomes', async () => {
      const service = start();
      await clock.advance(1000);
      assert.equal(service.dueMs, 10_000);
      steering.set(60_000);
      await clock.advance(0);
      assert.equal(service.dueMs, 60_000);
    });

    it('is ten minutes after a reading that hangs began', async () => {
      input.onRead = (signal) => clock.sleep(Infinity, signal);
      const service = start();
      await clock.advance(3_600_000);
      assert.equal(service.dueMs, 600_000);
    });

    it('is ten minutes after the timeout that the input has itself', async () => {
      const slow = Object.assign(input, { timeoutMs: 3_600_000 });
      slow.onRead = (signal) => clock.sleep(Infinity, signal);
      const service = start({ input: slow });
      await clock.advance(0);
      assert.equal(service.dueMs, 4_200_000);
    });

    it('is never while it is switched off, or speaks by itself', async () => {
      steering.enabled = false;
      const [off, speaking] = [start(), make({ input: new SpeakingInput(clock) })];
      await clock.advance(1000);
      assert.deepEqual([off.dueMs, speaking.dueMs], [undefined, undefined]);
    });
  });

  describe('its pace', () => {
    it('begins at once and keeps to its interval', async () => {
      start();
      await clock.advance(35_000);
      assert.deepEqual(input.readAt, [0, 10_000, 20_000, 30_000]);
    });

    it('is kept by an input of which only a part can be read', async () => {
      const partial: Input = {
        name: 'probe',
        intervalMs: 10_000,
        read: async (handOver) => {
          input.readAt.push(clock.monotonic());
          await handOver([{ values: { a: 1 } }]);
          throw new Error('b is gone');
        },
      };
      const service = start({ input: partial });
      await clock.advance(35_000);
      assert.deepEqual(input.readAt, [0, 10_000, 20_000, 30_000]);
      assert.deepEqual([service.status.state, service.status.failures], ['failing', 4]);
    });

    it('does not drift by the time that reading takes', async () => {
      const { signal } = stop;
      input.onRead = () => clock.sleep(300, signal);
      start();
      await clock.advance(50_000);
      assert.deepEqual(input.readAt, [0, 10_000, 20_000, 30_000, 40_000, 50_000]);
    });

    it('does not drift by what timers are late', async () => {
      clock = new LateClock();
      input = new CountingInput(clock);
      start();
      await clock.advance(51_000);
      assert.deepEqual(input.readAt, [0, 10_040, 20_040, 30_040, 40_040, 50_040]);
    });

    it('does not catch up on what it missed while it stood still', async () => {
      start();
      await settle();
      input.onRead = () => clock.sleep(65_000, stop.signal);
      await clock.advance(10_000);
      input.onRead = () => Promise.resolve();
      await clock.advance(90_000);
      assert.deepEqual(input.readAt, [0, 10_000, 75_000, 85_000, 95_000]);
    });

    it('takes no notice of a change of the wall clock', async () => {
      start();
      await clock.advance(5000);
      clock.stepWallClock(-86_400_000);
      await clock.advance(5000);
      clock.stepWallClock(2 * 86_400_000);
      await clock.advance(9999);
      assert.deepEqual(input.readAt, [0, 10_000]);
    });
  });

  describe('switched off', () => {
    it('is not read, says so, and is read at once when it is switched on again', async () => {
      steering.enabled = false;
      const service = start();
      await clock.advance(25_000);
      assert.deepEqual(input.readAt, []);
      assert.equal(service.status.state, 'off');
      steering.switch(true);
      await settle();
      assert.deepEqual(input.readAt, [25_000]);
      assert.equal(service.status.state, 'ok');
      await clock.advance(10_000);
      assert.deepEqual(input.readAt, [25_000, 35_000]);
    });

    it('ends a reading under way, which is no failure', async () => {
      let ended = false;
      input.onRead = (signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            ended = true;
            resolve();
          });
        });
      const service = start();
      await settle();
      steering.switch(false);
      await settle();
      assert.equal(ended, true);
      assert.equal(service.status.failures, 0);
      assert.deepEqual(clock.sleeping, []);
    });

    it('ends the wait for the next reading', async () => {
      start();
      await clock.advance(3000);
      steering.switch(false);
      await settle();
      assert.deepEqual(clock.sleeping, []);
    });
  });

  describe('a change of its interval', () => {
    it('is in force at once when it is shorter than the time that has passed', async () => {
      start();
      await clock.advance(6000);
      steering.set(4000);
      await settle();
      assert.deepEqual(input.readAt, [0, 6000]);
    });

    it('shortens the wait that has begun, counted from the last reading', async () => {
      start();
      await clock.advance(2000);
      steering.set(5000);
      await clock.advance(13_000);
      assert.deepEqual(input.readAt, [0, 5000, 10_000, 15_000]);
    });

    it('lengthens the wait that has begun, counted from the last reading', async () => {
      start();
      await clock.advance(2000);
      steering.set(30_000);
      await clock.advance(58_000);
      assert.deepEqual(input.readAt, [0, 30_000, 60_000]);
    });

    it('goes back to the configured interval when it is taken back', async () => {
      steering.set(30_000);
      start();
      await clock.advance(2000);
      steering.set(undefined);
      await clock.advance(18_000);
      assert.deepEqual(input.readAt, [0, 10_000, 20_000]);
    });

    it('is noticed when it comes in the middle of a reading', async () => {
      input.onRead = () => clock.sleep(1000, stop.signal);
      start();
      await clock.advance(500);
      steering.set(3000);
      await clock.advance(5500);
      assert.deepEqual(input.readAt, [0, 3000, 6000]);
    });

    it('is noticed by one that waits out a failure it ignores', async () => {
      input.onRead = () => Promise.reject(new Error('gone'));
      start({ onError: 'ignore' });
      await clock.advance(2000);
      steering.set(5000);
      await clock.advance(8000);
      assert.deepEqual(input.readAt, [0, 5000, 10_000]);
    });

    it('reads no more often for many of them', async () => {
      start();
      for (let change = 0; change < 50; change += 1) {
        steering.set(change % 2 === 0 ? 20_000 : undefined);
        await clock.advance(100);
      }
      await clock.advance(5000);
      assert.deepEqual(input.readAt, [0, 10_000]);
    });
  });

  describe('an input that fails', () => {
    it('is said once with its reason, and tried again at the latest when it is due', async () => {
      chance = 1;
      input.onRead = () => Promise.reject(new Error('the sensor is gone'));
      start();
      await clock.advance(34_000);
      assert.deepEqual(input.readAt, [0, 2000, 6000, 14_000, 24_000, 34_000]);
      assert.deepEqual(log.messages('warn'), ['cannot read the input: the sensor is gone']);
      assert.equal(log.lines[0]?.fields['input'], 'probe');
      assert.deepEqual(taken, []);
    });

    it('is tried no more often than once a second, or than its interval', async () => {
      input.onRead = () => Promise.reject(new Error('gone'));
      start();
      await clock.advance(3000);
      assert.deepEqual(input.readAt, [0, 1000, 2000, 3000]);
      steering.set(250);
      await clock.advance(2000);
      assert.deepEqual(input.readAt.slice(4), [4000, 4250, 4500, 4750, 5000]);
    });

    it('is said to be back once, and to fail again the next time', async () => {
      let isBroken = true;
      input.onRead = () => (isBroken ? Promise.reject(new Error('gone')) : Promise.resolve());
      start();
      await clock.advance(10_000);
      isBroken = false;
      await clock.advance(20_000);
      isBroken = true;
      await clock.advance(20_000);
      assert.deepEqual(said(), [
        'warn: cannot read the input: gone',
        'info: the input can be read again',
        'warn: cannot read the input: gone',
      ]);
    });

    it('starts over with its backoff once it could be read', async () => {
      chance = 1;
      input.onRead = () =>
        input.readAt.length === 4 ? Promise.resolve() : Promise.reject(new Error('gone'));
      start();
      await clock.advance(26_000);
      assert.deepEqual(input.readAt, [0, 2000, 6000, 14_000, 24_000, 26_000]);
    });

    it('is not well for handing over only a part', async () => {
      const half: Input = {
        name: 'probe',
        intervalMs: 10_000,
        read: async (handOver) => {
          await handOver([{ values: {} }]);
          throw new Error('the other half is missing');
        },
      };
      const service = start({ input: half });
      await clock.advance(60_000);
      assert.deepEqual(said(), ['warn: cannot read the input: the other half is missing']);
      assert.equal(service.status.state, 'failing');
      assert.ok(taken.length > 5);
    });

    it('waits for its next interval without a word where failures are ignored', async () => {
      input.onRead = () => Promise.reject(new Error('gone'));
      const service = start({ onError: 'ignore' });
      await clock.advance(20_000);
      input.onRead = () => Promise.resolve();
      await clock.advance(10_000);
      assert.deepEqual(input.readAt, [0, 10_000, 20_000, 30_000]);
      assert.deepEqual(said(), []);
      assert.equal(service.status.failures, 3);
    });

    it('ends the agent where it must not fail', async () => {
      const gone = new Error('gone');
      input.onRead = () => Promise.reject(gone);
      start({ onError: 'fail' });
      await assert.rejects(running, { message: 'cannot go on without the input probe', cause: gone });
    });
  });

  describe('an input that speaks by itself', () => {
    let speaking: SpeakingInput;

    beforeEach(() => {
      speaking = new SpeakingInput(clock);
      chance = 1;
    });

    it('is called once for as long as it speaks', async () => {
      start({ input: speaking });
      await settle();
      await speaking.speak({ values: { a: 1 } });
      await clock.advance(86_400_000);
      await speaking.speak({ values: { a: 2 } });
      assert.deepEqual(speaking.calledAt, [0]);
      assert.deepEqual(taken, [{ values: { a: 1 } }, { values: { a: 2 } }]);
      assert.deepEqual(said(), []);
    });

    it('is called again when it ends, or rejects, less and less often', async () => {
      start({ input: speaking });
      for (const error of [undefined, new Error('gone'), undefined, new Error('gone')]) {
        await settle();
        speaking.breakOff(error);
        await clock.advance(20_000);
      }
      assert.deepEqual(speaking.calledAt, [0, 2000, 24_000, 48_000, 76_000]);
      assert.deepEqual(said(), ['warn: cannot read the input: it has stopped speaking']);
    });

    it('is tried again after five minutes at the latest', async () => {
      start({ input: speaking });
      for (let failure = 0; failure < 20; failure += 1) {
        await settle();
        speaking.breakOff();
        await clock.advance(300_000);
      }
      assert.equal(speaking.calledAt.length, 21);
    });

    it('is well again once it has spoken for ten seconds, which is said once', async () => {
      const service = start({ input: speaking });
      await settle();
      speaking.breakOff(new Error('gone'));
      await clock.advance(2000);
      await speaking.speak();
      assert.equal(service.status.state, 'ok');
      assert.equal(said().length, 1);
      await clock.advance(10_000);
      await speaking.speak();
      await speaking.speak();
      assert.deepEqual(said().slice(1), ['info: the input can be read again']);
      speaking.breakOff(new Error('gone'));
      await clock.advance(2000);
      assert.deepEqual(speaking.calledAt, [0, 2000, 14_000], 'the backoff has started over');
    });

    it('is well again even if it has been silent since its first word', async () => {
      start({ input: speaking });
      await settle();
      speaking.breakOff(new Error('gone'));
      await clock.advance(2000);
      await speaking.speak();
      await clock.advance(60_000);
      speaking.breakOff(new Error('gone'));
      await clock.advance(2000);
      assert.deepEqual(speaking.calledAt, [0, 2000, 64_000]);
      assert.deepEqual(said(), [
        'warn: cannot read the input: gone',
        'info: the input can be read again',
        'warn: cannot read the input: gone',
      ]);
    });

    it('is well again once it has listened for ten seconds, though there was nothing to hear', async () => {
      const service = start({ input: speaking });
      await settle();
      speaking.breakOff(new Error('gone'));
      await clock.advance(2000);
      await speaking.listen();
      await clock.advance(9999);
      assert.equal(service.status.state, 'failing');
      await clock.advance(1);
      assert.deepEqual([service.status.state, service.status.readings], ['ok', 0]);
      assert.deepEqual(said().slice(1), ['info: the input can be read again']);
    });

    it('is not well for having listened for less than ten seconds, again and again', async () => {
      const service = start({ input: speaking });
      for (let time = 0; time < 5; time += 1) {
        await settle();
        await speaking.listen();
        await clock.advance(9000);
        speaking.breakOff(new Error('gone'));
        await clock.advance(300_000);
      }
      assert.equal(service.status.state, 'failing');
      assert.deepEqual(said(), ['warn: cannot read the input: gone']);
    });

    it('has begun when it has listened for ten seconds', async () => {
      const service = start({ input: speaking });
      await settle();
      await speaking.listen();
      assert.equal(service.status.state, 'starting');
      await clock.advance(10_000);
      assert.equal(service.status.state, 'ok');
    });

    it('floods neither the log nor the machine by a word at a time', async () => {
      start({ input: speaking });
      let words = 0;
      for (let second = 0; second < 3600; second += 1) {
        await settle();
        if (speaking.calledAt.length > words) {
          words += 1;
          await speaking.speak();
          speaking.breakOff();
        }
        await clock.advance(1000);
      }
      assert.deepEqual(said(), ['warn: cannot read the input: it has stopped speaking']);
      assert.ok(words < 30, `${words} calls in an hour`);
      assert.equal(taken.length, words);
    });

    it('ends the agent where it must not fail', async () => {
      start({ input: speaking, onError: 'fail' });
      await settle();
      speaking.breakOff();
      await assert.rejects(running, { message: 'cannot go on without the input probe' });
    });
  });

  describe('handing over', () => {
    it('waits until the queue takes more', async () => {
      onReady = () => clock.sleep(25_000, stop.signal);
      start();
      await clock.advance(24_999);
      assert.equal(taken.length, 1);
      await clock.advance(1);
      assert.equal(taken.length, 2);
    });

    it('waits for the disk where that is asked for, and not for what is still gathering', async () => {
      waitsForDisk = true;
      let arrive: (place: Place) => void = () => undefined;
      const safe = new Promise<Place>((resolve) => {
        arrive = resolve;
      });
      const [offered, gathering] = [new Fate(), new Fate()];
      offered.offered({ accepted: true, messageId: 'm1', sequence: 1, safe });
      fates = [offered, gathering];
      const speaking = new SpeakingInput(clock);
      start({ input: speaking });
      await settle();
      let isOver = false;
      const speech = speaking.speak().then(() => {
        isOver = true;
      });
      await settle();
      assert.equal(isOver, false);
      arrive('disk');
      await speech;
    });

    it('is cut short by a stop', async () => {
      waitsForDisk = true;
      const fate = new Fate();
      fate.offered({ accepted: true, messageId: 'm1', sequence: 1, safe: new Promise(() => undefined) });
      fates = [fate];
      start();
      await settle();
      stop.abort();
      await running;
    });
  });

  describe('its status', () => {
    function status(changes: Partial<InputStatus>): InputStatus {
      return {
        ...{ name: 'probe', state: 'starting', lastReadingAt: undefined, readings: 0, failures: 0 },
        error: undefined,
        ...changes,
      };
    }

    it('says how it is, since when, and why it fails', async () => {
      let isBroken = false;
      input.onRead = () => (isBroken ? Promise.reject(new Error('gone')) : Promise.resolve());
      const service = start();
      assert.deepEqual(service.status, status({}));
      await clock.advance(10_000);
      const well = status({ state: 'ok', readings: 2, lastReadingAt: '2026-01-01T00:00:10.000Z' });
      assert.deepEqual(service.status, well);
      isBroken = true;
      await clock.advance(10_000);
      assert.deepEqual(service.status, { ...well, state: 'failing', failures: 1, error: 'gone' });
      isBroken = false;
      await clock.advance(1000);
      assert.deepEqual([service.status.state, service.status.error], ['ok', undefined]);
    });

    it('is well where there is nothing to be had', async () => {
      const service = start({ input: { name: 'probe', intervalMs: 1000, read: () => Promise.resolve() } });
      await settle();
      assert.deepEqual(service.status, status({ state: 'ok' }));
    });
  });

  describe('its end', () => {
    it('comes at once while it waits, and leaves no timer and no waiter', async () => {
      start();
      await clock.advance(1000);
      stop.abort();
      await running;
      assert.deepEqual(clock.sleeping, []);
    });

    it('comes at once while it waits to try again', async () => {
      input.onRead = () => Promise.reject(new Error('gone'));
      start();
      await settle();
      stop.abort();
      await running;
      assert.deepEqual(clock.sleeping, []);
    });

    it('reads nothing when it is stopped before it begins', async () => {
      stop.abort();
      start();
      await running;
      assert.deepEqual(input.readAt, []);
    });

    it('says nothing of a reading that it interrupts', async () => {
      input.onRead = (signal) => clock.sleep(5000, signal);
      start();
      await settle();
      stop.abort();
      await running;
      assert.deepEqual([log.lines, taken], [[], []]);
    });

    it('leaves nothing at its signal, however often it has waited', async () => {
      start();
      await clock.advance(100_000);
      assert.ok(tracesAt(stop.signal) <= 1, `${tracesAt(stop.signal)} traces`);
      stop.abort();
      await running;
      assert.equal(tracesAt(stop.signal), 0);
    });
  });
});
