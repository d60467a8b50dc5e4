import { configOption } from './config-option.ts';
import { outputOption } from './output-option.ts';
import { parseOptions } from './verb.ts';
import type { Verb } from './verb.ts';

const options = {
  config: configOption,
  output: outputOption,
  'dont-run': { type: 'string', multiple: true, value: 'ID', help: 'leave this check out; may be repeated' },
  offline: { type: 'boolean', default: false, help: 'leave out whatever goes beyond this machine' },
  inside: { type: 'boolean', default: false, help: 'have the running agent make the checks' },
  'warnings-as-errors': { type: 'boolean', default: false, help: 'a warning counts as an error' },
  list: { type: 'boolean', default: false, help: 'only tell which checks there are' },
} as const;

export const check: Verb = {
  name: 'check',
  summary: 'look for whatever stands between this device and its hub, and say what to type',
  usage:
    '[--config PATH] [--output text|json] [--inside] [--offline] [--dont-run ID]… [--warnings-as-errors] [--list]',
  description: [
    'Each check is ok, a warning, an error or skipped; with what was seen, what to do, what to type, and how long each hop ' +
      'of a connection took. What builds on a check that has failed is skipped. All of it is over within 150 seconds.',
    'A running agent is not disturbed: DPS is not asked and no session is opened beside it; what it says itself is told ' +
      'instead. With --inside the agent makes the checks, as its own user and in its own sandbox: a check as root proves ' +
      'little of what the service can do.',
    'The exit status is 0 when there is no error, 78 when the configuration cannot be used, 1 for any other error, and ' +
      'with --warnings-as-errors for a warning.',
  ],
  options,
  run: async (args) => {
    const values = parseOptions(options, args);
    const { makeChecks, listChecks } = await import('./make-checks.ts');
    if (values.list) return listChecks(values.output);
    return makeChecks({
      configPath: values.config,
      output: values.output,
      isInside: values.inside,
      areWarningsErrors: values['warnings-as-errors'],
      dontRun: values['dont-run'] ?? [],
      offline: values.offline,
    });
  },
};
