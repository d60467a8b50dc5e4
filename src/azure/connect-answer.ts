/** What a proxy answers to CONNECT (RFC 9110, 9.3.6). */
export interface ConnectAnswer {
  readonly status: number;
  readonly reason: string;
  /** Bytes that came after the answer and belong to the tunnel. */
  readonly rest: Buffer;
}

/** More than any proxy says in its header; an answer that goes on for ever must not fill the memory. */
const maxBytes = 16 * 1024;
const endOfHead = '\r\n\r\n';

/** Reads the head of the answer as it comes in, in pieces of any size. */
export class ConnectAnswerReader {
  #read = Buffer.alloc(0);

  /** Returns the answer once its head is complete. Throws when it is too long, or no HTTP. */
  take(chunk: Buffer): ConnectAnswer | undefined {
    this.#read = Buffer.concat([this.#read, chunk]);
    const end = this.#read.indexOf(endOfHead);
    if (end > maxBytes || (end < 0 && this.#read.length > maxBytes))
      throw new Error(`the answer to CONNECT is longer than ${maxBytes} bytes`);
    if (end < 0) {
      requireHttp(this.#read.toString('latin1'));
      return undefined;
    }
    const [statusLine = ''] = this.#read.toString('latin1', 0, end).split('\r\n');
    const [, status, reason = ''] = /^HTTP\/1\.[01] (\d{3})(?: (.*))?$/.exec(statusLine) ?? [];
    if (status === undefined) throw notHttp(statusLine);
    return {
      status: Number(status),
      reason: printable(reason),
      rest: this.#read.subarray(end + endOfHead.length),
    };
  }
}

/** Told as soon as it is certain: what is no HTTP may never have an end. */
function requireHttp(begin: string): void {
  const expected = 'HTTP/1.';
  if (!expected.startsWith(begin.slice(0, expected.length))) throw notHttp(begin);
}

function notHttp(begin: string): Error {
  return new Error(`the answer to CONNECT is not HTTP: ${JSON.stringify(printable(begin))}`);
}

/** Short, and nothing in it that could forge a line of a log. */
function printable(text: string): string {
  return text.slice(0, 80).replace(/[^\x20-\x7e]/g, '?');
}
