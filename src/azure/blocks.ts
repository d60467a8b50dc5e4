/** Cuts a stream of bytes into blocks of one size, the last of which may be smaller; none for a stream without bytes. */
export async function* blocksOf(
  content: AsyncIterable<Uint8Array>,
  blockBytes: number,
): AsyncGenerator<Buffer, void, undefined> {
  let parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of content) {
    let rest = chunk;
    while (length + rest.length >= blockBytes) {
      const taken = rest.subarray(0, blockBytes - length);
      rest = rest.subarray(taken.length);
      yield Buffer.concat([...parts, taken], blockBytes);
      [parts, length] = [[], 0];
    }
    if (rest.length === 0) continue;
    parts.push(rest);
    length += rest.length;
  }
  if (length > 0) yield Buffer.concat(parts, length);
}
