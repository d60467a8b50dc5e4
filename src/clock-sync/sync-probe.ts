import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import { withDeadline } from '../lib/deadline.ts';
import { describeError } from '../lib/errors.ts';
import type { RunProgram } from './run-program.ts';

/** Whether something keeps this machine's clock right, and who says so. */
export interface SyncReport {
  readonly answer: 'synchronised' | 'unsynchronised' | 'unknown';
  /** The end of a sentence that begins with the answer, such as `by the kernel`. */
  readonly source: string;
}

export interface SyncProbeOptions {
  readonly run: RunProgram;
  /** Where `run` is. */
  readonly root: string;
  readonly clock: Clock;
}

const question = ['show', '--property=NTPSynchronized', '--value'];

/** timedatectl has systemd start timedated, which on a busy board takes its time; in milliseconds. */
const answerWithinMs = 5000;

/**
 * Asks the machine whether its clock is synchronised. The kernel knows (STA_UNSYNC), whoever keeps the time, and forgets
 * it when the clock is set by hand; but it says so only to a system call that Node does not have, and in no file of
 * /proc or /sys. So timedatectl is asked, which makes that call, and where there is none the flag of
 * systemd-timesyncd.
 */
export class SyncProbe {
  readonly #options: SyncProbeOptions;
  readonly #folder: string;

  constructor(options: SyncProbeOptions) {
    this.#options = options;
    this.#folder = join(options.root, 'run/systemd/timesync');
  }

  /** Rejects only with the signal's reason; whatever else goes wrong makes the answer `unknown`. */
  async ask(signal: AbortSignal): Promise<SyncReport> {
    const told = await this.#askTimedatectl(signal);
    return told.answer === 'unknown' ? await this.#readFlag(told) : told;
  }

  /** When systemd-timesyncd last synchronised the clock, in milliseconds since 1970; only a change of it means anything. */
  flagTouchedMs(): Promise<number | undefined> {
    return modifiedMs(join(this.#folder, 'synchronized'));
  }

  async #askTimedatectl(signal: AbortSignal): Promise<SyncReport> {
    const { run, clock } = this.#options;
    const late = new Error(`cannot run timedatectl: it has not answered within ${answerWithinMs / 1000} s`);
    try {
      const output = await withDeadline(clock, answerWithinMs, late, signal, (limit) =>
        run('timedatectl', question, limit),
      );
      return readAnswer(output.trim());
    } catch (error) {
      signal.throwIfAborted();
      return { answer: 'unknown', source: describeError(error) };
    }
  }

  async #readFlag(otherwise: SyncReport): Promise<SyncReport> {
    if ((await this.flagTouchedMs()) !== undefined)
      return { answer: 'synchronised', source: 'by systemd-timesyncd' };
    // The folder is there while the service runs.
    if ((await modifiedMs(this.#folder)) !== undefined)
      return { answer: 'unsynchronised', source: 'by systemd-timesyncd' };
    return otherwise;
  }
}

function readAnswer(output: string): SyncReport {
  if (output === 'yes') return { answer: 'synchronised', source: 'by the kernel' };
  if (output === 'no') return { answer: 'unsynchronised', source: 'by the kernel' };
  return { answer: 'unknown', source: `timedatectl says ${JSON.stringify(output.slice(0, 80))}` };
}

/** `undefined` for what is not there or not to be read: the flag has then nothing to say. */
async function modifiedMs(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mtimeMs;
  } catch {
    return undefined;
  }
}
