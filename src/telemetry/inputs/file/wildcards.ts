import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** A path that fits, and what each run of wildcards in the pattern stands for there, from the left. */
export interface FoundPath {
  readonly path: string;
  readonly taken: readonly string[];
}

/** More than anybody means; a pattern that finds them is a mistake. */
const mostPaths = 256;

/**
 * The paths that fit an absolute pattern, in alphabetical order. `*` stands for any characters but a slash and `?` for
 * one; neither takes the dot of a hidden name. A pattern without them is its own path, there or not. Rejects when a
 * directory cannot be read, unless there is none, and when more than 256 paths fit.
 */
export async function pathsLike(pattern: string): Promise<readonly FoundPath[]> {
  let found: readonly FoundPath[] = [{ path: '/', taken: [] }];
  for (const segment of pattern.split('/').filter((part) => part !== '')) {
    found = await Promise.all(found.map((place) => within(place, segment))).then((lists) => lists.flat());
    if (found.length > mostPaths) throw new Error(`more than ${mostPaths} paths fit, write a narrower one`);
  }
  return found;
}

async function within({ path, taken }: FoundPath, segment: string): Promise<FoundPath[]> {
  if (!/[*?]/.test(segment)) return [{ path: join(path, segment), taken }];
  const fits = matcher(segment);
  return (await namesIn(path)).sort().flatMap((name) => {
    const parts = fits.exec(name);
    return parts === null ? [] : [{ path: join(path, name), taken: [...taken, ...parts.slice(1)] }];
  });
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return [];
    throw error;
  }
}

/** The configuration allows three runs of wildcards in a segment, and names are short: this is never slow. */
function matcher(segment: string): RegExp {
  const body = segment
    .split(/([*?]+)/)
    .map((part, index) => (index % 2 === 0 ? escaped(part) : `(${anything(part)})`))
    .join('');
  return new RegExp(`^${segment.startsWith('.') ? '' : '(?!\\.)'}${body}$`, 'su');
}

/** A run of wildcards: at least as many characters as it has question marks. */
function anything(run: string): string {
  const least = run.replaceAll('*', '').length;
  return run.includes('*') ? `.{${least},}` : `.{${least}}`;
}

function escaped(literal: string): string {
  return literal.replace(/[\\^$.|?*+()[\]{}/]/g, String.raw`\$&`);
}
