import { mkdir, open, readFile, rename, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

/** The whole of a file, or piece by piece; a piece is asked for when the one before is written. */
export type FileContent = string | Uint8Array | AsyncIterable<string | Uint8Array>;

/** Where a file is not the agent's own. */
export interface Placement {
  /** Of directories that are missing; 0700 unless given. */
  readonly directoryMode?: number;
  /** Whose it is from the first moment; the process's own user unless given. */
  readonly owner?: { readonly userId: number; readonly groupId: number } | undefined;
}

/**
 * Replaces a file so that a power cut leaves either the old content or the new, never a mixture:
 * write beside it, fsync, rename, fsync the directory. Missing directories are made.
 */
export async function writeFileAtomically(
  path: string,
  content: FileContent,
  mode = 0o600,
  { directoryMode = 0o700, owner }: Placement = {},
): Promise<void> {
  const directory = dirname(path);
  await makeDirectory(directory, directoryMode);
  const temporary = join(directory, `.${basename(path)}.new`);
  try {
    await writeAndSync(temporary, content, mode, owner);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(directory);
}

/** Reads a file written by `writeFileAtomically`; `undefined` when there is none. */
export async function readFileIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Removes a file and makes the removal durable. A file that is not there is no error. */
export async function removeFile(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** Moves a damaged file out of the way as `<path>.damaged`, replacing an older one, and returns that name. */
export async function setAside(path: string): Promise<string> {
  const aside = `${path}.damaged`;
  await rename(path, aside);
  await syncDirectory(dirname(path));
  return aside;
}

/**
 * Makes a directory and those above it that are missing; each survives a power cut, since the one above it is on the disk
 * as well. One that is there stays as it is.
 */
export async function makeDirectory(directory: string, mode: number): Promise<void> {
  if (await isDirectory(directory)) return;
  const above = dirname(resolve(directory));
  await makeDirectory(above, mode);
  // Not with `recursive`: where the kernel lets nobody make a directory, as in /proc, Node tries again for ever.
  await mkdir(directory, { mode }).catch(async (error: unknown) => {
    if (!(await isDirectory(directory))) throw error;
  });
  await syncDirectory(above);
}

async function writeAndSync(
  path: string,
  content: FileContent,
  mode: number,
  owner: Placement['owner'],
): Promise<void> {
  // A leftover of an earlier power cut may have another mode: start from nothing.
  await rm(path, { force: true });
  const file = await open(path, 'wx', mode);
  try {
    if (owner !== undefined) await file.chown(owner.userId, owner.groupId);
    await writeFile(file, content);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function isDirectory(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() === true;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
