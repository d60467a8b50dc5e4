import { BusyShare } from '../lib/busy-share.ts';
import type { Clock } from '../lib/clock.ts';
import type { ResourceReadings } from '../twin/reported/resources.ts';

/** What the agent itself uses of its machine. */
export interface UsageReport {
  /** Of one processor, over some seconds; 1 is one processor wholly busy. */
  readonly cpuShare: number;
  readonly rssBytes: number;
  readonly heapUsedBytes: number;
  /** How late the event loop was over the same seconds, at its 99th percentile. */
  readonly eventLoopDelayMs: number;
  /** File descriptors; `undefined` where they cannot be counted. */
  readonly openFiles: number | undefined;
  /** Timers that are set. */
  readonly timers: number;
}

/** A share over less than this says little, in milliseconds. */
const shortestMs = 5000;

/** Reads it for whoever asks: two who ask at once are told of the same seconds. */
export class UsageMeter {
  readonly #readings: Omit<ResourceReadings, 'diskFreeBytes'>;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #share: BusyShare;
  #readAtMs = -Infinity;
  #last = { cpuShare: 0, eventLoopDelayMs: 0 };

  constructor(readings: Omit<ResourceReadings, 'diskFreeBytes'>, clock: Pick<Clock, 'monotonic'>) {
    this.#readings = readings;
    this.#clock = clock;
    this.#share = new BusyShare(
      () => readings.cpuMs(),
      () => clock.monotonic(),
    );
  }

  read(): UsageReport {
    const nowMs = this.#clock.monotonic();
    if (nowMs - this.#readAtMs >= shortestMs) {
      this.#last = { cpuShare: this.#share.next(), eventLoopDelayMs: this.#readings.eventLoopDelayMs() };
      this.#readAtMs = nowMs;
    }
    return {
      ...this.#last,
      ...this.#readings.memory(),
      openFiles: this.#readings.openFiles(),
      timers: this.#readings.timers(),
    };
  }
}
