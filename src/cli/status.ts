import { configOption } from './config-option.ts';
import { outputOption } from './output-option.ts';
import { UsageError } from './usage.ts';
import { parseVerbArgs, refusePositionals, wholeNumber } from './verb.ts';
import type { Verb } from './verb.ts';

const options = {
  config: configOption,
  output: outputOption,
  watch: { type: 'boolean', help: 'show it again and again, every SECONDS (2), until Ctrl-C' },
  check: { type: 'boolean', help: 'only tell whether the agent is healthy, by the exit status' },
} as const;

const usualSeconds = '2';
const mostSeconds = 3600;

export const status: Verb = {
  name: 'status',
  summary: 'ask the running agent what it is doing, since when, and what is in its way',
  usage: '[--config PATH] [--output text|json] [--watch [SECONDS] | --check]',
  description: [
    'Asks over the agent’s socket: local_api.path of the configuration, $RUNTIME_DIRECTORY/agent.sock (/run/dps-agent for ' +
      'the service) or agent.sock in its state directory. Root and the user it runs as may use it, and the group of ' +
      'local_api if there is one.',
    'When no agent runs, it says what systemd knows of the service, what the state directory holds and what to type next, ' +
      'and the exit status is 3. When one runs and cannot be asked, it is 1.',
    '--watch outlives a restart of the agent; with --output json it prints a line each time.',
    '--check is for a HEALTHCHECK: the exit status is 0 if every loop of the agent turns, and 1 if one hangs, if there is ' +
      'no answer within 5 seconds, or if no agent runs. Being offline is not ill health.',
  ],
  options,
  run: async (args) => {
    const { values, positionals } = parseVerbArgs(options, args);
    const { config, output, watch = false, check = false } = values;
    if (watch && check) throw new UsageError('--watch and --check cannot go together');
    if (watch) {
      const [seconds = usualSeconds, ...more] = positionals;
      refusePositionals(more);
      const everyMs = wholeNumber('--watch', seconds, 1, mostSeconds) * 1000;
      const { watchStatus } = await import('./watch-status.ts');
      return watchStatus(config, output, everyMs);
    }
    refusePositionals(positionals);
    if (check) return (await import('./check-health.ts')).checkHealth(config, output);
    return (await import('./show-status.ts')).showStatus(config, output);
  },
};
