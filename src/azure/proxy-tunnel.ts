import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { Secret } from '../lib/secret.ts';
import { ConnectAnswerReader } from './connect-answer.ts';
import type { ConnectAnswer } from './connect-answer.ts';
import { ProxyError, unreachableProxy } from './proxy-error.ts';
import { whenReady } from './socket-ready.ts';
import { authorityOf } from './target.ts';
import type { WireBytes } from './wire-bytes.ts';

/** An HTTP proxy that is spoken to in the clear; what goes through it is TLS from end to end. */
export interface Proxy {
  readonly host: string;
  readonly port: number;
  /** `user:password`, for basic authentication. */
  readonly authorization?: Secret | undefined;
}

/** What is to be known of a tunnel while it is made. */
export interface TunnelWatch {
  /** Counts what the connection carries. */
  readonly wire: WireBytes;
  /** Called when there is a connection to the proxy. */
  readonly onReached: () => void;
}

/**
 * A TCP connection to `authority` (host:port) through the proxy. Rejects with a ProxyError, or with the signal's reason;
 * then nothing is left open.
 */
export async function openTunnel(
  proxy: Proxy,
  authority: string,
  signal: AbortSignal,
  { wire, onReached }: TunnelWatch,
): Promise<Socket> {
  const name = authorityOf(proxy.host, proxy.port);
  const socket = await reach(proxy, signal, wire);
  onReached();
  socket.write(request(authority, proxy.authorization));
  const answer = await readAnswer(socket, name, signal);
  const refusal = refusalOf(answer, name, authority);
  if (refusal === undefined) return socket;
  socket.destroy();
  throw refusal;
}

async function reach(proxy: Proxy, signal: AbortSignal, wire: WireBytes): Promise<Socket> {
  try {
    return await whenReady(wire.watch(connect({ host: proxy.host, port: proxy.port })), 'connect', signal);
  } catch (cause) {
    if (signal.aborted) throw cause;
    throw unreachableProxy(proxy, cause);
  }
}

/** The only place where the credentials are in the clear. */
function request(authority: string, authorization: Secret | undefined): string {
  const credentials =
    authorization === undefined
      ? []
      : [`Proxy-Authorization: Basic ${Buffer.from(authorization.reveal()).toString('base64')}`];
  return [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`, ...credentials, '', ''].join('\r\n');
}

function readAnswer(socket: Socket, name: string, signal: AbortSignal): Promise<ConnectAnswer> {
  const reader = new ConnectAnswerReader();
  return new Promise((resolve, reject) => {
    const release = (): void => {
      socket.off('data', onData);
      socket.off('error', onError);
      socket.off('close', onClose);
      signal.removeEventListener('abort', onAbort);
    };
    const fail = (error: Error): void => {
      release();
      socket.on('error', () => undefined);
      socket.destroy();
      reject(error);
    };
    const refuse = (message: string, options?: { readonly cause: unknown }): void => {
      fail(new ProxyError('PROXY-REFUSED', `the proxy at ${name} ${message}`, options));
    };
    const onData = (chunk: Buffer): void => {
      try {
        const answer = reader.take(chunk);
        if (answer === undefined) return;
        socket.pause();
        release();
        resolve(answer);
      } catch (cause) {
        refuse('gave no proper answer', { cause });
      }
    };
    const onError = (cause: Error): void => {
      refuse('broke the connection', { cause });
    };
    const onClose = (): void => {
      refuse('ended the connection without an answer');
    };
    const onAbort = (): void => {
      fail(signal.reason as Error);
    };
    socket.on('data', onData);
    socket.once('error', onError);
    socket.once('close', onClose);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}

function refusalOf(
  { status, reason, rest }: ConnectAnswer,
  name: string,
  authority: string,
): ProxyError | undefined {
  const said = `the proxy at ${name} answered ${status}${reason === '' ? '' : ` ${reason}`} to CONNECT ${authority}`;
  if (status === 407) return new ProxyError('PROXY-407', said);
  if (status < 200 || status > 299) return new ProxyError('PROXY-REFUSED', said);
  // In TLS it is the client that speaks first: these bytes are the proxy's own.
  return rest.length > 0 ? new ProxyError('PROXY-REFUSED', `${said}, and something after it`) : undefined;
}
