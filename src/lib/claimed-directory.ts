import { createConnection, createServer } from 'node:net';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { removeFile } from './atomic-file.ts';
import { describeError } from './errors.ts';
import type { Log } from './log.ts';

/** Another process has claimed the directory. */
export class DirectoryInUseError extends Error {
  override readonly name = 'DirectoryInUseError';
}

/** A directory that no other process claims until it is released. */
export interface Claim {
  release(): Promise<void>;
}

/** In bytes; macOS takes 103, Linux 107. */
const longestSocketPath = 103;

const unguarded: Claim = { release: () => Promise.resolve() };

/**
 * Claims a directory whose files only one process may write. The claim is a socket in it, since a process that is killed
 * leaves no more of one than a file that nobody answers, and since it holds between containers that share a volume. Where
 * no socket can be, the directory is not guarded, which is logged. Rejects with a DirectoryInUseError.
 */
export async function claimDirectory(directory: string, log: Log): Promise<Claim> {
  const path = join(directory, 'in-use.sock');
  try {
    if (Buffer.byteLength(path) > longestSocketPath) throw new Error('its path is too long for a socket');
    const server = (await listening(path)) ?? (await insteadOfTheLast(path));
    return { release: () => closed(server) };
  } catch (error) {
    if (error instanceof DirectoryInUseError) throw error;
    log.debug({ path, reason: describeError(error) }, `cannot guard ${directory} from another process`);
    return unguarded;
  }
}

async function insteadOfTheLast(path: string): Promise<Server> {
  if (await isAnswered(path)) throw new DirectoryInUseError('another process uses it');
  await removeFile(path);
  const server = await listening(path);
  if (server !== undefined) return server;
  throw new DirectoryInUseError('another process has just taken it');
}

/** `undefined`: there is a socket already. */
function listening(path: string): Promise<Server | undefined> {
  const server = createServer((caller) => caller.destroy()).unref();
  return new Promise((resolve, reject) => {
    // Not once: a caller who cannot be accepted later, for want of descriptors, say, takes nothing from the claim.
    server.on('error', (error: NodeJS.ErrnoException) => {
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
