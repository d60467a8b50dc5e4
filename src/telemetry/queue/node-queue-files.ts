import { open, readdir, rename, rm, statfs } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { makeDirectory, readFileIfPresent, writeFileAtomically } from '../../lib/atomic-file.ts';
import type { QueueFile, QueueFiles } from './queue-files.ts';

const flags = { create: 'wx+', edit: 'a+', read: 'r' } as const;

/** The real file system. Files are for their owner only. */
export class NodeQueueFiles implements QueueFiles {
  makeDirectory(path: string): Promise<void> {
    return makeDirectory(path, 0o700);
  }

  async list(directory: string): Promise<string[]> {
    try {
      return await readdir(directory);
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }

  async open(path: string, mode: 'create' | 'edit' | 'read'): Promise<QueueFile> {
    // 'a+' makes a file that is missing, but then writes at its end only: it is opened again without that.
    if (mode === 'edit') await (await open(path, flags.edit, 0o600)).close();
    return new NodeQueueFile(await open(path, mode === 'edit' ? 'r+' : flags[mode], 0o600));
  }

  async remove(path: string): Promise<void> {
    await rm(path, { force: true });
  }

  rename(from: string, to: string): Promise<void> {
    return rename(from, to);
  }

  async syncDirectory(directory: string): Promise<void> {
    const handle = await open(directory, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  async freeBytes(directory: string): Promise<number> {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize;
  }

  readText(path: string): Promise<string | undefined> {
    return readFileIfPresent(path);
  }

  replace(path: string, text: string): Promise<void> {
    return writeFileAtomically(path, text);
  }
}

class NodeQueueFile implements QueueFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async write(data: Uint8Array, position: number): Promise<void> {
    for (let written = 0; written < data.length;) {
      const left = data.length - written;
      written += (await this.#handle.write(data, written, left, position + written)).bytesWritten;
    }
  }

  async read(length: number, position: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafeSlow(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await this.#handle.read(buffer, filled, length - filled, position + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return buffer.subarray(0, filled);
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  truncate(bytes: number): Promise<void> {
    return this.#handle.truncate(bytes);
  }

  sync(): Promise<void> {
    return this.#handle.datasync();
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
