import { print } from './print.ts';
import { exitCodes } from './usage.ts';
import { parseOptions } from './verb.ts';
import type { Verb } from './verb.ts';

export const configSchemaVerb: Verb = {
  name: 'config schema',
  summary: 'print for an editor which keys a configuration has, what they hold and what for',
  usage: '',
  description: [
    'JSON Schema, draft 7. For editors with a YAML language server, such as that of VS Code: dps-agent config schema > ' +
      'config.schema.json, and in the first line of config.yaml # yaml-language-server: $schema=config.schema.json. What goes ' +
      'with what only config validate knows.',
  ],
  options: {},
  run: async (args) => {
    parseOptions({}, args);
    const { default: schema } = await import('../../config/config.schema.json', { with: { type: 'json' } });
    await print(`${JSON.stringify(schema, undefined, 2)}\n`);
    return exitCodes.success;
  },
};
