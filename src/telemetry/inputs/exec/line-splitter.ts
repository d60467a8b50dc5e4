/** What stands between two line ends: its bytes, or how many there were if they are too many to be kept. */
export type Line = { readonly bytes: Buffer } | { readonly droppedBytes: number };

/** Cuts a stream of bytes into lines, keeping at most `maxBytes` of one. */
export class LineSplitter {
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The lines that this chunk brings to an end, without their line feeds. */
  *push(chunk: Buffer): Generator<Line, void, undefined> {
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
      this.#keep(chunk.subarray(start, end));
      start = end + 1;
      yield this.#take();
    }
    this.#keep(chunk.subarray(start));
  }

  /** What came after the last line feed; `undefined` if that was nothing. */
  rest(): Line | undefined {
    return this.#length === 0 ? undefined : this.#take();
  }

  #keep(part: Buffer): void {
    if (part.length === 0) return;
    this.#length += part.length;
    // A line that is cut short could be read as something it does not say, so it is dropped as a whole.
    if (this.#length <= this.#maxBytes) this.#parts.push(part);
    else this.#parts = [];
  }

  #take(): Line {
    const line =
      this.#length > this.#maxBytes
        ? { droppedBytes: this.#length }
        : { bytes: Buffer.concat(this.#parts, this.#length) };
    this.#parts = [];
    this.#length = 0;
    return line;
  }
}

const lineFeed = 0x0a;

/** Throws when the bytes are not UTF-8. */
export function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    const shown = JSON.stringify(Buffer.from(bytes.subarray(0, 60)).toString('latin1'));
    throw new Error(`cannot read ${shown}: expected UTF-8 text`, { cause });
  }
}
