import { logAreas, logLevels } from '../log-areas.ts';
import { configOption } from './config-option.ts';
import { outputOption } from './output-option.ts';
import { exitCodes } from './usage.ts';
import { parseOptions, wholeNumber } from './verb.ts';
import type { Verb } from './verb.ts';

const options = {
  config: configOption,
  since: { type: 'string', value: 'WHEN', help: 'how long ago, such as 1h, or a time' },
  until: { type: 'string', value: 'WHEN', help: 'likewise: up to then' },
  level: { type: 'string', choices: logLevels, help: 'as grave as this, or graver' },
  area: { type: 'string', value: 'NAME', choices: logAreas, help: 'only of this part of the program' },
  lines: { type: 'string', value: 'N', help: 'only the last N; without --since the last 200' },
  follow: { type: 'boolean', default: false, help: 'go on with the lines to come' },
  source: {
    type: 'string',
    default: 'auto',
    choices: ['auto', 'journal', 'memory'],
    help: 'the journal for the service, the agent’s memory otherwise',
  },
  file: {
    type: 'string',
    value: 'PATH',
    completes: 'file',
    help: 'read this log instead, such as one of a support bundle; - is standard input',
  },
  output: outputOption,
} as const;

export const logs: Verb = {
  name: 'logs',
  summary: 'show what the agent has logged, from the journal, from its memory or from a file',
  usage:
    '[--config PATH] [--output text|json] [--since WHEN] [--until WHEN] [--level LEVEL] [--area NAME] [--lines N] [--follow] ' +
    '[--source auto|journal|memory | --file PATH]',
  description: [
    'A service’s log is in systemd’s journal, which has earlier runs too; reading it needs root or the group ' +
      'systemd-journal. An agent that is not one keeps its last lines in memory (log.ring), and is asked for them.',
    'For people each line has its time, level, area and sentence, and what to do where that is known; with --output json it ' +
      'is as it was logged.',
  ],
  options,
  run: async (args) => {
    const { config, since, until, lines, output, ...rest } = parseOptions(options, args);
    const { momentMs } = await import('./moment-option.ts');
    const { showLogs } = await import('./show-logs.ts');
    await showLogs(config, {
      ...rest,
      output,
      sinceMs: momentMs('--since', since),
      untilMs: momentMs('--until', until),
      lines:
        lines === undefined
          ? since === undefined
            ? 200
            : undefined
          : wholeNumber('--lines', lines, 1, 1_000_000),
    });
    return exitCodes.success;
  },
};
