import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A file, and when it was written by the clock of that time. */
export interface WrittenFile {
  readonly path: string;
  readonly writtenAt: Date;
}

/**
 * The newest of these files, and of the files directly in those that are folders: the time cannot be earlier, unless
 * the clock was ahead when it was written. What is not there or cannot be read is passed over.
 */
export async function newestFile(paths: readonly string[]): Promise<WrittenFile | undefined> {
  const candidates = await Promise.all(paths.map(async (path) => [path, ...(await filesIn(path))]));
  const written = await Promise.all(candidates.flat().map(writtenFile));
  return written
    .filter((file) => file !== undefined)
    .reduce<WrittenFile | undefined>(
      (newest, file) => (newest === undefined || file.writtenAt > newest.writtenAt ? file : newest),
      undefined,
    );
}

async function filesIn(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).map((name) => join(path, name));
  } catch {
    return [];
  }
}

async function writtenFile(path: string): Promise<WrittenFile | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? { path, writtenAt: found.mtime } : undefined;
  } catch {
    return undefined;
  }
}
