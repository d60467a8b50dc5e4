/** Where to read next; moved on by each reading. */
export interface Reading {
  readonly buffer: Buffer;
  at: number;
}

/** Writes a number in groups of seven bits, lowest first, and returns the bytes it takes; without a buffer only that. */
export function packNumber(buffer: Buffer | undefined, at: number, value: number): number {
  let bytes = 1;
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128), bytes += 1)
    buffer?.writeUInt8((rest % 128) | 0x80, at + bytes - 1);
  buffer?.writeUInt8(rest, at + bytes - 1);
  return bytes;
}

export function unpackNumber(from: Reading): number {
  let value = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = from.buffer.readUInt8(from.at);
    from.at += 1;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return value;
  }
}

/** The bytes of a text with its length before it. */
export function packedBytes(text: string): number {
  const bytes = Buffer.byteLength(text);
  return packNumber(undefined, 0, bytes) + bytes;
}

/** Returns where the text ends. */
export function packText(buffer: Buffer, at: number, text: string): number {
  const start = at + packNumber(buffer, at, Buffer.byteLength(text));
  return start + buffer.write(text, start, 'utf8');
}

export function unpackText(from: Reading): string {
  const length = unpackNumber(from);
  const start = from.at;
  from.at += length;
  return from.buffer.toString('utf8', start, from.at);
}
