import type { Clock } from '../../../lib/clock.ts';
import type { Log } from '../../../lib/log.ts';

/** What the exec inputs need of the machine and of the process they run in. */
export interface ExecHost {
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
