import type { IncomingMessage, Server } from 'node:http';
import { Refusal } from './answer.ts';
import { jsonTypes } from './json-items.ts';

/** Listens on this machine's own address, or on another of its. Rejects when the port is taken, or not for this user. */
export function listenByTcp(server: Server, port: number, address = '127.0.0.1'): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/**
 * A web page on a screen of this machine can have its browser send requests here. Throws a `Refusal` for what could be
 * one: `Host` must be this address (a name that was made to lead here is another), nothing may come from a page, and a
 * post must have a type that a browser sends elsewhere only after asking, which is not answered.
 */
export function refuseBrowsers({ headers, method, socket }: IncomingMessage): void {
  const { host = '', origin, 'sec-fetch-site': site = 'none' } = headers;
  const port = String(socket.localPort);
  const own = ['127.0.0.1', 'localhost', '[::1]'].map((name) => `${name}:${port}`);
  if (!own.includes(host.toLowerCase()))
    throw forbidden(`cannot answer for the host ${JSON.stringify(host)}: ask ${own[0] ?? ''}`);
  if (origin !== undefined || site !== 'none')
    throw forbidden('cannot answer a web page: this is for programs of this machine');
  const [type = ''] = (headers['content-type'] ?? '').toLowerCase().split(';');
  if (method === 'POST' && !jsonTypes.includes(type.trim()))
    throw new Refusal(
      415,
      `cannot take a post over TCP without its type: send Content-Type: ${jsonTypes.slice(0, 2).join(' or ')}`,
      { headers: closing },
    );
}

const closing = { Connection: 'close' };

function forbidden(message: string): Refusal {
  return new Refusal(403, message, { headers: closing });
}
