import type { Clock } from './clock.ts';
import type { Log } from './log.ts';

/** What it takes to run a program: of the machine, and of the process it is run by. */
export interface ProgramHost {
  readonly clock: Clock;
  readonly log: Log;
  /** The agent's own; a program is given no more of it than PATH, HOME and LANG. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The agent's own; 0 is root. */
  readonly userId: number;
  /** As process.kill: a negative number is a process group, 0 asks whether anybody is there. */
  readonly kill: (pid: number, signal: NodeJS.Signals | 0) => void;
  /** Where `etc` is. */
  readonly root: string;
}
