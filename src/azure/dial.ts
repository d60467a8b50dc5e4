import { connect as connectTcp, isIP } from 'node:net';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { SecureContext, TLSSocket } from 'node:tls';
import type { DialProgress } from './dial-progress.ts';
import { openTunnel } from './proxy-tunnel.ts';
import type { Proxy } from './proxy-tunnel.ts';
import { whenReady } from './socket-ready.ts';
import { authorityOf } from './target.ts';
import type { Way } from './way.ts';
import { openWebSocket } from './web-socket.ts';
import type { WireBytes } from './wire-bytes.ts';

/** What a connection is made of, in the order in which it is made; `tunnel` is that of a proxy. */
export type Hop = 'tcp' | 'tunnel' | 'tls' | 'websocket' | 'connack';

export interface DialOptions {
  readonly host: string;
  readonly port: number;
  readonly way: Way;
  /** None: straight to the host. */
  readonly proxy?: Proxy | undefined;
  readonly secureContext: SecureContext;
  /** Counts what the connection carries. */
  readonly wire: WireBytes;
  /** Is told how far it has come. */
  readonly progress: DialProgress;
  /** Called as each hop is behind us. */
  readonly onHop?: ((hop: Hop) => void) | undefined;
  /** Called when the server has shown its certificate, before that is judged: with one that is refused, too. */
  readonly onShown?: ((socket: TLSSocket) => void) | undefined;
}

/** A connection to a service that is ready for MQTT's first packet. */
export interface Line {
  /** What carries MQTT. */
  readonly stream: Duplex;
  /** The TLS connection underneath, or the same: it tells how the connection really ended. */
  readonly socket: TLSSocket;
}

/** TCP's own probes, beside MQTT's: they also notice a peer that died before CONNACK. */
const tcpKeepAliveMs = 30_000;

/**
 * TCP, the proxy's tunnel, TLS and the WebSocket, as far as the way has them. The server's certificate is always
 * verified, for the host that was asked for. Rejects with what went wrong, or with the signal's reason; leaves nothing
 * open then.
 */
export async function dial(options: DialOptions, signal: AbortSignal): Promise<Line> {
  const { host, port, way, onHop } = options;
  const socket = await dialTls(options, signal);
  if (way === 'mqtt') return { stream: socket, socket };
  const stream = await openWebSocket(socket, authorityOf(host, port), signal);
  onHop?.('websocket');
  return { stream, socket };
}

/** The same as far as TLS. */
export async function dialTls(options: Omit<DialOptions, 'way'>, signal: AbortSignal): Promise<TLSSocket> {
  const { host, secureContext, onHop, onShown } = options;
  const raw = await dialTcp(options, signal);
  const secured = connectTls({
    socket: raw,
    host,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    secureContext,
    rejectUnauthorized: true,
  });
  // The end of the handshake, at which Node itself looks whether the certificate is good: whoever listens first still sees it.
  if (onShown !== undefined)
    secured.prependOnceListener('secure', () => {
      onShown(secured);
    });
  const socket = await whenReady(secured, 'secureConnect', signal);
  onHop?.('tls');
  return socket;
}

/** The same as far as TCP, or the proxy's tunnel. */
export async function dialTcp(
  { host, port, proxy, wire, progress, onHop }: Omit<DialOptions, 'way' | 'secureContext' | 'onShown'>,
  signal: AbortSignal,
): Promise<Socket> {
  const onReached = (): void => {
    progress.proxyReached();
    onHop?.('tcp');
  };
  const socket =
    proxy === undefined
      ? await whenReady(wire.watch(watched(connectTcp({ host, port }), progress)), 'connect', signal)
      : await openTunnel(proxy, authorityOf(host, port), signal, { wire, onReached });
  onHop?.(proxy === undefined ? 'tcp' : 'tunnel');
  socket.setKeepAlive(true, tcpKeepAliveMs);
  return socket;
}

function watched(socket: Socket, progress: DialProgress): Socket {
  return socket.once('lookup', () => {
    progress.resolved();
  });
}
