import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { Clock } from '../lib/clock.ts';
import type { FaultBook } from './faults.ts';
import type { FileUploads } from './file-upload.ts';
import type { Hub } from './hub.ts';
import { parseJson } from './json.ts';
import { presentedChain } from './presented-chain.ts';
import { readAll } from './request-body.ts';
import { ServiceError } from './service-error.ts';
import { serviceTime } from './timestamp.ts';

export interface FileUploadEndpointOptions {
  readonly hub: Hub;
  readonly uploads: FileUploads;
  readonly faults: FaultBook;
  readonly clock: Clock;
}

/** More than any request of a device has here. */
const maxBodyBytes = 64 * 1024;
const pattern =
  /^\/devices\/(?<device>[^/]+)\/files(?<finish>\/notifications(?:\/(?<correlationId>[^/]+))?)?\/?$/i;

/** What of a hub's HTTPS a device needs to upload files (protocol.md 3.9). Who it is, is judged as at CONNECT. */
export class FileUploadEndpoint {
  readonly #options: FileUploadEndpointOptions;

  constructor(options: FileUploadEndpointOptions) {
    this.#options = options;
  }

  /** Whether a path is for this endpoint. */
  serves(path: string): boolean {
    return pattern.test(path);
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { hub, faults, clock } = this.#options;
    const url = new URL(request.url ?? '/', 'https://hub');
    const parts = pattern.exec(url.pathname)?.groups ?? {};
    const step = parts['finish'] === undefined ? 'begin' : 'finish';
    try {
      const body = await readAll(request, maxBodyBytes);
      const device = decodeSegment(parts['device'] ?? '');
      const fault = faults.strike('file-upload-error', { service: 'hub', hub: hub.name, device, step });
      if (fault !== undefined) {
        const { status, retryAfter } = fault;
        response.writeHead(status, retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) });
        response.end();
        return;
      }
      this.#judge(request, url, device);
      if (body === undefined)
        throw new ServiceError('MessageTooLarge', `cannot read more than ${maxBodyBytes} bytes`);
      const json = parseJson(body.toString('utf8'));
      if (step === 'finish') {
        const inPath = parts['correlationId'];
        const id = inPath === undefined ? undefined : decodeSegment(inPath);
        this.#options.uploads.finish(hub.name, device, json, id);
        response.writeHead(204).end();
      } else {
        sendJson(response, 200, this.#options.uploads.begin(hub.name, device, json));
      }
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      sendError(response, error, serviceTime(clock.now()));
    }
  }

  #judge(request: IncomingMessage, url: URL, device: string): void {
    if (request.method !== 'POST')
      throw new ServiceError('ArgumentInvalid', `cannot ${request.method ?? ''} files: only POST`);
    if (!/^20\d\d-\d\d-\d\d(-preview)?$/.test(url.searchParams.get('api-version') ?? ''))
      throw new ServiceError('ArgumentInvalid', 'cannot go on without an api-version');
    const { socket } = request;
    const chain = socket instanceof TLSSocket ? presentedChain(socket) : undefined;
    const verdict = this.#options.hub.judgeDevice(device, { password: request.headers.authorization, chain });
    if (!verdict.accepted)
      throw new ServiceError('Unauthorized', `cannot let ${device} upload a file: ${verdict.reason}`);
  }
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (cause) {
    throw new ServiceError('ArgumentInvalid', `cannot read ${segment} in the path`, { cause });
  }
}

/** As IoT Hub's REST API says it (protocol.md 8.1). */
function sendError(response: ServerResponse, error: ServiceError, time: string): void {
  const trackingId = randomUUID().replaceAll('-', '').toUpperCase();
  const { code: errorCode, message } = error;
  const details = JSON.stringify({ errorCode, trackingId, message, timestampUtc: time });
  response.setHeader('iothub-errorcode', error.errorName);
  sendJson(response, error.status, { Message: details, ExceptionMessage: '' });
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(body));
}
