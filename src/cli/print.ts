import process from 'node:process';

/**
 * Writes to standard output, and waits until a reader that is slower has caught up. False: whoever read has gone, as
 * `head` does when it has enough.
 */
export function print(text: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const onError = (): void => undefined;
    // Told by the callback; without anybody to hear it, it would end the process as well.
    process.stdout.once('error', onError);
    process.stdout.write(text, (error) => {
      if (error === null || error === undefined) {
        process.stdout.off('error', onError);
        resolve(true);
      } else if ('code' in error && error.code === 'EPIPE') resolve(false);
      else reject(error);
    });
  });
}
