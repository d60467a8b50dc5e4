import type { Call, Reply, Route } from './control-call.ts';
import { streamed } from './control-call.ts';
import { ServiceError } from './service-error.ts';

const anHourS = 3600;

/** The control API's paths to what devices have uploaded. */
export const blobRoutes: readonly Route[] = [
  { method: 'GET', path: '/simulator/blobs', handle: listBlobs },
  { method: 'GET', path: '/simulator/blobs/:name', handle: getBlob },
  { method: 'POST', path: '/simulator/blobs/:name', handle: grantUrl },
  {
    method: 'GET',
    path: '/simulator/file-uploads',
    handle: ({ fileUploads }) => ({ status: 200, body: fileUploads.since() }),
  },
];

function listBlobs({ blobs }: Call): Reply {
  const list = blobs.list().map(({ content, ...about }) => ({ ...about, bytes: content.length }));
  return { status: 200, body: list, headers: { 'x-dropped': String(blobs.dropped) } };
}

function getBlob({ blobs, params, response }: Call): typeof streamed {
  const [name = ''] = params;
  const blob = blobs.get(name);
  if (blob === undefined) throw new ServiceError('NotFound', `cannot find the blob ${name}`);
  response.writeHead(200, { 'content-type': blob.contentType, 'content-length': blob.content.length });
  response.end(blob.content);
  return streamed;
}

/** A URL with which anyone may write this blob for an hour, as an operator would make one. */
function grantUrl({ blobUrl, params }: Call): Reply {
  return { status: 201, body: { sasUrl: blobUrl(params[0] ?? '', anHourS) } };
}
