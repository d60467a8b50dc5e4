import { pino } from 'pino';
import type { DestinationStream, Logger, LoggerOptions } from 'pino';
import type { Log } from '../lib/log.ts';

export interface LogOutput {
  readonly isTerminal: boolean;
  /** Takes one line, its end included. Must be synchronous, so that nothing is lost when the process ends. */
  write(line: string): void;
}

/** Structured fields whose content the sentence of the line already gives. */
const saidInTheSentence =
  'state,code,kind,delayMs,next,error,hub,device,version,config,stateDirectory,signal';

/** Logs JSON lines for machines, readable ones on a terminal. */
export async function createLog(level: 'debug' | 'info' | 'warn' | 'error', output: LogOutput): Promise<Log> {
  const options: LoggerOptions = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  return asLog(pino(options, output.isTerminal ? await readable(output) : output));
}

async function readable(output: LogOutput): Promise<DestinationStream> {
  // Loaded here and nowhere else: a service has no use for it.
  const { prettyFactory } = await import('pino-pretty');
  const format = prettyFactory({ colorize: true, translateTime: 'SYS:HH:MM:ss', ignore: saidInTheSentence });
  return {
    write: (line) => {
      output.write(format(line));
    },
  };
}

/** A promise of a pino logger as such does not type: its levels are an index signature, `then` included. */
function asLog(logger: Logger): Log {
  return logger;
}
