import { stat } from 'node:fs/promises';
import { readFileIfPresent, writeFileAtomically } from './atomic-file.ts';

/**
 * Keeps a copy of a file that is about to be replaced, beside it, with its mode and owner: `<path>.20261122T123000Z`.
 * Returns the copy's path; `undefined` where there is no file. One of the same second is replaced.
 */
export async function backUp(path: string, at: Date): Promise<string | undefined> {
  const content = await readFileIfPresent(path);
  if (content === undefined) return undefined;
  const { mode, uid: userId, gid: groupId } = await stat(path);
  const copy = `${path}.${at.toISOString().replaceAll(/[-:]|\.\d+/g, '')}`;
  await writeFileAtomically(copy, content, mode & 0o777, { owner: { userId, groupId } });
  return copy;
}
