import { configOption } from './config-option.ts';
import { jsonDocument, outputOption } from './output-option.ts';
import { print } from './print.ts';
import { exitCodes } from './usage.ts';
import { parseOptions } from './verb.ts';
import type { Verb } from './verb.ts';

const options = {
  config: configOption,
  'dry-run': { type: 'boolean', default: false, help: 'say what would be changed, and change nothing' },
  output: outputOption,
} as const;

export const configMigrate: Verb = {
  name: 'config migrate',
  summary: 'bring the configuration and its drop-ins to the form that this version writes',
  usage: '[--config PATH] [--dry-run] [--output text|json]',
  description: [
    'A file says in its key version which form it has; one without is taken for what it is. Of a file that is changed a ' +
      'copy is kept beside it, its name with .bak- and the time after it. Comments, mode and owner stay. Done a second ' +
      'time it changes nothing.',
    'It replaces keys of IoT Edge by the ones they are called here, and makes comments of sections that only IoT Edge uses.',
  ],
  options,
  run: async (args) => {
    const values = parseOptions(options, args);
    const { migrateConfig, migrationText } = await import('./migrate-config.ts');
    const files = await migrateConfig(values.config, { isDryRun: values['dry-run'] });
    await print(values.output === 'json' ? jsonDocument({ files }) : migrationText(files, values['dry-run']));
    return exitCodes.success;
  },
};
