import type { Call, Reply, Route } from './control-call.ts';
import { streamed } from './control-call.ts';
import type { FaultInput } from './faults.ts';
import type { DeviceMessage } from './message.ts';
import { ServiceError } from './service-error.ts';

/** The simulator's own paths, which no real service has. */
export const simulatorRoutes: readonly Route[] = [
  { method: 'GET', path: '/simulator/messages', handle: messages },
  { method: 'GET', path: '/simulator/connections', handle: connections },
  { method: 'GET', path: '/simulator/hubs', handle: hubs },
  {
    method: 'GET',
    path: '/simulator/faults',
    handle: ({ faults }) => ({ status: 200, body: faults.list() }),
  },
  { method: 'POST', path: '/simulator/faults', handle: addFault },
  {
    method: 'DELETE',
    path: '/simulator/faults',
    handle: async ({ faults }) => ({ status: 200, body: { cleared: await faults.clear() } }),
  },
  { method: 'DELETE', path: '/simulator/faults/:id', handle: clearFault },
  {
    method: 'GET',
    path: '/simulator/certificates',
    handle: ({ registry }) => ({ status: 200, body: Object.fromEntries(registry.certificates()) }),
  },
  { method: 'PUT', path: '/simulator/certificates/:name', handle: putCertificate },
  { method: 'DELETE', path: '/simulator/certificates/:name', handle: deleteCertificate },
];

function messages(call: Call): Reply | typeof streamed | Promise<typeof streamed> {
  const since = sequenceOf(call);
  if (call.request.headers.accept?.includes('text/event-stream') === true) return stream(call, since);
  return {
    status: 200,
    contentType: 'application/x-ndjson',
    headers: { 'x-dropped': String(call.messages.dropped) },
    body: call.messages
      .since(since)
      .map((message) => `${JSON.stringify(message)}\n`)
      .join(''),
  };
}

/** One event a message; its ID is the sequence number, so that a browser that reconnects misses nothing. */
async function stream(
  { messages: journal, response, signal }: Call,
  since: number,
): Promise<typeof streamed> {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.flushHeaders();
  for await (const message of journal.follow(since, signal)) {
    if (!response.write(eventOf(message))) await drained(response, signal);
  }
  response.end();
  return streamed;
}

function eventOf(message: DeviceMessage): string {
  return `id: ${message.sequence}\ndata: ${JSON.stringify(message)}\n\n`;
}

async function drained(response: Call['response'], signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    response.once('drain', done);
    signal.addEventListener('abort', done, { once: true });
  });
}

function sequenceOf({ query, request }: Call): number {
  const text = query.get('since') ?? request.headers['last-event-id'] ?? '0';
  const sequence = Number(text);
  if (Number.isSafeInteger(sequence) && sequence >= 0) return sequence;
  throw new ServiceError('ArgumentInvalid', `cannot use since=${String(text)}: it must be a sequence number`);
}

function connections({ connections: log }: Call): Reply {
  return { status: 200, body: { current: log.current(), history: log.history(), dropped: log.dropped } };
}

function hubs({ registry, scopeId }: Call): Reply {
  const list = registry.hubs.map(({ name, port, store, connected }) => ({
    name,
    port,
    devices: store.size,
    connected,
  }));
  return { status: 200, body: { scopeId, hubs: list } };
}

function addFault({ faults, body }: Call): Reply {
  try {
    return { status: 201, body: faults.add(body as unknown as FaultInput) };
  } catch (error) {
    if (error instanceof TypeError)
      throw new ServiceError('ArgumentInvalid', error.message, { cause: error });
    throw error;
  }
}

async function clearFault({ faults, params }: Call): Promise<Reply> {
  const [id = ''] = params;
  if ((await faults.clear(id)) === 0) throw new ServiceError('NotFound', `cannot find the fault ${id}`);
  return { status: 204 };
}

function putCertificate({ registry, params, body }: Call): Reply {
  const [name = ''] = params;
  const certificate =
    typeof body === 'object' && body !== null && 'certificate' in body ? body['certificate'] : body;
  if (typeof certificate !== 'string') {
    throw new ServiceError('ArgumentInvalid', 'cannot use this body: send {"certificate": "<PEM>"}');
  }
  registry.putCertificate(name, certificate);
  return { status: 200, body: { name } };
}

function deleteCertificate({ registry, params }: Call): Reply {
  registry.deleteCertificate(params[0] ?? '');
  return { status: 204 };
}
