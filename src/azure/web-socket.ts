import { Agent } from 'node:http';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import webSockets from 'ws';

/** The same for hub and DPS (protocol.md 1.1). */
const path = '/$iothub/websocket';
const subprotocol = 'mqtt';
/** Larger than anything IoT Hub sends. */
const maxFrameBytes = 4 * 1024 * 1024;

/** The server has answered, but not by opening a WebSocket for MQTT. */
export class WebSocketError extends Error {
  override readonly name = 'WebSocketError';
  readonly code = 'NET-WEBSOCKET';
}

/**
 * MQTT's byte stream inside a WebSocket on a TLS connection that is already there. Rejects with a WebSocketError, with
 * the connection's error, or with the signal's reason; the connection is destroyed then.
 * @param authority host:port, for the Host header
 */
export function openWebSocket(socket: TLSSocket, authority: string, signal: AbortSignal): Promise<Duplex> {
  // ws: and not wss:, since TLS is there already.
  const webSocket = new webSockets(`ws://${authority.replace(/:443$/, '')}${path}`, subprotocol, {
    agent: new OneSocketAgent(socket),
    perMessageDeflate: false,
    maxPayload: maxFrameBytes,
  });
  const stream = webSockets.createWebSocketStream(webSocket);
  // A packet is written in pieces, corked: one frame and one TLS record for it, not one for each piece.
  stream._writev = (pieces, done) => {
    stream._write(Buffer.concat(pieces.map(({ chunk }) => chunk as Buffer)), 'binary', done);
  };
  // The stream of ws stays half open when the other side has gone; a socket does not.
  stream.once('end', () => {
    stream.destroy();
  });
  return new Promise((resolve, reject) => {
    const settle = (error?: Error): void => {
      stream.off('error', onError);
      socket.off('error', settle);
      signal.removeEventListener('abort', onAbort);
      if (error === undefined) {
        resolve(stream);
        return;
      }
      stream.on('error', () => undefined);
      socket.on('error', () => undefined);
      socket.destroy();
      stream.destroy();
      reject(error);
    };
    const onError = (cause: Error): void => {
      settle('code' in cause ? cause : new WebSocketError('the upgrade to a WebSocket failed', { cause }));
    };
    const onAbort = (): void => {
      settle(signal.reason as Error);
    };
    webSocket.once('open', () => {
      settle(
        webSocket.protocol === subprotocol
          ? undefined
          : new WebSocketError('the server did not choose the subprotocol mqtt'),
      );
    });
    stream.once('error', onError);
    socket.once('error', settle);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}

/** Gives the one request the connection that it is for. */
class OneSocketAgent extends Agent {
  readonly #socket: TLSSocket;

  constructor(socket: TLSSocket) {
    super({ keepAlive: false });
    this.#socket = socket;
  }

  override createConnection(): TLSSocket {
    return this.#socket;
  }
}
