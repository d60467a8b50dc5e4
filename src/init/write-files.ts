import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';
import { readFileIfPresent, removeFile, writeFileAtomically } from '../lib/atomic-file.ts';
import { backUp } from '../lib/backup-file.ts';
import { describeError } from '../lib/errors.ts';
import type { PlannedFile } from './config-text.ts';
import { Refusal } from './refusal.ts';

export interface WriteOptions {
  /** Whether files that are there already may be replaced; a copy of each is kept. */
  readonly force: boolean;
  /** Whose the secrets are; absent: the process's own user's. */
  readonly owner?: { readonly userId: number; readonly groupId: number } | undefined;
  /** Names the copies. */
  readonly at: Date;
}

export interface WrittenFile {
  readonly path: string;
  readonly mode: number;
  /** The copy of what was there. */
  readonly kept?: string | undefined;
}

/** Anybody may read the configuration, which holds no secret, and enter its directory: so can the service. */
const [configMode, secretMode, directoryMode] = [0o644, 0o600, 0o755];

/** Throws a Refusal when a file cannot be written there, or is there and may not be replaced. */
export async function refuseUnwritable(path: string, force: boolean): Promise<void> {
  const there = await attempt(`look at ${path}`, () => readFileIfPresent(path));
  if (there !== undefined && !force)
    throw new Refusal(`cannot write ${path}: it is there already; --force replaces it, and keeps a copy`);
  await attempt(`write ${path}`, () => nearestWritable(dirname(path)));
}

/**
 * Writes all of the files, the configuration last, or leaves everything as it was. What is there already with the very
 * same content is in nobody's way. Throws a Refusal.
 */
export async function writeFiles(
  files: readonly PlannedFile[],
  options: WriteOptions,
): Promise<readonly WrittenFile[]> {
  const planned: (PlannedFile & { readonly before: string | undefined })[] = [];
  for (const file of files) {
    const before = await attempt(`look at ${file.path}`, () => readFileIfPresent(file.path));
    if (before !== undefined && before !== file.content) await refuseUnwritable(file.path, options.force);
    planned.push({ ...file, before });
  }
  const written: WrittenFile[] = [];
  const undo: (() => Promise<void>)[] = [];
  try {
    for (const file of planned) {
      const { path, before, isSecret } = file;
      const isReplaced = before !== undefined && before !== file.content;
      const kept = isReplaced ? await backUp(path, options.at) : undefined;
      const put = (content: string): Promise<void> => writeOne({ path, content, isSecret }, options);
      undo.push(before === undefined ? () => removeFile(path) : () => put(before));
      await put(file.content);
      written.push({ path, mode: isSecret ? secretMode : configMode, kept });
    }
  } catch (cause) {
    await undoAll(undo, cause);
    throw new Refusal(`cannot write the configuration; nothing has been changed`, { cause });
  }
  return written;
}

function writeOne({ path, content, isSecret }: PlannedFile, { owner }: WriteOptions): Promise<void> {
  return isSecret
    ? writeFileAtomically(path, content, secretMode, { directoryMode, owner })
    : writeFileAtomically(path, content, configMode, { directoryMode });
}

async function undoAll(undo: readonly (() => Promise<void>)[], cause: unknown): Promise<void> {
  for (const back of undo.toReversed()) {
    try {
      await back();
    } catch (error) {
      throw new Refusal(
        `cannot write the configuration, nor take back what was written: ${describeError(error)}`,
        { cause },
      );
    }
  }
}

/** The directory itself, or the one in which it would be made. */
async function nearestWritable(directory: string): Promise<void> {
  try {
    await access(directory, constants.W_OK | constants.X_OK);
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (!isMissing || dirname(directory) === directory) throw error;
    await nearestWritable(dirname(directory));
  }
}

async function attempt<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const isForbidden = cause instanceof Error && 'code' in cause && cause.code === 'EACCES';
    const hint = isForbidden
      ? ', which takes root (sudo dps-agent init), or --config with another place'
      : '';
    throw new Refusal(`cannot ${doing}${hint}`, { cause });
  }
}
