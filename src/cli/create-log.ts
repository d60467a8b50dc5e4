import { pino } from 'pino';
import type { DestinationStream, Logger, LoggerOptions } from 'pino';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { LogLevel } from '../log-areas.ts';
import { AreaLog } from '../logging/area-log.ts';
import { LogLevels } from '../logging/log-levels.ts';
import type { LevelRules } from '../logging/log-levels.ts';
import { LogRing } from '../logging/log-ring.ts';

export interface LogOutput {
  readonly isTerminal: boolean;
  /** Takes one line, its end included. Must be synchronous, so that nothing is lost when the process ends. */
  write(line: string): void;
}

/** The log of a program that can be steered while it runs. */
export interface Logging {
  readonly log: Log;
  readonly levels: LogLevels;
  /** Everything that was logged, as long as there is room. */
  readonly ring: LogRing;
}

/** Structured fields whose content the sentence of the line already gives, or that only programs look for. */
const saidInTheSentence =
  'state,code,kind,delayMs,next,error,hub,device,version,config,stateDirectory,signal,area';

/** Logs as `createLog` does, at levels that can be changed, and keeps the last lines. */
export async function createLogging(
  { ringBytes, ...rules }: LevelRules & { readonly ringBytes: number },
  output: LogOutput,
  clock: Pick<Clock, 'monotonic'>,
): Promise<Logging> {
  const [levels, ring] = [new LogLevels(rules, clock), new LogRing(ringBytes)];
  const log = await createLog('debug', output, (line) => {
    ring.push(line);
  });
  return { log: new AreaLog(log, levels), levels, ring };
}

/**
 * Logs JSON lines for machines, readable ones on a terminal.
 * @param keep gets each line as JSON, wherever it goes
 */
export async function createLog(
  level: LogLevel,
  output: LogOutput,
  keep: (line: string) => void = () => undefined,
): Promise<Log> {
  const options: LoggerOptions = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  const destination: DestinationStream = output.isTerminal ? await readable(output) : output;
  const write = (line: string): void => {
    keep(line);
    destination.write(line);
  };
  return asLog(pino(options, { write }));
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
