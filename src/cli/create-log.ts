import process from 'node:process';
import { pino } from 'pino';
import type { Logger } from 'pino';
import type { Log } from '../lib/log.ts';

/**
 * Logs to standard output, synchronously, so that nothing is lost when the process ends: JSON lines for machines,
 * readable ones on a terminal.
 */
export async function createLog(level: 'debug' | 'info' | 'warn' | 'error'): Promise<Log> {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (!process.stdout.isTTY) return asLog(pino(options, pino.destination({ fd: 1, sync: true })));
  // Loaded here and nowhere else: a service has no use for it.
  const { default: pretty } = await import('pino-pretty');
  const hidden = 'state,code,kind,delayMs,next,error,hub,device,version,config,stateDirectory';
  return asLog(
    pino(options, pretty({ sync: true, translateTime: 'SYS:HH:MM:ss', ignore: hidden, destination: 1 })),
  );
}

/** A promise of a pino logger as such does not type: its level methods are an index signature. */
function asLog(logger: Logger): Log {
  return logger;
}
