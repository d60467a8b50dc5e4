import { BlockList, isIP, isIPv4 } from 'node:net';

/**
 * Whether a host is reached without the proxy. Entries are what curl knows in NO_PROXY: `*`; a domain, with or without a
 * leading dot or `*.`, for itself and everything under it; an address, or a network such as `10.0.0.0/8`; each with `:port`
 * where it is for that port only. Case does not matter, nor does a dot at the end.
 */
export function bypassesProxy(host: string, port: number, noProxy: readonly string[]): boolean {
  const name = plain(host);
  return noProxy.some((entry) => matches(entry.trim(), name, port));
}

function matches(entry: string, name: string, port: number): boolean {
  if (entry === '*') return true;
  const split = splitPort(entry);
  if (split.port !== undefined && split.port !== port) return false;
  const pattern = plain(split.host);
  if (pattern === '') return false;
  if (pattern.includes('/')) return isInNetwork(name, pattern);
  if (isIP(pattern) !== 0 || isIP(name) !== 0) return isSameAddress(name, pattern);
  return name === pattern || name.endsWith(`.${pattern}`);
}

/** An IPv6 address has colons of its own: with a port it stands in brackets. */
function splitPort(entry: string): { readonly host: string; readonly port?: number } {
  if (isIP(entry) !== 0) return { host: entry };
  const { host, port } = /^(?<host>.*):(?<port>\d{1,5})$/.exec(entry)?.groups ?? {};
  return host === undefined || port === undefined || /:.*\//.test(entry)
    ? { host: entry }
    : { host, port: Number(port) };
}

function plain(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/^\*?\.(?=.)/, '')
    .replace(/\.$/, '');
}

function isSameAddress(name: string, pattern: string): boolean {
  return (
    isIP(name) !== 0 && isIP(pattern) !== 0 && isInNetwork(name, `${pattern}/${isIPv4(pattern) ? 32 : 128}`)
  );
}

function isInNetwork(name: string, pattern: string): boolean {
  const [network = '', bits = ''] = pattern.split('/');
  const length = /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
  const most = isIP(network) === 6 ? 128 : 32;
  if (isIP(name) === 0 || isIP(name) !== isIP(network) || length < 0 || length > most) return false;
  const list = new BlockList();
  const family = isIPv4(network) ? 'ipv4' : 'ipv6';
  list.addSubnet(network, length, family);
  return list.check(name, family);
}
