import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SecretSource } from '../config/secret-source.ts';
import { parseSecret } from '../config/secret-source.ts';

/** Of keys under which a secret may stand. */
const named =
  /(["']?)[\w.-]*(?:key|password|passphrase|token|secret|connection_string|proxy|signature|authorization)[\w.-]*\1[ \t]*:[ \t]*(?:"([^"\n]*)"|'([^'\n]*)'|([^\n#,}\]]+))/gi;

/**
 * What may be secret in configuration files that cannot be read as such: the values of all keys that sound like it, and
 * whatever stands under `environment` and `headers`. Rather too much than too little.
 */
export async function brokenConfigSecrets(configPath: string): Promise<readonly SecretSource[]> {
  const texts = await Promise.all(
    (await filesOf(configPath)).map((file) => readFile(file, 'utf8').catch(() => '')),
  );
  return texts.flatMap((text) =>
    [...namedValues(text), ...valuesUnder(text)].flatMap((value) => {
      const parsed = parseSecret(value, 'a secret', () => undefined);
      return 'value' in parsed ? [parsed.value] : [];
    }),
  );
}

/** The file, and the drop-ins beside it. */
async function filesOf(configPath: string): Promise<string[]> {
  const folder = join(dirname(configPath), 'config.d');
  const dropIns = await readdir(folder).catch(() => []);
  return [configPath, ...dropIns.map((name) => join(folder, name))];
}

function namedValues(text: string): string[] {
  return [...text.matchAll(named)].map(([, , double, single, plain = '']) =>
    (double ?? single ?? plain).trim(),
  );
}

/** Of the lines that stand deeper than a key `environment` or `headers`, or beside it in braces. */
function valuesUnder(text: string): string[] {
  const values: string[] = [];
  let depth: number | undefined;
  for (const line of text.split('\n')) {
    const indent = line.length - line.trimStart().length;
    if (depth !== undefined && line.trim() !== '' && indent <= depth) depth = undefined;
    const begins = /^[\s-]*["']?(?:environment|headers)["']?\s*:/i.exec(line);
    if (begins !== null) depth = indent;
    const rest = begins === null ? line : line.slice(begins[0].length);
    if (depth === undefined) continue;
    for (const [, double, single, plain = ''] of rest.matchAll(/:\s*(?:"([^"]*)"|'([^']*)'|([^,}#]+))/g))
      values.push((double ?? single ?? plain).trim());
  }
  return values;
}
