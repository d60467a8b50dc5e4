import process from 'node:process';
import { configOption } from './config-option.ts';
import { outputOption } from './output-option.ts';
import { exitCodes } from './usage.ts';
import { parseOptions } from './verb.ts';
import type { Verb } from './verb.ts';

const options = {
  config: configOption,
  output: outputOption,
} as const;

export const status: Verb = {
  name: 'status',
  summary: 'ask the running agent what it is doing, since when, and what is in its way',
  usage: '[--config PATH] [--output text|json]',
  description: [
    'Asks over the agent’s socket: local_api.path of the configuration, $RUNTIME_DIRECTORY/agent.sock (/run/dps-agent for ' +
      'the service) or agent.sock in its state directory. Root and the user it runs as may use it, and the group of ' +
      'local_api if there is one. When no agent answers the exit status is 1.',
  ],
  options,
  run: async (args) => {
    const values = parseOptions(options, args);
    const { showStatus } = await import('./show-status.ts');
    process.stdout.write(await showStatus(values.config, values.output));
    return exitCodes.success;
  },
};
