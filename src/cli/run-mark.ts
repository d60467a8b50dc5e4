import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readFileIfPresent, removeFile, writeFileAtomically } from '../lib/atomic-file.ts';
import { describeError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { badEnds } from '../run-end.ts';
import type { BadEndCode } from '../run-end.ts';
import { agentProcess } from './running-agent.ts';
import { pidFileIn } from './state-directory.ts';

export interface RunMarkOptions {
  readonly stateDirectory: string;
  /** Of the process that runs. */
  readonly pid: number;
  /** Where `proc` is. */
  readonly root: string;
  readonly log: Log;
}

/**
 * What a run leaves in the state directory while it lasts: its process, where `identity reprovision` finds it, and the boot
 * of the machine. An orderly end takes it away, so that the next run sees from one left behind that there was none. It is
 * written once and removed once.
 */
export class RunMark {
  readonly #path: string;
  readonly #options: RunMarkOptions;

  constructor(options: RunMarkOptions) {
    this.#options = options;
    this.#path = pidFileIn(options.stateDirectory);
  }

  /**
   * How the run before ended, if it did not end in order; says so. `undefined` also where that cannot be told: another
   * agent runs on this state directory, /proc is closed, or the mark is of a version that left it behind in any case.
   */
  async lastEnd(): Promise<BadEndCode | undefined> {
    const { log, pid } = this.#options;
    try {
      const [process, bootId] = linesOf(await readFileIfPresent(this.#path));
      const now = await this.#bootId();
      if (process === undefined || bootId === undefined || now === undefined) return undefined;
      // The first process of a container has the number of the one before it.
      const running = await agentProcess(process);
      if (bootId === now && running !== undefined && running !== pid) return undefined;
      const code = bootId === now ? 'RUN-KILLED' : 'RUN-POWER';
      log.warn({ code, process: Number(process), remedy: badEnds[code].remedy }, badEnds[code].meaning);
      return code;
    } catch (error) {
      log.warn({ error: describeError(error) }, `cannot tell from ${this.#path} how the run before ended`);
      return undefined;
    }
  }

  /** A run without its mark is worth no less. */
  async begin(): Promise<void> {
    const { log, pid } = this.#options;
    try {
      await writeFileAtomically(this.#path, `${pid}\n${(await this.#bootId()) ?? ''}\n`);
    } catch (error) {
      log.warn({ error: describeError(error) }, `cannot write ${this.#path}`);
    }
  }

  /** In order. The mark of another agent that has come since is its own. */
  async end(): Promise<void> {
    const { log, pid } = this.#options;
    try {
      const [process] = linesOf(await readFileIfPresent(this.#path));
      if (process === String(pid)) await removeFile(this.#path);
    } catch (error) {
      log.warn(
        { error: describeError(error) },
        `cannot remove ${this.#path}: the next run will take this one for killed`,
      );
    }
  }

  /** random(4): another each time the machine starts. `undefined` where /proc does not have it. */
  async #bootId(): Promise<string | undefined> {
    try {
      const text = await readFile(join(this.#options.root, 'proc/sys/kernel/random/boot_id'), 'utf8');
      return text.trim();
    } catch (error) {
      this.#options.log.debug(
        { error: describeError(error) },
        'cannot tell one start of the machine from another',
      );
      return undefined;
    }
  }
}

function linesOf(text = ''): string[] {
  return text.split('\n').filter((line) => line !== '');
}
