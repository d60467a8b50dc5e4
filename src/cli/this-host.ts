import process from 'node:process';
import { SystemClock } from '../lib/clock.ts';
import type { ProgramHost } from '../lib/program-host.ts';
import { errorLog } from './error-log.ts';

/** What the command line runs programs with. */
export function thisHost(): ProgramHost {
  return {
    clock: new SystemClock(),
    log: errorLog,
    environment: process.env,
    userId: process.getuid?.() ?? -1,
    kill: (pid, signal) => {
      process.kill(pid, signal);
    },
    root: '/',
  };
}
