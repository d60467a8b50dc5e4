import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../lib/clock.ts';
import { BlobError, container } from './blob-store.ts';
import type { Blob, BlobStore } from './blob-store.ts';
import type { FaultBook, FaultScope } from './faults.ts';
import { readAll } from './request-body.ts';

export interface BlobEndpointOptions {
  readonly blobs: BlobStore;
  readonly faults: FaultBook;
  readonly clock: Clock;
}

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

/** The part of Azure Storage's REST API that uploads use: Put Blob, Put Block, Put Block List and Get Blob. */
export class BlobEndpoint {
  readonly #options: BlobEndpointOptions;

  constructor(options: BlobEndpointOptions) {
    this.#options = options;
  }

  /** Whether a path is for this endpoint. */
  serves(path: string): boolean {
    return path.startsWith(`/${container}/`);
  }

  async serve(request: IncomingMessage, response: ServerResponse, hub: string): Promise<void> {
    const url = new URL(request.url ?? '/', 'https://blob');
    const name = blobNameOf(url.pathname);
    const scope: FaultScope = { hub, device: name?.split('/')[0] ?? '' };
    const { faults, clock } = this.#options;
    const gone = new AbortController();
    response.once('close', () => {
      gone.abort(new Error('the client has gone'));
    });
    let answer: Answer;
    try {
      answer = await this.#answer(request, url, name, scope);
    } catch (error) {
      if (!(error instanceof BlobError)) throw error;
      answer = errorAnswer(error);
    }
    if (faults.strike('blob-drop', scope) !== undefined) {
      request.socket.destroy();
      return;
    }
    const slow = faults.strike('blob-slow', scope);
    if (slow !== undefined) await clock.sleep(slow.ms, gone.signal).catch(() => undefined);
    if (gone.signal.aborted) return;
    const { status, headers, body = '' } = answer;
    response.writeHead(status, {
      'x-ms-request-id': randomUUID(),
      'x-ms-version': '2018-03-28',
      'content-length': Buffer.byteLength(body),
      ...headers,
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  async #answer(
    request: IncomingMessage,
    url: URL,
    name: string | undefined,
    scope: FaultScope,
  ): Promise<Answer> {
    const { blobs, faults } = this.#options;
    // Read to its end even if it will be refused: an answer in the middle of a body is lost on its sender.
    const body = await readAll(request, blobs.limits.maxBlobBytes);
    if (name === undefined) throw new BlobError(400, 'InvalidUri', 'the path is not that of a blob');
    this.#authorize(name, url.searchParams, request.method ?? '');
    const fault = faults.strike('blob-error', scope);
    if (fault !== undefined)
      throw new BlobError(fault.status, 'ServerBusy', `fault: the answer is ${fault.status}`);
    if (body === undefined) throw blobs.tooLarge();
    if (request.method === 'PUT') return this.#put(request, url.searchParams, name, body);
    const blob = blobs.get(name);
    if (blob === undefined) throw new BlobError(404, 'BlobNotFound', 'there is no such blob');
    return { status: 200, headers: { 'content-type': blob.contentType, ...tags(blob) }, body: blob.content };
  }

  #authorize(name: string, query: URLSearchParams, method: string): void {
    if (!['PUT', 'GET', 'HEAD'].includes(method))
      throw new BlobError(405, 'UnsupportedHttpVerb', `the method ${method} is not served`);
    const verdict = this.#options.blobs.check(name, query, method === 'PUT' ? ['c', 'w'] : ['r']);
    if (verdict === 'valid') return;
    if (verdict === 'not allowed')
      throw new BlobError(403, 'AuthorizationPermissionMismatch', 'the signature does not allow this');
    throw new BlobError(403, 'AuthenticationFailed', `the signature is not accepted: ${verdict}`);
  }

  #put({ headers }: IncomingMessage, query: URLSearchParams, name: string, body: Buffer): Answer {
    const { blobs } = this.#options;
    if (headers['content-length'] === undefined)
      throw new BlobError(411, 'MissingContentLengthHeader', 'there is no Content-Length');
    const type =
      text(headers['x-ms-blob-content-type']) ?? headers['content-type'] ?? 'application/octet-stream';
    const ifNoneMatch = headers['if-none-match'];
    switch (query.get('comp')) {
      case null:
        if (headers['x-ms-blob-type'] !== 'BlockBlob')
          throw new BlobError(400, 'MissingRequiredHeader', 'x-ms-blob-type must be BlockBlob');
        return { status: 201, headers: tags(blobs.put(name, body, type, ifNoneMatch)) };
      case 'block':
        blobs.putBlock(name, query.get('blockid') ?? '', body);
        return { status: 201 };
      case 'blocklist': {
        const ids = blockIds(body.toString('utf8'));
        return { status: 201, headers: tags(blobs.putBlockList(name, ids, type, ifNoneMatch)) };
      }
      default:
        throw new BlobError(400, 'InvalidQueryParameterValue', 'comp is neither block nor blocklist');
    }
  }
}

function blobNameOf(path: string): string | undefined {
  try {
    const name = decodeURIComponent(path.slice(container.length + 2));
    return name === '' || name.length > 1024 ? undefined : name;
  } catch {
    // Not percent-encoding, so no name.
    return undefined;
  }
}

/** `<BlockList><Latest>ID</Latest>…</BlockList>`; `Committed` blocks are not kept. */
function blockIds(xml: string): string[] {
  if (!/<BlockList>[\s\S]*<\/BlockList>/.test(xml))
    throw new BlobError(400, 'InvalidXmlDocument', 'the body is not a BlockList');
  return [...xml.matchAll(/<(Latest|Uncommitted)>([^<]*)<\/\1>/g)].map(([, , id]) => id ?? '');
}

function tags({ etag, lastModified }: Blob): Record<string, string> {
  return { etag, 'last-modified': new Date(lastModified).toUTCString() };
}

function errorAnswer({ status, code, message }: BlobError): Answer {
  const body = `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return { status, headers: { 'content-type': 'application/xml', 'x-ms-error-code': code }, body };
}

function text(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
