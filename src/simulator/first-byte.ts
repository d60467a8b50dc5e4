import type { Duplex } from 'node:stream';

/**
 * Resolves with the first byte that comes, which stays to be read; the stream is paused then. Resolves with `undefined`
 * when it ends or closes without one.
 */
export function firstByte(stream: Duplex): Promise<number | undefined> {
  return new Promise((resolve) => {
    const settle = (byte: number | undefined): void => {
      stream.off('readable', onReadable);
      stream.off('close', onEnd);
      stream.off('end', onEnd);
      resolve(byte);
    };
    const onReadable = (): void => {
      const chunk = stream.read() as Buffer | null;
      if (chunk === null) return;
      stream.unshift(chunk);
      settle(chunk[0]);
    };
    const onEnd = (): void => {
      settle(undefined);
    };
    stream.on('readable', onReadable);
    stream.once('close', onEnd);
    stream.once('end', onEnd);
  });
}
