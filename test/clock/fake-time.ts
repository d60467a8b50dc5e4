import { readdirSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Scratch } from '../support/scratch.ts';

/** A process's own wall clock, by Debian's faketime; its monotonic clock and everyone else's clocks are the true ones. */
export class FakeTime {
  readonly #file: string;

  private constructor(file: string) {
    this.#file = file;
  }

  /** @param offsetMs how far the process's clock is ahead of the true time; negative is behind */
  static async start(scratch: Scratch, offsetMs: number): Promise<FakeTime> {
    const time = new FakeTime(join(await scratch.folder(), 'offset'));
    await time.set(offsetMs);
    return time;
  }

  /** What a process must have in its environment to live by this clock. */
  get environment(): Readonly<Record<string, string>> {
    return {
      LD_PRELOAD: library(),
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
  }

  /** Sets the process's clock, at once. */
  async set(offsetMs: number): Promise<void> {
    const seconds = (offsetMs / 1000).toFixed(3);
    // Written beside and renamed: a process that reads half an offset would be anywhere in time.
    await writeFile(`${this.#file}.new`, offsetMs < 0 ? `${seconds}\n` : `+${seconds}\n`);
    await rename(`${this.#file}.new`, this.#file);
  }
}

function library(): string {
  const candidates = readdirSync('/usr/lib').map((folder) => join('/usr/lib', folder, 'faketime'));
  for (const folder of candidates) {
    const name = namesIn(folder).find((file) => file.startsWith('libfaketimeMT.so'));
    if (name !== undefined) return join(folder, name);
  }
  throw new Error('cannot find libfaketimeMT.so below /usr/lib: apt-get install faketime');
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
