import { createConnection, createServer } from 'node:net';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { makeDirectory, removeFile } from '../lib/atomic-file.ts';
import { describeError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';

/** Says which, and in its cause why. */
export class DataDirectoryError extends Error {
  override readonly name = 'DataDirectoryError';

  constructor(directory: string, cause: unknown) {
    super(`cannot use the data directory ${directory}`, { cause });
  }
}

/** A data directory that no other simulator takes until it is released. */
export interface Claim {
  release(): Promise<void>;
}

/** In bytes; macOS takes 103, Linux 107. */
const longestSocketPath = 103;

/**
 * Makes the directory and claims it: two simulators would each write over what the other has kept. The claim is a socket
 * in it, since a process that is killed leaves no more of one than a file that nobody answers. Where no socket can be, the
 * directory is not guarded. Rejects with a DataDirectoryError.
 */
export async function claimDataDirectory(directory: string, log: Log): Promise<Claim> {
  await usable(directory, makeDirectory(directory, 0o700));
  const path = join(directory, 'in-use.sock');
  if (Buffer.byteLength(path) > longestSocketPath) return { release: () => Promise.resolve() };
  try {
    const server = (await listening(path)) ?? (await insteadOfTheLast(directory, path));
    return { release: () => closed(server) };
  } catch (error) {
    if (error instanceof DataDirectoryError) throw error;
    log.info(
      { path, reason: describeError(error) },
      'the data directory is not guarded from other simulators',
    );
    return { release: () => Promise.resolve() };
  }
}

/** What work in the directory comes to; what goes wrong with its files is the directory's fault. */
export async function usable<T>(directory: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw new DataDirectoryError(directory, cause);
  }
}

async function insteadOfTheLast(directory: string, path: string): Promise<Server> {
  if (await isAnswered(path)) throw new DataDirectoryError(directory, new Error('another simulator uses it'));
  await removeFile(path);
  const server = await listening(path);
  if (server !== undefined) return server;
  throw new DataDirectoryError(directory, new Error('another simulator has just taken it'));
}

/** `undefined`: there is a socket already. */
function listening(path: string): Promise<Server | undefined> {
  const server = createServer((caller) => caller.destroy()).unref();
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(path, () => {
      resolve(server);
    });
  });
}

function isAnswered(path: string): Promise<boolean> {
  const caller = createConnection(path);
  return new Promise((resolve) => {
    caller.once('connect', () => {
      caller.destroy();
      resolve(true);
    });
    caller.once('error', () => {
      resolve(false);
    });
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
  });
}
