import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';

const maxBytes = 65_536;

/** The text of a file of at most 64 KB. Never waits for a pipe or a device: what is not a plain file is an error. */
export async function readSmallText(path: string, signal: AbortSignal): Promise<string> {
  // What /sys and /proc say of a file's size is not its size, so it counts only what is read.
  if (!(await stat(path)).isFile()) throw new Error('it is not a file');
  const chunks: Buffer[] = [];
  for await (const chunk of createReadStream(path, { end: maxBytes, signal }) as AsyncIterable<Buffer>)
    chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  if (bytes.length > maxBytes) throw new Error('it is larger than 64 KB: is this the right file?');
  return bytes.toString('utf8');
}
