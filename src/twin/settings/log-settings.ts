import { logAreas, logLevels } from '../../log-areas.ts';
import type { LogArea, LogLevel } from '../../log-areas.ts';
import { fields, integer, word } from './kinds.ts';
import type { Closest, Fields } from './kinds.ts';
import { setting } from './setting.ts';
import type { Setting } from './setting.ts';

type Levels = Readonly<Partial<Record<LogArea, LogLevel>>>;

const component = 'log';

export function logSettings(closest: Closest): Setting[] {
  const levels = Object.fromEntries(
    logAreas.map((area) => [area, { kind: word(logLevels), description: `Of what concerns ${area}.` }]),
  ) as Fields<Levels>;
  return [
    setting({
      component,
      name: 'level',
      description: 'How much is logged.',
      lapses: true,
      kind: word(logLevels),
      read: ({ log }) => log.level,
      apply: (config, level) => ({ ...config, log: { ...config.log, level } }),
    }),
    setting({
      component,
      name: 'areas',
      description: 'How much is logged by single parts of the program, in place of level.',
      lapses: true,
      kind: fields<Levels>(levels, closest),
      read: ({ log }) => log.areas,
      apply: (config, areas) => ({
        ...config,
        log: { ...config.log, areas: { ...config.log.areas, ...areas } },
      }),
    }),
    setting({
      component,
      name: 'forSeconds',
      description:
        'How long level and areas hold, from when they were changed; after that, and until one of the three is changed, it is logged as configured.',
      unit: 'second',
      kind: integer(1, 604_800),
      read: ({ log }) => (log.forMs === undefined ? undefined : log.forMs / 1000),
      apply: (config, seconds) => ({ ...config, log: { ...config.log, forMs: seconds * 1000 } }),
    }),
  ];
}
