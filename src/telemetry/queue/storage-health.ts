import type { Clock } from '../../lib/clock.ts';
import { fullJitterMs } from '../../lib/backoff.ts';
import { describeError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { Random } from '../../lib/random.ts';

const retry = { initialMs: 1000, maximumMs: 60_000 };

/** Whether the disk can be written: a trouble is said once, with what to do, and so is its end. */
export class StorageHealth {
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Log;
  #failures = 0;
  #retryAtMs = 0;
  trouble: string | undefined;

  constructor(directory: string, clock: Clock, random: Random, log: Log) {
    this.#directory = directory;
    this.#clock = clock;
    this.#random = random;
    this.#log = log;
  }

  /** When the disk is to be tried again, on the monotonic clock; `undefined` while it works. */
  get retryAtMs(): number | undefined {
    return this.trouble === undefined ? undefined : this.#retryAtMs;
  }

  failed(error: unknown): void {
    this.#failures += 1;
    this.#retryAtMs = this.#clock.monotonic() + fullJitterMs(retry, this.#failures, this.#random);
    if (this.trouble !== undefined) return;
    this.trouble = describeError(error);
    this.#log.error(
      { directory: this.#directory, error: this.trouble },
      `cannot write the telemetry queue: ${this.trouble}; messages are kept in memory, where a restart loses them. ${remedy(error, this.#directory)}`,
    );
  }

  worked(): void {
    if (this.trouble === undefined) return;
    this.trouble = undefined;
    this.#failures = 0;
    this.#log.warn({ directory: this.#directory }, 'the telemetry queue is written to the disk again');
  }
}

/** The file system is full, or as full as it may become. */
export class DiskFullError extends Error {
  override readonly name = 'DiskFullError';
}

export function isDiskFull(error: unknown): boolean {
  return error instanceof DiskFullError || codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT';
}

export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

function remedy(error: unknown, directory: string): string {
  if (isDiskFull(error)) return `Free space on the file system of ${directory}; it is tried again by itself.`;
  if (codeOf(error) === 'EROFS')
    return `The file system of ${directory} is read-only: look at dmesg for errors of the card, then remount it; it is tried again by itself.`;
  return `Look at dmesg for errors of the disk under ${directory}; it is tried again by itself.`;
}
