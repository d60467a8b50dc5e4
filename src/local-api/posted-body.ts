import { isAscii, isUtf8 } from 'node:buffer';

/** What was posted, in the pieces that it came in. */
export class PostedBody {
  readonly #pieces: readonly Buffer[];

  constructor(pieces: readonly Buffer[]) {
    this.#pieces = pieces;
  }

  get bytes(): Buffer {
    const [only] = this.#pieces;
    return this.#pieces.length === 1 && only !== undefined ? only : Buffer.concat(this.#pieces);
  }

  /**
   * Its text in pieces, without a byte order mark; `undefined` if it is not UTF-8. Each piece is read by itself, since to
   * make one text of them takes as long as everything else that is done with it; and as Latin-1, if that is the same,
   * several times as fast.
   */
  get texts(): readonly string[] | undefined {
    if (this.#pieces.every((piece) => isAscii(piece)))
      return this.#pieces.map((piece) => piece.toString('latin1'));
    const { bytes } = this;
    if (!isUtf8(bytes)) return undefined;
    const text = bytes.toString('utf8');
    return [text.startsWith('\uFEFF') ? text.slice(1) : text];
  }
}
