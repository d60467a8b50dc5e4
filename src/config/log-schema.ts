import * as v from 'valibot';
import { logAreas, logLevels } from '../log-areas.ts';
import type { LogArea, LogLevel } from '../log-areas.ts';
import { byteSize, oneOf, optionalSection, present, section } from './fields.ts';
import type { Field } from './fields.ts';

const level = oneOf(logLevels);

const areas = v.pipe(
  section(Object.fromEntries(logAreas.map((area) => [area, v.optional(level)])) as AreaEntries),
  v.transform((input): Partial<Record<LogArea, LogLevel>> => present(input)),
);

/** What is logged, and how much of it is kept in memory. */
export const log: v.GenericSchema<LogInput, LogConfig> = v.pipe(
  section({
    level: v.optional(level, 'info'),
    areas: optionalSection(areas),
    ring: v.optional(byteSize('64KB', '16MB'), '512KB'),
  }),
  v.transform((input) => ({ level: input.level, areas: input.areas, ringBytes: input.ring })),
);

export interface LogConfig {
  readonly level: LogLevel;
  /** For parts of the program, instead of `level`. */
  readonly areas: Readonly<Partial<Record<LogArea, LogLevel>>>;
  /** How much of the last lines is kept in memory, in bytes. */
  readonly ringBytes: number;
  /** Never in the file: the twin's levels hold for so long, in milliseconds. */
  readonly forMs?: number;
}

interface LogInput {
  level?: unknown;
  areas?: unknown;
  ring?: unknown;
}

type AreaEntries = Record<LogArea, v.OptionalSchema<Field<LogLevel>, undefined>>;
