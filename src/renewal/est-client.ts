import { request } from 'node:https';
import type { RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { CloudError } from '../cloud-error.ts';
import type { Clock } from '../lib/clock.ts';
import { withDeadline } from '../lib/deadline.ts';
import type { Secret } from '../lib/secret.ts';

/** A certificate and its key, as TLS takes them: PEM. */
export interface ClientCertificate {
  readonly certificate: string;
  readonly privateKey: Secret;
}

export interface EstServer {
  /** `https://host[:port]`, or with the whole path up to an optional label: `https://host/.well-known/est/label`. */
  readonly url: string;
  /** PEM certificates of the authorities to trust, and no others; without them Node's own roots. */
  readonly trusted?: readonly string[] | undefined;
  readonly basic?: { readonly username: string; readonly password: Secret } | undefined;
}

export type Enrollment = 'simpleenroll' | 'simplereenroll';

const deadlineMs = 60_000;
const maxAnswerBytes = 1_048_576;
const shownBytes = 200;

/**
 * The three operations of EST (RFC 7030) that a device needs. Each call is one connection of its own, verified, over
 * after 60 s; each rejects with a CloudError (`EST-…`), or with the signal's reason when aborted. Answers are DER.
 */
export class EstClient {
  readonly #server: EstServer;
  readonly #clock: Clock;

  constructor(server: EstServer, clock: Clock) {
    this.#server = server;
    this.#clock = clock;
  }

  /** The authorities' certificates, as a PKCS#7 message (RFC 7030, 4.1). */
  authorities(signal: AbortSignal): Promise<Buffer> {
    return this.#call('cacerts', { method: 'GET' }, undefined, signal);
  }

  /**
   * Hands in a PKCS#10 request (RFC 7030, 4.2); resolves with a PKCS#7 message that holds the certificate. A server that
   * wants to be asked again later (202) is an EST-PENDING with `retryAfterMs`.
   */
  enroll(
    operation: Enrollment,
    csr: Buffer,
    client: ClientCertificate | undefined,
    signal: AbortSignal,
  ): Promise<Buffer> {
    const headers = {
      'Content-Type': 'application/pkcs10',
      'Content-Transfer-Encoding': 'base64',
      ...basicAuthorization(this.#server.basic),
    };
    const own = client === undefined ? {} : { cert: client.certificate, key: client.privateKey.reveal() };
    return this.#call(operation, { method: 'POST', headers, ...own }, base64Lines(csr), signal);
  }

  async #call(
    operation: Enrollment | 'cacerts',
    options: RequestOptions,
    body: string | undefined,
    signal: AbortSignal,
  ): Promise<Buffer> {
    const url = `${baseOf(this.#server.url)}/${operation}`;
    const doing = `get ${operation} from ${url}`;
    const late = new CloudError('EST-UNREACHABLE', doing, {
      cause: new Error(`there was no answer within ${deadlineMs / 1000} s`),
    });
    return withDeadline(this.#clock, deadlineMs, late, signal, async (limit) => {
      const { status, reason, headers, content } = await this.#exchange(url, options, body, doing, limit);
      if (status === 200) return decode(content, doing);
      const retryAfterMs = parseRetryAfter(headers['retry-after'], this.#clock.now());
      const code = status === 202 ? 'EST-PENDING' : 'EST-REFUSED';
      throw new CloudError(code, doing, {
        cause: new Error(describeAnswer(status, reason, content)),
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      });
    });
  }

  async #exchange(
    url: string,
    options: RequestOptions,
    body: string | undefined,
    doing: string,
    signal: AbortSignal,
  ): Promise<Answer> {
    const { trusted } = this.#server;
    try {
      return await exchange(
        url,
        {
          ...options,
          ...(trusted === undefined ? {} : { ca: [...trusted] }),
          minVersion: 'TLSv1.2',
          rejectUnauthorized: true,
          agent: false,
          signal,
        },
        body,
      );
    } catch (cause) {
      if (signal.aborted) throw signal.reason;
      if (cause instanceof CloudError) throw cause;
      throw new CloudError(codeFor(cause), doing, { cause });
    }
  }
}

/** Milliseconds of a `Retry-After`, seconds or a date (RFC 9110, 10.2.3); `undefined` when it says neither. */
export function parseRetryAfter(header: string | undefined, now: Date): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now.getTime());
}

interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly headers: IncomingMessage['headers'];
  readonly content: Buffer;
}

function exchange(url: string, options: RequestOptions, body: string | undefined): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sending = request(url, options, (incoming) => {
      collect(incoming).then(resolve, reject);
    });
    sending.on('error', reject);
    sending.end(body);
  });
}

async function collect(incoming: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxAnswerBytes) throw new Error(`the answer is longer than ${maxAnswerBytes} bytes`);
    chunks.push(chunk);
  }
  const { statusCode = 0, statusMessage = '', headers } = incoming;
  return { status: statusCode, reason: statusMessage, headers, content: Buffer.concat(chunks) };
}

/** Base64 as RFC 8951 has it; some servers send the bytes as they are, or PEM. */
function decode(content: Buffer, doing: string): Buffer {
  const sequenceTag = 0x30;
  const isDer = content[0] === sequenceTag && content.some((byte) => byte > 0x7f);
  if (isDer) return content;
  const text = content.toString('latin1').replace(/-----[A-Z0-9 ]+-----|\s/g, '');
  if (text !== '' && /^[A-Za-z0-9+/]+=*$/.test(text)) return Buffer.from(text, 'base64');
  const cause = new Error(`it is not base64, and begins "${excerpt(content)}"`);
  throw new CloudError('EST-ANSWER', doing, { cause });
}

function base64Lines(der: Buffer): string {
  return `${der
    .toString('base64')
    .replace(/(.{64})/g, '$1\r\n')
    .trimEnd()}\r\n`;
}

function baseOf(url: string): string {
  const { origin, pathname } = new URL(url);
  const path = pathname.replace(/\/+$/, '');
  return `${origin}${path === '' ? '/.well-known/est' : path}`;
}

function basicAuthorization(basic: EstServer['basic']): Record<string, string> {
  if (basic === undefined) return {};
  const pair = `${basic.username}:${basic.password.reveal()}`;
  return { Authorization: `Basic ${Buffer.from(pair, 'utf8').toString('base64')}` };
}

function describeAnswer(status: number, reason: string, content: Buffer): string {
  const said = excerpt(content);
  return [`it answered ${status}`, reason, said === '' ? '' : `"${said}"`].filter(Boolean).join(' ');
}

/** What a person can read of it: the beginning, on one line. */
function excerpt(content: Buffer): string {
  return content
    .subarray(0, shownBytes)
    .toString('utf8')
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim();
}

function codeFor(error: unknown): 'EST-REFUSED' | 'EST-UNREACHABLE' | 'CERT-UNUSABLE' {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  // OpenSSL on the certificate and key that are to be shown.
  if (code.startsWith('ERR_OSSL_')) return 'CERT-UNUSABLE';
  return refusalAlerts.test(code) ? 'EST-REFUSED' : 'EST-UNREACHABLE';
}

/** Alerts by which a server refuses the certificate it was shown. */
const refusalAlerts =
  /^ERR_SSL_.*ALERT_(BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_|UNKNOWN_CA|ACCESS_DENIED)/;
