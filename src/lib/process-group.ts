import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProgramHost } from './program-host.ts';

/** A program and all it has started, but for those that have left the group (setsid). */
export class ProcessGroup {
  readonly #pid: number;
  readonly #host: ProgramHost;
  #ending: Promise<void> | undefined;

  /** @param pid of the program that leads the group */
  constructor(pid: number, host: ProgramHost) {
    this.#pid = pid;
    this.#host = host;
  }

  /**
   * SIGTERM for all of them, and SIGKILL for those who still live 2 s later. Resolves when nobody does. Rejects when one
   * of them may not be signalled, as one that has become root. Works once: when a group is gone, its number may be given
   * to another.
   */
  end(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<void> {
    if (!this.#signal('SIGTERM')) return;
    await this.#gone(termToKillMs);
    if (!this.#signal('SIGKILL') || (await this.#gone(killToGoneMs))) return;
    this.#host.log.warn({ pid: this.#pid }, 'cannot end a process group: some of it survives SIGKILL');
  }

  async #gone(withinMs: number): Promise<boolean> {
    const { clock } = this.#host;
    const never = new AbortController().signal;
    const lateMs = clock.monotonic() + withinMs;
    for (let waitMs = 10; await this.#lives(); waitMs = 50) {
      if (clock.monotonic() >= lateMs) return false;
      await clock.sleep(waitMs, never);
    }
    return true;
  }

  /** The dead whom no init has collected, as in a container that has none, do not live. */
  async #lives(): Promise<boolean> {
    if (!this.#signal(0)) return false;
    const states = await memberStates(join(this.#host.root, 'proc'), this.#pid);
    return states.length === 0 || states.some((state) => state !== 'Z' && state !== 'X');
  }

  /** Whether there was anybody to signal. */
  #signal(signal: NodeJS.Signals | 0): boolean {
    try {
      this.#host.kill(-this.#pid, signal);
      return true;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
      throw new Error(`cannot end the process group ${this.#pid}`, { cause: error });
    }
  }
}

const termToKillMs = 2000;
/** SIGKILL is deadly at once, but for a process that waits for a disk or a driver. */
const killToGoneMs = 1000;

/** The states of the processes of a group, as far as they can be seen: none where there is no /proc. */
async function memberStates(proc: string, group: number): Promise<string[]> {
  const names = await readdir(proc).catch(() => []);
  const stats = await Promise.all(
    names
      .filter((name) => /^\d+$/.test(name))
      .map((name) => readFile(join(proc, name, 'stat'), 'utf8').catch(() => '')),
  );
  return stats.flatMap((stat) => {
    // PID (name) state parent group …: the name may hold anything (proc_pid_stat(5)).
    const [state = '', , groupId] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return groupId === String(group) ? [state] : [];
  });
}
