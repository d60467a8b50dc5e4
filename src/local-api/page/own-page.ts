import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { isHostName } from '../../lib/host-name.ts';
import { Refusal } from '../answer.ts';

/**
 * Throws a `Refusal` for what another site's page has its browser send. `Host` must be an address, or a name that this
 * machine calls itself by: one that was made to lead here (DNS rebinding) is another. Following a link is let through: it
 * shows the page to whoever clicked, and tells the other site nothing.
 * @param hostName of this machine
 */
export function refuseOtherPages({ headers }: Pick<IncomingMessage, 'headers'>, hostName: string): void {
  const { host = '', 'sec-fetch-site': site = 'none', 'sec-fetch-mode': mode, origin } = headers;
  const name = host
    .toLowerCase()
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1');
  if (isIP(name) === 0 && !isOwnName(name, hostName.toLowerCase()))
    throw forbidden(
      `cannot answer for the host ${JSON.stringify(host)}: ask by this machine’s address or name`,
    );
  const isOwn = site === 'same-origin' || site === 'none';
  const isLink = mode === 'navigate' && headers['sec-fetch-dest'] === 'document';
  if (origin !== undefined || !(isOwn || isLink))
    throw forbidden('cannot answer the page of another site: open the status page itself');
}

/** Its own, or as a name server or mDNS completes it. */
function isOwnName(name: string, hostName: string): boolean {
  const [first] = name.split('.');
  return isHostName(name) && (name === 'localhost' || first === hostName.split('.')[0]);
}

function forbidden(message: string): Refusal {
  return new Refusal(403, message, { headers: { Connection: 'close' } });
}
