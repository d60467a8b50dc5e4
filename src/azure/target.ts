import { isIPv6 } from 'node:net';
import type { Way } from './way.ts';

/** Who is to be reached. Without a port each way has its own: 8883, and 443 for WebSockets (protocol.md 1.1). */
export interface Target {
  /** An IPv6 address without its brackets. */
  readonly host: string;
  readonly port?: number | undefined;
}

const mqttPort = 8883;
const webSocketPort = 443;

/** Reads a hub's name: a host, and at the simulator `localhost:8884`. */
export function parseTarget(name: string): Target {
  const { ipv6, host, port } =
    /^(?:\[(?<ipv6>[^\]]+)\]|(?<host>[^:]*))(?::(?<port>\d+))?$/.exec(name)?.groups ?? {};
  return { host: ipv6 ?? host ?? name, port: port === undefined ? undefined : Number(port) };
}

/**
 * The configuration does not tell a DPS endpoint without a port from one with 8883, so 8883 means "as is usual".
 */
export function targetOf(endpoint: { readonly host: string; readonly port: number }): Target {
  return endpoint.port === mqttPort ? { host: endpoint.host } : endpoint;
}

export function portFor({ port }: Target, way: Way): number {
  return port ?? (way === 'mqtt' ? mqttPort : webSocketPort);
}

/** `host:port` as it stands in a URL or a CONNECT request. */
export function authorityOf(host: string, port: number): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}
