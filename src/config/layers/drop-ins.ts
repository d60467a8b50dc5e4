import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { describeError } from '../../lib/errors.ts';
import { ConfigProblems, fileProblem } from '../problems.ts';

/** Beside `config.yaml` there may be `config.d`. */
export function dropInDirectory(configPath: string): string {
  return join(dirname(configPath), `${basename(configPath).replace(/\.ya?ml$/, '')}.d`);
}

/** Its files that end in `.yaml`, by name; none without the directory. Throws ConfigProblems when it cannot be read. */
export async function dropInsOf(configPath: string): Promise<string[]> {
  const directory = dropInDirectory(configPath);
  try {
    const names = (await readdir(directory)).filter(
      (name) => name.endsWith('.yaml') && !name.startsWith('.'),
    );
    return names.toSorted().map((name) => join(directory, name));
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return [];
    const problem = fileProblem(directory, `cannot read the directory of drop-ins: ${describeError(error)}`);
    throw new ConfigProblems(configPath, [problem], { cause: error });
  }
}
