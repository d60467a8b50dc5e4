import { BusyShare } from '../../lib/busy-share.ts';
import type { Clock } from '../../lib/clock.ts';
import { describeError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';

/** What the process and its machine can be asked. */
export interface ResourceReadings {
  /** Processor time of this process since its start, in milliseconds, all threads together. */
  cpuMs(): number;
  memory(): { readonly rssBytes: number; readonly heapUsedBytes: number };
  /** How late the event loop was, at its 99th percentile since the last time this was asked, in milliseconds. */
  eventLoopDelayMs(): number;
  /** What this process may still write to the file system of that path, in bytes. Rejects when that cannot be told. */
  diskFreeBytes(path: string): Promise<number>;
  /** File descriptors of this process; `undefined` where they cannot be counted. */
  openFiles(): number | undefined;
  /** Timers that are set, but for those that let the process end. */
  timers(): number;
}

export interface ResourceFigures {
  /** Of one processor, since the reading before; 1 is one processor wholly busy. */
  readonly cpuShare: number;
  readonly rssBytes: number;
  readonly heapUsedBytes: number;
  readonly eventLoopDelayMs: number;
  /** `undefined` where it cannot be told. */
  readonly diskFreeBytes: number | undefined;
}

/** Reads what the agent itself uses. Belongs to the agent, not to a session: shares are of the time between readings. */
export class ResourceWatch {
  readonly #readings: Omit<ResourceReadings, 'openFiles' | 'timers'>;
  readonly #path: string;
  readonly #log: Log;
  /** The first reading is of the time since this was made, which is about the start of the process. */
  readonly #cpuShare: BusyShare;
  #isDiskTrouble = false;

  /** @param path where the agent keeps its state */
  constructor(
    readings: Omit<ResourceReadings, 'openFiles' | 'timers'>,
    path: string,
    clock: Pick<Clock, 'monotonic'>,
    log: Log,
  ) {
    this.#readings = readings;
    this.#path = path;
    this.#log = log;
    this.#cpuShare = new BusyShare(
      () => readings.cpuMs(),
      () => clock.monotonic(),
    );
  }

  async read(): Promise<ResourceFigures> {
    const diskFreeBytes = await this.#diskFree();
    return {
      cpuShare: this.#cpuShare.next(),
      ...this.#readings.memory(),
      eventLoopDelayMs: this.#readings.eventLoopDelayMs(),
      diskFreeBytes,
    };
  }

  async #diskFree(): Promise<number | undefined> {
    try {
      const free = await this.#readings.diskFreeBytes(this.#path);
      if (this.#isDiskTrouble) this.#log.info(`the free space at ${this.#path} can be told again`);
      this.#isDiskTrouble = false;
      return free;
    } catch (error) {
      if (!this.#isDiskTrouble)
        this.#log.warn(`cannot tell the free space at ${this.#path}: ${describeError(error)}`);
      this.#isDiskTrouble = true;
      return undefined;
    }
  }
}
