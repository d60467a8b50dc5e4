import { isUtf8 } from 'node:buffer';
import { readFile, stat } from 'node:fs/promises';
import { describeError } from '../lib/errors.ts';
import { dropInsOf } from './layers/drop-ins.ts';
import { environmentPrefix } from './layers/environment-layer.ts';
import type { Environment } from './layers/substitution.ts';
import { parseLayers, type ConfigText, type LoadedConfig } from './parse.ts';
import { ConfigProblems, fileProblem } from './problems.ts';

/** A config.yaml has a few kilobytes; whatever is larger than this is another file. */
const maxBytes = 1024 * 1024;

export interface LoadOptions {
  /** Whose variables are put in, and lie over the files. */
  readonly environment?: Environment;
  /** Whether the file may be absent when drop-ins or the environment say something: so it is at its usual place. */
  readonly isOptional?: boolean;
}

/**
 * Reads a configuration: config.yaml, over it the files of config.d, over them the environment. Throws ConfigProblems with
 * everything that is wrong with it, or with the files themselves.
 */
export async function loadConfig(
  path: string,
  { environment = {}, isOptional = false }: LoadOptions = {},
): Promise<LoadedConfig> {
  const dropIns = await Promise.all((await dropInsOf(path)).map(textOf));
  const main = await textOf(path);
  const isSaidElsewhere = dropIns.length > 0 || Object.keys(environment).some(isOurs);
  const isAbsent = main.text instanceof ConfigProblems && errorCode(main.text.cause) === 'ENOENT';
  const isNeeded = !(isOptional && isAbsent && isSaidElsewhere);
  if (isNeeded && main.text instanceof ConfigProblems && dropIns.length === 0) throw main.text;
  return parseLayers({ file: path, main: isNeeded ? main : undefined, dropIns, environment });
}

function isOurs(name: string): boolean {
  return name.startsWith(environmentPrefix) && name.includes('__');
}

async function textOf(file: string): Promise<ConfigText> {
  try {
    return { file, text: await readConfigText(file) };
  } catch (error) {
    if (error instanceof ConfigProblems) return { file, text: error };
    throw error;
  }
}

/**
 * One file, as it is. Throws ConfigProblems for what cannot be read, is no UTF-8, or too large for a configuration.
 * @param whereMissing what to do when there is no such file
 */
export async function readConfigText(path: string, whereMissing = giveOrWrite): Promise<string> {
  return decode(await read(path, whereMissing), path);
}

const giveOrWrite = 'give the right path, or run dps-agent init, which writes one';

async function read(path: string, whereMissing: string): Promise<Buffer> {
  try {
    const { size } = await stat(path);
    if (size <= maxBytes) return await readFile(path);
  } catch (error) {
    const problem = explainReadError(error, whereMissing);
    throw new ConfigProblems(path, [fileProblem(path, problem)], { cause: error });
  }
  throw new ConfigProblems(path, [fileProblem(path, 'it is larger than 1 MB: is this the right file?')]);
}

/** What to do about a file that cannot be read. */
export function explainReadError(error: unknown, whereMissing = giveOrWrite): string {
  switch (errorCode(error)) {
    case 'ENOENT':
      return `there is no such file: ${whereMissing}`;
    case 'ENOTDIR':
      return 'a part of this path is a file, not a directory: give the right path';
    case 'EISDIR':
      return 'this is a directory: give the path of the file in it, such as config.yaml';
    case 'EACCES':
    case 'EPERM':
      return 'it may not be read by the user this runs as: give that user the right to read it, and to enter its directory';
    default:
      return `cannot read the file: ${describeError(error)}`;
  }
}

function decode(bytes: Buffer, file: string): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  if (hasUtf16Mark(bytes)) {
    throw new ConfigProblems(file, [fileProblem(file, 'it is encoded as UTF-16: save it as UTF-8')]);
  }
  const { line, column } = firstBadByte(bytes);
  const message = 'a character that is not UTF-8 stands here: save the file as UTF-8';
  throw new ConfigProblems(file, [{ file, line, column, path: '', message }]);
}

function hasUtf16Mark(bytes: Buffer): boolean {
  return (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
}

function firstBadByte(bytes: Buffer): { line: number; column: number } {
  let end = 0;
  for (const character of bytes.toString('utf8')) {
    const length = Buffer.byteLength(character);
    if (!bytes.subarray(end, end + length).equals(Buffer.from(character))) break;
    end += length;
  }
  const lines = bytes
    .subarray(0, end)
    .toString('utf8')
    .split(/\r\n|\n|\r/);
  return { line: lines.length, column: (lines.at(-1) ?? '').length + 1 };
}

function errorCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
