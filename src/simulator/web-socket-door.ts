import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import webSockets from 'ws';

/** One path for hub and DPS alike (protocol.md 1.1). */
const path = '/$iothub/websocket';
const subprotocol = 'mqtt';
/** Larger than any packet that the services take; the MQTT connection has the exact limit. */
const maxFrameBytes = 1024 * 1024;

/**
 * HTTP on a TLS connection that is already there: an upgrade to MQTT over WebSockets is let through, to another path
 * answered with 404, and with 400 when it does not offer the subprotocol. Plain requests go to whom they are for.
 */
export class WebSocketDoor {
  readonly #http: Server;
  readonly #upgrades = new webSockets.Server({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: maxFrameBytes,
    handleProtocols: () => subprotocol,
  });

  /**
   * @param onStream takes what goes through the door: the MQTT bytes, and the connection that carries them
   * @param onRequest takes the requests that ask for no upgrade
   */
  constructor(onStream: (stream: Duplex, socket: TLSSocket) => void, onRequest: RequestListener) {
    this.#http = createServer(onRequest);
    this.#http.on('upgrade', (request: IncomingMessage, socket: TLSSocket, head: Buffer) => {
      const status = refusal(request);
      if (status !== undefined) {
        socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
        return;
      }
      this.#upgrades.handleUpgrade(request, socket, head, (webSocket) => {
        const stream = webSockets.createWebSocketStream(webSocket);
        // A packet is written in pieces, corked: one frame for it.
        stream._writev = (pieces, done) => {
          stream._write(Buffer.concat(pieces.map(({ chunk }) => chunk as Buffer)), 'binary', done);
        };
        // The stream of ws stays half open when the other side has gone; a socket does not.
        stream.once('end', () => {
          stream.destroy();
        });
        onStream(stream, socket);
      });
    });
  }

  /** Takes a connection whose first bytes are an HTTP request. */
  enter(socket: TLSSocket): void {
    this.#http.emit('connection', socket);
  }
}

function refusal({ url, headers }: IncomingMessage): string | undefined {
  if (url?.split('?')[0] !== path) return '404 Not Found';
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  return offered.includes(subprotocol) ? undefined : '400 Bad Request';
}
