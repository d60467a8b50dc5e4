import process from 'node:process';
import { configOption } from './config-option.ts';
import { jsonDocument, outputOption } from './output-option.ts';
import { print, printError } from './print.ts';
import { UsageError, exitCodes } from './usage.ts';
import { parseOptions } from './verb.ts';
import type { Verb } from './verb.ts';

const showOptions = {
  config: configOption,
  output: outputOption,
  all: { type: 'boolean', default: false, help: 'also the keys that are not set and have no default' },
  effective: {
    type: 'boolean',
    default: false,
    help: 'the values alone, as one file would have them, without their sources',
  },
} as const;

export const configShow: Verb = {
  name: 'config show',
  summary: 'show every value in force, and where it comes from; secrets are not shown',
  usage: '[--config PATH] [--output text|json] [--all | --effective]',
  description: [
    'A value comes from its default, from the configuration, from a file of the drop-in directory beside it (config.d/*.yaml), ' +
      'from a DPS_AGENT_… variable of the environment or from the twin, each over the ones before. Of files the line is ' +
      'told, of the twin the version of the desired properties. It is the environment of whoever calls it: that of the ' +
      'service may be another (systemctl show --property Environment dps-agent).',
  ],
  options: showOptions,
  run: async (args) => {
    const values = parseOptions(showOptions, args);
    if (values.all && values.effective) throw new UsageError('give --all or --effective, not both');
    const { showConfig, showEffectiveConfig } = await import('./show-config.ts');
    const text = values.effective
      ? await showEffectiveConfig(values.config, values.output)
      : await showConfig(values.config, values.output, values.all);
    await print(text);
    return exitCodes.success;
  },
};

const validateOptions = {
  config: configOption,
  output: outputOption,
  strict: { type: 'boolean', default: false, help: 'a warning is a problem, too' },
} as const;

export const configValidate: Verb = {
  name: 'config validate',
  summary: 'say everything that is wrong with the configuration, without starting anything',
  usage: '[--config PATH] [--strict] [--output text|json]',
  description: [
    'Reads the configuration with its drop-ins and the environment as run does. The exit status is 0 when it can be used and ' +
      '78 when not; with --strict also when there are warnings, such as that others may read a file with a key in it.',
  ],
  options: validateOptions,
  run: async (args) => {
    const values = parseOptions(validateOptions, args);
    const { validateConfig } = await import('./show-config.ts');
    const verdict = await validateConfig(values.config, process.getuid?.());
    const { isValid, text, warnings } = verdict;
    if (values.output === 'json') await print(jsonDocument(verdict));
    else {
      await (isValid ? print : printError)(`${text}\n`);
      await printError(warnings.map((warning) => `warning: ${warning}\n`).join(''));
    }
    const isGood = isValid && !(values.strict && warnings.length > 0);
    return isGood ? exitCodes.success : exitCodes.config;
  },
};
