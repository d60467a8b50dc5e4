import type { Socket } from 'node:net';

/** Bytes that went over the agent's connections since the start. */
export interface WireTotals {
  readonly sent: number;
  readonly received: number;
}

/**
 * Counts what TCP carries to and from DPS and the hub: TLS with its handshakes, WebSocket frames and what is said to a
 * proxy included; the headers of TCP and IP, some 40 bytes a packet, and what the kernel sends again are not.
 */
export class WireBytes {
  readonly #open = new Set<Socket>();
  #sent = 0;
  #received = 0;

  /** Counts a raw TCP socket from its first byte to its last; whatever wraps it is in its figures. */
  watch(socket: Socket): Socket {
    this.#open.add(socket);
    socket.once('close', () => {
      this.#open.delete(socket);
      this.#sent += socket.bytesWritten;
      this.#received += socket.bytesRead;
    });
    return socket;
  }

  /** Of the connections that have ended and of those that are open, up to now. */
  get totals(): WireTotals {
    let [sent, received] = [this.#sent, this.#received];
    for (const socket of this.#open) {
      sent += socket.bytesWritten;
      received += socket.bytesRead;
    }
    return { sent, received };
  }
}
