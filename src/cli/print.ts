import process from 'node:process';

/**
 * Writes to standard output, and waits until a reader that is slower has caught up. False: whoever read has gone, as
 * `head` does when it has enough.
 */
export function print(text: string | Uint8Array): Promise<boolean> {
  return written(process.stdout, text);
}

/** The same for standard error. */
export function printError(text: string): Promise<boolean> {
  return written(process.stderr, text);
}

function written(stream: NodeJS.WriteStream, text: string | Uint8Array): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const onError = (): void => undefined;
    // Told by the callback; without anybody to hear it, it would end the process as well.
    stream.once('error', onError);
    stream.write(text, (error) => {
      if (error === null || error === undefined) {
        stream.off('error', onError);
        resolve(true);
      } else if ('code' in error && error.code === 'EPIPE') resolve(false);
      else reject(error);
    });
  });
}
