import { configOption } from './config-option.ts';
import { parseOptions } from './verb.ts';
import type { Verb } from './verb.ts';

const options = { config: configOption } as const;

export const run: Verb = {
  name: 'run',
  summary: 'register with DPS, connect to the assigned hub and stay connected',
  usage: '[--config PATH]',
  description: [
    'Runs until SIGTERM or SIGINT, which end it in order; a second one ends it at once. SIGHUP has the configuration ' +
      'read again: what can be is put in force, and the log says what needs a start. The log goes to standard ' +
      'output: JSON lines, or readable ones on a terminal. What must be remembered is kept in $STATE_DIRECTORY, else ' +
      "in the configuration's state_directory, else in /var/lib/dps-agent.",
  ],
  options,
  run: async (args) => {
    const values = parseOptions(options, args);
    const { runAgent } = await import('./run-agent.ts');
    return runAgent(values.config);
  },
};
