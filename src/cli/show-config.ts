import { dump } from 'js-yaml';
import { filesWithSecrets, maskedValue, secretsIn } from '../config/layers/masked.ts';
import { describeSource } from '../config/layers/source.ts';
import { documentOf } from '../config/layers/values.ts';
import type { ConfigValue } from '../config/layers/values.ts';
import { formatPath, formatProblem, ConfigProblems } from '../config/problems.ts';
import type { ConfigProblem } from '../config/problems.ts';
import { permissionWarnings } from '../config/permission-warnings.ts';
import { jsonDocument } from './output-option.ts';
import type { Output } from './output-option.ts';
import { readConfig } from './read-config.ts';
import { socketPathsToTry } from './socket-path.ts';
import { defaultStateDirectory, stateDirectoryOf } from './state-directory.ts';
import { savedSettings, withTwin } from './twin-values.ts';
import type { ShownValue } from './twin-values.ts';

/** `dps-agent config show`. Throws ConfigProblems. */
export async function showConfig(path: string, output: Output, isAll: boolean): Promise<string> {
  const { files, values: all } = await valuesInForce(path);
  const shown = all.filter(({ value }) => isAll || isSet(value));
  if (output === 'text') return table(shown);
  const values = shown.map(({ path: key, value, source, over }) => ({
    key: formatPath(key),
    value: value ?? null,
    source: isSet(value) ? source : null,
    ...(over === undefined ? {} : { over }),
  }));
  return jsonDocument({ files, values });
}

/** `dps-agent config show --effective`: all of it as one file would have it. Throws ConfigProblems. */
export async function showEffectiveConfig(path: string, output: Output): Promise<string> {
  const { values } = await valuesInForce(path);
  const document = documentOf(values);
  return output === 'text' ? dump(document, { lineWidth: -1 }) : jsonDocument(document);
}

/** Every key that the schema knows, with the value in force; secrets masked. */
async function valuesInForce(path: string): Promise<{ files: readonly string[]; values: ShownValue[] }> {
  const { config, files, values } = await readConfig(path);
  const secrets = secretsIn(config);
  const stateDirectory = stateDirectoryOf(config);
  const places = new Map([
    // Without systemd, which would say where it is.
    ['state_directory', defaultStateDirectory],
    ['local_api.path', socketPathsToTry(stateDirectory)[0]],
  ]);
  const placed = values.map((each): ConfigValue => {
    const place = isSet(each.value) ? undefined : places.get(formatPath(each.path));
    return place === undefined ? each : { ...each, value: place };
  });
  const shown = withTwin(placed, await savedSettings(stateDirectory)).map((each) => ({
    ...each,
    value: isSet(each.value) ? maskedValue(each, secrets) : undefined,
  }));
  return { files, values: shown };
}

export interface Verdict {
  readonly isValid: boolean;
  /** Everything that is wrong, as one text; or that nothing is. */
  readonly text: string;
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly string[];
}

/** `dps-agent config validate`. @param uid of whoever runs it */
export async function validateConfig(path: string, uid: number | undefined): Promise<Verdict> {
  try {
    const loaded = await readConfig(path);
    const permissions = await permissionWarnings(filesWithSecrets(loaded), loaded.config, { uid });
    const files = loaded.files.length === 0 ? 'the environment' : loaded.files.join(', ');
    return {
      isValid: true,
      text: `the configuration is valid: ${files}`,
      problems: [],
      warnings: [...loaded.warnings, ...permissions],
    };
  } catch (error) {
    if (!(error instanceof ConfigProblems)) throw error;
    const { message: text, problems, warnings } = error;
    return { isValid: false, text, problems, warnings: warnings.map(formatProblem) };
  }
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}

const widest = { key: 48, value: 44 };

function table(shown: readonly ShownValue[]): string {
  const rows = shown.map(({ path, value, source, over }) => ({
    key: formatPath(path),
    value: isSet(value) ? inWords(value) : '(not set)',
    source: isSet(value) ? describeSource(source) + (over === undefined ? '' : `, over ${over}`) : '',
  }));
  const width = (column: 'key' | 'value'): number =>
    Math.max(0, ...rows.map((row) => row[column].length).filter((length) => length <= widest[column]));
  const [keyWidth, valueWidth] = [width('key'), width('value')];
  return rows
    .map(({ key, value, source }) =>
      `${key.padEnd(keyWidth)}  ${value.padEnd(valueWidth)}  ${source}`.trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}

/** As it would stand in a file, on one line. */
function inWords(value: unknown): string {
  if (typeof value === 'string' && /^[^\s"'#\p{Cc}](?:[^"'#\p{Cc}]*[^\s"'#\p{Cc}])?$/u.test(value))
    return value;
  return JSON.stringify(value);
}
