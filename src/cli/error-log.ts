import process from 'node:process';
import type { Log, LogLine } from '../lib/log.ts';

const silent: LogLine = () => undefined;

const spoken: LogLine = (first: object | string, second?: string) => {
  process.stderr.write(`dps-agent: ${typeof first === 'string' ? first : (second ?? '')}\n`);
};

/** The log of a command that a person has typed: only what is wrong, as sentences on standard error. */
export const errorLog: Log = {
  debug: silent,
  info: silent,
  warn: spoken,
  error: spoken,
  child: () => errorLog,
};
