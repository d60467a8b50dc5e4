import { Transform } from 'node:stream';
import type { TransformCallback } from 'node:stream';

/**
 * Takes PUBACKs (MQTT 3.1.1, 3.4) out of what a server sends and passes everything else on, byte for byte. mqtt.js makes
 * some ten objects of each: 40 % of the agent's garbage while it sends.
 */
export class PubackTap extends Transform {
  readonly #take: (packetId: number) => boolean;
  /** How much is still to come of a packet that is passed on, in bytes. */
  #passing = 0;
  /** The beginning of a packet that does not say yet what it is. */
  #begun: Buffer | undefined;

  /** @param take whether the acknowledgement is its own; if not, it is passed on */
  constructor(take: (packetId: number) => boolean) {
    super();
    this.#take = take;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const bytes = this.#begun === undefined ? chunk : Buffer.concat([this.#begun, chunk]);
    this.#begun = undefined;
    let at = Math.min(this.#passing, bytes.length);
    this.#passing -= at;
    let from = 0;
    while (at < bytes.length) {
      const end = at + packetBytes(bytes, at);
      if (Number.isNaN(end) || (isPuback(bytes, at) && end > bytes.length)) {
        this.#begun = bytes.subarray(at);
        break;
      }
      if (isPuback(bytes, at) && this.#take(bytes.readUInt16BE(at + 2))) {
        this.#pass(bytes, from, at);
        from = end;
      }
      this.#passing = Math.max(0, end - bytes.length);
      at = Math.min(end, bytes.length);
    }
    this.#pass(bytes, from, at);
    done();
  }

  override _flush(done: TransformCallback): void {
    done(null, this.#begun);
  }

  #pass(bytes: Buffer, from: number, to: number): void {
    if (to > from) this.push(bytes.subarray(from, to));
  }
}

function isPuback(bytes: Buffer, at: number): boolean {
  return bytes[at] === 0x40 && bytes[at + 1] === 2;
}

/**
 * Of the packet that begins at `at` (MQTT 3.1.1, 2.2.3); NaN when its length has not come yet. One whose length makes no
 * sense does not end, and is for mqtt.js to complain of.
 */
function packetBytes(bytes: Buffer, at: number): number {
  let length = 0;
  for (let digit = 0; digit < 4; digit += 1) {
    const byte = bytes[at + 1 + digit];
    if (byte === undefined) return NaN;
    length += (byte & 0x7f) * 128 ** digit;
    if (byte < 0x80) return 2 + digit + length;
  }
  return Infinity;
}
