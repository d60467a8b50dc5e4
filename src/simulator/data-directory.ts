import { makeDirectory } from '../lib/atomic-file.ts';
import { claimDirectory } from '../lib/claimed-directory.ts';
import type { Claim } from '../lib/claimed-directory.ts';
import type { Log } from '../lib/log.ts';

/** Says which, and in its cause why. */
export class DataDirectoryError extends Error {
  override readonly name = 'DataDirectoryError';

  constructor(directory: string, cause: unknown) {
    super(`cannot use the data directory ${directory}`, { cause });
  }
}

/**
 * Makes the directory and claims it: two simulators would each write over what the other has kept. Rejects with a
 * DataDirectoryError.
 */
export async function claimDataDirectory(directory: string, log: Log): Promise<Claim> {
  await usable(directory, makeDirectory(directory, 0o700));
  return usable(directory, claimDirectory(directory, log));
}

/** What work in the directory comes to; what goes wrong with its files is the directory's fault. */
export async function usable<T>(directory: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw new DataDirectoryError(directory, cause);
  }
}
