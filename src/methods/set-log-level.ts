import * as v from 'valibot';
import type { Clock } from '../lib/clock.ts';
import { logAreas, logLevels } from '../log-areas.ts';
import type { LogArea, LogLevel } from '../log-areas.ts';
import { oneOf, wholeNumber } from './argument-kinds.ts';
import type { Method } from './method.ts';

/** Where levels are set for a time. */
export interface TemporaryLevels {
  setFor(level: LogLevel, area: LogArea | undefined, ms: number): void;
  clear(area: LogArea | undefined): void;
  readonly inForce: object;
}

/** An hour: long enough to look, and short enough that a forgotten `debug` does not wear the SD card out. */
const defaultSeconds = 3600;
const longestSeconds = 7 * 86_400;

const args = v.object({
  level: oneOf([...logLevels, 'configured']),
  area: v.optional(oneOf(logAreas)),
  forSeconds: v.optional(wholeNumber(1, longestSeconds), defaultSeconds),
});

/**
 * `setLogLevel {level, area?, forSeconds?}`: for a time, another level for everything or for one part of the program.
 * `configured` ends that.
 */
export function setLogLevel(
  levels: TemporaryLevels,
  clock: Pick<Clock, 'now'>,
): Method<v.InferOutput<typeof args>> {
  return {
    name: 'setLogLevel',
    component: 'log',
    args,
    handle: ({ level, area, forSeconds }) => {
      if (level === 'configured') levels.clear(area);
      else levels.setFor(level, area, forSeconds * 1000);
      const until = new Date(clock.now().getTime() + forSeconds * 1000).toISOString();
      const payload = { ...levels.inForce, ...(level === 'configured' ? {} : { until }) };
      return Promise.resolve({ status: 200, payload });
    },
  };
}
