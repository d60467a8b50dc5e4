import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { JsonObject } from '../../../src/lib/json.ts';
import { InputService } from '../../../src/telemetry/input-service.ts';
import type { IntervalSettings } from '../../../src/telemetry/input-service.ts';
import type { Input } from '../../../src/telemetry/inputs/input.ts';
import type { TelemetryMessage } from '../../../src/telemetry/message.ts';
import { MemoryQueue } from '../../../src/telemetry/queue/memory-queue.ts';
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
  readonly intervalMs = 10_000;
  readonly readAt: number[] = [];
  onRead: (signal: AbortSignal) => Promise<void> = () => Promise.resolve();
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  async read(signal: AbortSignal): Promise<JsonObject> {
    this.readAt.push(this.#clock.monotonic());
    const count = this.readAt.length;
    await this.onRead(signal);
    return { count };
  }
}

/** What an operator has asked for. */
class Intervals implements IntervalSettings {
  waiting = 0;
  #intervalMs: number | undefined;
  #wake: () => void = () => undefined;

  intervalMs(configuredMs: number): number {
    return this.#intervalMs ?? configuredMs;
  }

  async changed(signal: AbortSignal): Promise<void> {
    this.waiting += 1;
    try {
      await new Promise<void>((resolve, reject) => {
        signal.throwIfAborted();
        this.#wake = resolve;
        signal.addEventListener('abort', () => {
          reject(signal.reason as Error);
        });
      });
    } finally {
      this.waiting -= 1;
    }
  }

  set(intervalMs: number | undefined): void {
    this.#intervalMs = intervalMs;
    this.#wake();
  }
}

describe('InputService', () => {
  let clock: FakeClock;
  let input: CountingInput;
  let intervals: Intervals;
  let queue: MemoryQueue;
  let log: RecordingLog;
  let stop: AbortController;
  let running: Promise<void>;

  beforeEach(() => {
    clock = new FakeClock();
    input = new CountingInput(clock);
    intervals = new Intervals();
    log = new RecordingLog();
    queue = new MemoryQueue(1000, log);
    stop = new AbortController();
    running = Promise.resolve();
  });

  afterEach(async () => {
    stop.abort();
    await running;
  });

  function start(): void {
    running = new InputService(input, queue, intervals, clock, log).run(stop.signal);
  }

  async function takeMessage(): Promise<TelemetryMessage> {
    const entry = await queue.take(new AbortController().signal);
    assert.ok(entry);
    return entry.message;
  }

  it('is named for its input', () => {
    assert.equal(new InputService(input, queue, intervals, clock, log).name, 'input probe');
  });

  describe('what it queues', () => {
    it('is the reading as JSON, named for its input, at the time it was made', async () => {
      start();
      await settle();
      const { body, contentType, contentEncoding, properties, createdAt } = await takeMessage();
      assert.equal(body, '{"count":1}');
      assert.deepEqual([contentType, contentEncoding], ['application/json', 'utf-8']);
      assert.equal(properties['input'], 'probe');
      assert.equal(createdAt, '2026-01-01T00:00:00.000Z');
    });

    it('has an ID of its own each time', async () => {
      start();
      await clock.advance(20_000);
      const ids = [await takeMessage(), await takeMessage(), await takeMessage()].map(
        (each) => each.messageId,
      );
      assert.equal(new Set(ids).size, 3);
    });

    it('is numbered, so that a gap can be seen, and what was never read is no gap', async () => {
      start();
      await settle();
      input.onRead = () => Promise.reject(new Error('not now'));
      await clock.advance(10_000);
      input.onRead = () => Promise.resolve();
      await clock.advance(10_000);
      const numbers = [await takeMessage(), await takeMessage()].map(
        ({ properties }) => properties['sequence'],
      );
      assert.deepEqual(numbers, ['1', '2']);
    });
  });

  describe('its pace', () => {
    it('begins at once and keeps to its interval', async () => {
      start();
      await clock.advance(35_000);
      assert.deepEqual(input.readAt, [0, 10_000, 20_000, 30_000]);
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

  describe('a change of its interval', () => {
    it('is in force at once when it is shorter than the time that has passed', async () => {
      start();
      await clock.advance(6000);
      intervals.set(4000);
      await settle();
      assert.deepEqual(input.readAt, [0, 6000]);
    });

    it('shortens the wait that has begun, counted from the last reading', async () => {
      start();
      await clock.advance(2000);
      intervals.set(5000);
      await clock.advance(13_000);
      assert.deepEqual(input.readAt, [0, 5000, 10_000, 15_000]);
    });

    it('lengthens the wait that has begun, counted from the last reading', async () => {
      start();
      await clock.advance(2000);
      intervals.set(30_000);
      await clock.advance(58_000);
      assert.deepEqual(input.readAt, [0, 30_000, 60_000]);
    });

    it('goes back to the configured interval when it is taken back', async () => {
      intervals.set(30_000);
      start();
      await clock.advance(2000);
      intervals.set(undefined);
      await clock.advance(18_000);
      assert.deepEqual(input.readAt, [0, 10_000, 20_000]);
    });

    it('is noticed when it comes in the middle of a reading', async () => {
      input.onRead = () => clock.sleep(1000, stop.signal);
      start();
      await clock.advance(500);
      intervals.set(3000);
      await clock.advance(5500);
      assert.deepEqual(input.readAt, [0, 3000, 6000]);
    });

    it('reads no more often for many of them', async () => {
      start();
      for (let change = 0; change < 50; change += 1) {
        intervals.set(change % 2 === 0 ? 20_000 : undefined);
        await clock.advance(100);
      }
      await clock.advance(5000);
      assert.deepEqual(input.readAt, [0, 10_000]);
    });
  });

  describe('an input that fails', () => {
    it('is said once with its reason, and tried again at its interval', async () => {
      input.onRead = () => Promise.reject(new Error('the sensor is gone'));
      start();
      await clock.advance(30_000);
      assert.deepEqual(input.readAt, [0, 10_000, 20_000, 30_000]);
      assert.deepEqual(log.messages('warn'), ['cannot read the input: the sensor is gone']);
      assert.equal(log.lines[0]?.fields['input'], 'probe');
      assert.equal(queue.depth, 0);
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
      assert.deepEqual(
        log.lines.map(({ level, message }) => `${level}: ${message}`),
        [
          'warn: cannot read the input: gone',
          'info: the input can be read again',
          'warn: cannot read the input: gone',
        ],
      );
    });
  });

  describe('its end', () => {
    it('comes at once while it waits, and leaves no timer and no waiter', async () => {
      start();
      await clock.advance(1000);
      stop.abort();
      await running;
      assert.deepEqual([clock.sleeping, intervals.waiting], [[], 0]);
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
      assert.deepEqual([log.lines, queue.depth], [[], 0]);
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
