import { request as httpRequest } from 'node:http';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';

export interface TextRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly maxBytes: number;
  /** PEM certificates of the authorities to trust, and no others; absent: Node's own. */
  readonly trusted?: readonly string[] | undefined;
}

/**
 * Gets a text by HTTP, on a connection of its own, TLS verified. Rejects for any answer but 200, for one that is
 * compressed or longer than `maxBytes` (it reads no further), and as soon as the signal is aborted. Redirects are not
 * followed: whoever answers must not send the headers' secrets elsewhere.
 */
export async function fetchText(asked: TextRequest, signal: AbortSignal): Promise<string> {
  const answer = await send(asked, signal);
  try {
    checkHead(answer, asked.url);
    return await collect(answer, asked.maxBytes);
  } finally {
    answer.destroy();
  }
}

/** A URL for messages: what follows a question mark may be a secret. */
export function shownUrl(url: string, base?: string): string {
  if (!URL.canParse(url, base)) return '(no URL)';
  const { protocol, host, pathname, search } = new URL(url, base);
  return `${protocol}//${host}${pathname}${search === '' ? '' : '?…'}`;
}

function send({ url, headers, trusted }: TextRequest, signal: AbortSignal): Promise<IncomingMessage> {
  const options: RequestOptions = {
    method: 'GET',
    headers: { ...headers, 'Accept-Encoding': 'identity' },
    agent: false,
    signal,
  };
  const tls = {
    ...options,
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
    ...(trusted === undefined ? {} : { ca: [...trusted] }),
  } as const;
  return new Promise((resolve, reject) => {
    const isTls = new URL(url).protocol === 'https:';
    const sending = isTls ? httpsRequest(url, tls, resolve) : httpRequest(url, options, resolve);
    sending.on('error', (error) => {
      reject(explained(error));
    });
    sending.end();
  });
}

function checkHead({ statusCode = 0, statusMessage = '', headers }: IncomingMessage, url: string): void {
  const { location, 'content-encoding': encoding = 'identity' } = headers;
  if (statusCode >= 300 && statusCode < 400 && location !== undefined)
    throw new Error(`it answered ${statusCode} and points to ${shownUrl(location, url)}: write that as url`);
  if (statusCode !== 200) throw new Error(`it answered ${[statusCode, statusMessage].join(' ').trim()}`);
  if (encoding.toLowerCase() !== 'identity')
    throw new Error(`the answer is compressed (${encoding}), unasked`);
}

async function collect(answer: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes)
      throw new Error(`the answer is longer than ${maxBytes} bytes: raise max_bytes if it may be`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** OpenSSL's words for a server that nobody vouches for. */
const untrusted =
  /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?)$/;

function explained(error: Error): Error {
  const code = 'code' in error ? String(error.code) : '';
  if (!untrusted.test(code)) return error;
  return new Error('the server’s certificate is not of a trusted authority: name that in trusted_certs', {
    cause: error,
  });
}
