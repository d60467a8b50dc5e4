import type { ServerResponse } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text as it is, an object as JSON. */
  readonly body: string | object;
}

/** Why a request is answered with something else than it asked for. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  /** Further fields of the answer, beside `error`. */
  readonly details: object;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, { details = {}, headers = {} }: RefusalExtras = {}) {
    super(message);
    this.status = status;
    this.details = details;
    this.headers = headers;
  }
}

interface RefusalExtras {
  readonly details?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

export function refusalAnswer({ status, message, details, headers }: Refusal): Answer {
  return { status, headers, body: { error: message, ...details } };
}

/** A page that a browser was made to load must neither run nor read an answer. */
const always = { 'X-Content-Type-Options': 'nosniff', 'Cross-Origin-Resource-Policy': 'same-origin' };

export function send(response: ServerResponse, { status, headers = {}, body }: Answer): void {
  response.writeHead(status, { ...always, 'Content-Type': jsonType, ...headers });
  response.end(textOf(body));
}

/** The same for a connection that no request could be read from. */
export function rawAnswer({ status, body }: Answer, statusText: string): string {
  const text = textOf(body);
  const head = [
    `HTTP/1.1 ${status} ${statusText}`,
    `Content-Type: ${jsonType}`,
    `Content-Length: ${Buffer.byteLength(text)}`,
    'Connection: close',
  ];
  return `${head.join('\r\n')}\r\n\r\n${text}`;
}

const jsonType = 'application/json; charset=utf-8';

function textOf(body: string | object): string {
  return typeof body === 'string' ? body : `${JSON.stringify(body)}\n`;
}
