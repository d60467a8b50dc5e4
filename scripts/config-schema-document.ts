// Writes config/config.schema.json, which editors read, from the schema in src/config and the comments of the example.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { aliasesIn, ignoredSections } from '../src/config/iot-edge.ts';
import { jsonSchema } from '../src/config/json-schema.ts';
import { configSchema } from '../src/config/schema.ts';
import { commentsOf } from './example-comments.ts';

const folder = join(import.meta.dirname, '..', 'config');
export const configSchemaPath = join(folder, 'config.schema.json');

export async function configSchemaDocument(): Promise<string> {
  const comments = commentsOf(await readFile(join(folder, 'config.example.yaml'), 'utf8'));
  const schema = jsonSchema(configSchema, {
    describe: (path) => comments.get(path.join('.')) ?? comments.get(withoutType(path)),
    aliases: aliasesIn,
    ignored: Object.fromEntries(
      Object.keys(ignoredSections).map((key) => [key, 'Belongs to IoT Edge, ignored by dps-agent.']),
    ),
  });
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}

function withoutType(path: readonly string[]): string {
  return path.join('.').replace(/^(telemetry\.inputs)\.\w+\./, '$1.');
}

if (process.argv[1] === import.meta.filename) await writeFile(configSchemaPath, await configSchemaDocument());
