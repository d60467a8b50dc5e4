import { Secret } from '../lib/secret.ts';
import type { Proxy } from './proxy-tunnel.ts';

/**
 * Reads `http://host:port` or `http://user:password@host:port`, user and password percent-encoded. Throws for anything
 * else, without repeating it: there may be a password in it.
 */
export function proxyFromUrl(text: Secret): Proxy {
  const url = URL.canParse(text.reveal()) ? new URL(text.reveal()) : undefined;
  if (url?.protocol !== 'http:' || url.hostname === '') {
    throw new Error('cannot use proxy: expected http://host:port or http://user:password@host:port');
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  // The port that URL leaves out is that of http.
  const port = url.port === '' ? 80 : Number(url.port);
  if (url.username === '') return { host, port };
  const [user, password] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
  return { host, port, authorization: new Secret(`${user}:${password}`) };
}
