import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

/** The same, compressed as it comes. Throws what the source throws; a source that is no longer read is let go. */
export async function* gzipped(
  source: AsyncIterable<Buffer | string>,
): AsyncGenerator<Buffer, void, undefined> {
  const gzip = createGzip();
  // An error shows where the compressed bytes are read.
  const fed = pipeline(Readable.from(source, { objectMode: false }), gzip).catch(() => undefined);
  try {
    for await (const chunk of gzip as AsyncIterable<Buffer>) yield chunk;
  } finally {
    gzip.destroy();
    await fed;
  }
}
