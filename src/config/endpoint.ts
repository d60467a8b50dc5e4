import { isIPv6 } from 'node:net';
import { isHostName } from '../lib/host-name.ts';
import { expected, found, type Parsed } from './found.ts';

export interface Endpoint {
  /** Lower case; an IPv6 address without its brackets. */
  readonly host: string;
  readonly port: number;
}

/** MQTT over TLS (protocol.md 1.1). */
const defaultPort = 8883;

const what =
  'a host name such as global.azure-devices-provisioning.net, with https:// before it or :8883 after it if you like';

/** Reads `global_endpoint`: host, with or without `https://` or `mqtts://`, with or without a port (default 8883). */
export function parseEndpoint(input: unknown): Parsed<Endpoint> {
  if (typeof input !== 'string') return { problem: expected(what, input) };
  const parts = /^(?:(?<scheme>[A-Za-z][A-Za-z0-9+.-]*):\/\/)?(?<rest>.*?)\/?$/s.exec(input)?.groups;
  const scheme = parts?.['scheme']?.toLowerCase();
  if (scheme !== undefined && scheme !== 'https' && scheme !== 'mqtts') {
    return {
      problem: `expected https:// or mqtts:// before the host name, or nothing, found ${found(`${scheme}://`)}`,
    };
  }
  return hostAndPort(input, parts?.['rest'] ?? '');
}

function hostAndPort(input: string, rest: string): Parsed<Endpoint> {
  if (/[/?#]/.test(rest)) return { problem: `${expected(what, input)}: remove what follows the host name` };
  const parts = /^(?:\[(?<ipv6>[^\]]*)\]|(?<name>[^:]*))(?::(?<port>.*))?$/s.exec(rest)?.groups;
  const host = parts?.['ipv6'] ?? parts?.['name'];
  const valid = parts?.['ipv6'] === undefined ? isHostName(host ?? '') : isIPv6(parts['ipv6']);
  if (host === undefined || !valid) return { problem: expected(what, input) };
  const port = parts?.['port'] === undefined ? defaultPort : portOf(parts['port']);
  if (port === undefined) return { problem: expected('a port from 1 to 65535 after the host name', input) };
  return { value: { host: host.toLowerCase(), port } };
}

function portOf(digits: string): number | undefined {
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}
