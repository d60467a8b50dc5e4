import type { IncomingMessage, ServerResponse } from 'node:http';
import { describeError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { BlobEndpoint } from './blob-endpoint.ts';
import type { FileUploadEndpoint } from './file-upload-endpoint.ts';

export interface HttpDeskOptions {
  readonly hubName: string;
  readonly files: FileUploadEndpoint;
  readonly blobs: BlobEndpoint;
  readonly log: Log;
}

/** Takes the HTTPS requests that come by a hub's port and are no WebSockets: file uploads, and the blobs they go to. */
export function httpDesk({
  hubName,
  files,
  blobs,
  log,
}: HttpDeskOptions): (request: IncomingMessage, response: ServerResponse) => void {
  const serve = (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [path = '/'] = (request.url ?? '/').split('?');
    if (blobs.serves(path)) return blobs.serve(request, response, hubName);
    if (files.serves(path)) return files.serve(request, response);
    response.writeHead(404, { connection: 'close' }).end();
    return Promise.resolve();
  };
  return (request, response) => {
    serve(request, response).catch((error: unknown) => {
      if (!request.complete) return;
      log.error({ reason: describeError(error) }, 'an HTTPS request failed');
      request.socket.destroy();
    });
  };
}
