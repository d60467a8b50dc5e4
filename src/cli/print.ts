import process from 'node:process';
import { CommandError } from './usage.ts';

/**
 * Writes to standard output, and waits until a reader that is slower has caught up: the program ends itself, and what its
 * streams still held then would be lost. False: whoever read has gone, as `head` does when it has enough. Rejects with a
 * CommandError when it cannot be written, as onto a disk that is full.
 */
export function print(text: string | Uint8Array): Promise<boolean> {
  return written(process.stdout, 'standard output', text);
}

/** The same for standard error. */
export function printError(text: string): Promise<boolean> {
  return written(process.stderr, 'standard error', text);
}

/** For whoever cannot wait for each: prints one after the other. */
export class Printout {
  #last = Promise.resolve(true);

  /** As `print`. What it rejects with is told by `printed`, too. */
  add(text: string): Promise<boolean> {
    const added = this.#last.then((isRead) => isRead && print(text));
    added.catch(() => undefined);
    this.#last = added;
    return added;
  }

  /** Of the last that was added. */
  printed(): Promise<boolean> {
    return this.#last;
  }
}

async function written(
  stream: NodeJS.WriteStream,
  name: string,
  text: string | Uint8Array,
): Promise<boolean> {
  // A failure is told by the callback or, of a file, thrown; without anybody to hear it, it would end the process as well.
  const onError = (): void => undefined;
  stream.once('error', onError);
  try {
    await new Promise<void>((resolve, reject) => {
      stream.write(text, (error) => {
        if (error === null || error === undefined) resolve();
        else reject(error);
      });
    });
    stream.off('error', onError);
    return true;
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EPIPE') return false;
    throw new CommandError(`cannot write to ${name}`, { cause });
  }
}
