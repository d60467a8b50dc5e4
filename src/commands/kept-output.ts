import type { Readable } from 'node:stream';

/** What a program has written, as far as it is kept. */
export interface KeptOutput {
  readonly text: string;
  /** All that came. */
  readonly bytes: number;
}

/** Reads to the end, so that a program need not wait, and keeps the first bytes. */
export class OutputKeeper {
  readonly #maxBytes: number;
  readonly #chunks: Buffer[] = [];
  #kept = 0;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  async read(stream: Readable): Promise<void> {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      this.#bytes += chunk.length;
      const part = chunk.subarray(0, this.#maxBytes - this.#kept);
      if (part.length === 0) continue;
      this.#chunks.push(part);
      this.#kept += part.length;
    }
  }

  get output(): KeptOutput {
    const bytes = Buffer.concat(this.#chunks, this.#kept);
    // A character that was cut in two at the end is left out; other bytes that are no UTF-8 become U+FFFD.
    const isCut = this.#bytes > this.#kept;
    const text = new TextDecoder().decode(bytes, { stream: isCut });
    return { text: fitting(text), bytes: this.#bytes };
  }
}

/** An answer has 128 KB (protocol.md 5.2), and a byte may take six as JSON. */
const maxJsonBytes = 50_000;

function fitting(text: string): string {
  let rest = text;
  for (let bytes = jsonBytes(rest); bytes > maxJsonBytes; bytes = jsonBytes(rest))
    rest = rest.slice(0, Math.floor((rest.length * maxJsonBytes) / bytes));
  return rest;
}

function jsonBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text));
}
