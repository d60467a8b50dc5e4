/** An open file. Positions and lengths are in bytes. */
export interface QueueFile {
  /** Writes all of it, or rejects; then part of it may have been written. */
  write(data: Uint8Array, position: number): Promise<void>;
  /** Less than `length` only where the file ends. */
  read(length: number, position: number): Promise<Buffer>;
  size(): Promise<number>;
  truncate(bytes: number): Promise<void>;
  /** What was written so far survives a power cut once this has resolved. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * The file system as the queue needs it: the seam where tests cut the power and fill the disk. Errors carry the
 * operating system's `code`.
 */
export interface QueueFiles {
  /** Missing parents too; durable once it has resolved. */
  makeDirectory(path: string): Promise<void>;
  /** The names in a directory; none when there is no such directory. */
  list(directory: string): Promise<string[]>;
  /** `create`: a new file, for reading and writing; `edit`: one that is there or made now, for both. */
  open(path: string, mode: 'create' | 'edit' | 'read'): Promise<QueueFile>;
  /** A file that is not there is no error. */
  remove(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Files made in the directory so far survive a power cut by their names. */
  syncDirectory(directory: string): Promise<void>;
  /** What an unprivileged program may still write on this file system. */
  freeBytes(directory: string): Promise<number>;
  /** The whole of a small file; `undefined` when there is none. */
  readText(path: string): Promise<string | undefined>;
  /** Replaces a small file: a power cut leaves the old or the new. */
  replace(path: string, text: string): Promise<void>;
}
