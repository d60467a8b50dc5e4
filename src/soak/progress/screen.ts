/** The last lines of a terminal, rewritten in place; whatever else is said scrolls by above them. */
export class Screen {
  readonly #write: (text: string) => void;
  #lines: readonly string[] = [];

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** @param lines none of them longer than the terminal is wide */
  show(lines: readonly string[]): void {
    this.#write(this.#erasure() + joined(lines));
    this.#lines = lines;
  }

  /** @param text whole lines */
  say(text: string): void {
    this.#write(this.#erasure() + text + joined(this.#lines));
  }

  /** Up to where the first line begins, and nothing from there on. */
  #erasure(): string {
    return this.#lines.length === 0 ? '' : `\u001B[${this.#lines.length}A\r\u001B[J`;
  }
}

function joined(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
