import { configOption } from './config-option.ts';
import { outputOption } from './output-option.ts';
import { exitCodes } from './usage.ts';
import { parseOptions, wholeNumber } from './verb.ts';
import type { Verb } from './verb.ts';

const options = {
  config: configOption,
  input: { type: 'string', value: 'NAME', help: 'only messages of this input' },
  priority: { type: 'string', choices: ['high', 'normal', 'low'], help: 'only messages of this priority' },
  count: { type: 'string', value: 'N', help: 'end when so many messages have been acknowledged' },
  output: outputOption,
} as const;

export const telemetryTail: Verb = {
  name: 'telemetry tail',
  summary: 'show what the running agent sends, as it sends it',
  usage: '[--config PATH] [--output text|json] [--input NAME] [--priority high|normal|low] [--count N]',
  description: [
    'One line for each message that goes to the hub, unpacked, with its size, input and number, and one when the hub has ' +
      'acknowledged it. It shows what is sent from now on: an agent without a connection sends nothing (dps-agent status). ' +
      'Ends with Ctrl-C, or when the agent ends.',
  ],
  options,
  run: async (args) => {
    const { config, input, priority, count, output } = parseOptions(options, args);
    const most = count === undefined ? Infinity : wholeNumber('--count', count, 1, 1_000_000);
    const { tailTelemetry } = await import('./tail-telemetry.ts');
    await tailTelemetry(config, { input, priority, most, output });
    return exitCodes.success;
  },
};
