import type { IncomingMessage } from 'node:http';

/** The whole body, always read to its end; `undefined` when it is larger than allowed, which is then not kept. */
export async function readAll(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  let chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= maxBytes) chunks.push(chunk);
    else chunks = [];
  }
  return bytes > maxBytes ? undefined : Buffer.concat(chunks, bytes);
}
