import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** Changes whenever the content of any of the files does, or one comes, goes or can no longer be read. */
export async function digestOf(paths: readonly string[]): Promise<string> {
  const digest = createHash('sha256');
  for (const path of paths) {
    const content = await contentOf(path);
    digest.update(`${content.length}:`).update(content);
  }
  return digest.digest('hex');
}

async function contentOf(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    // Why it cannot be read is told by whoever needs it.
    return Buffer.from(`unreadable ${String((error as NodeJS.ErrnoException).code)}`);
  }
}
