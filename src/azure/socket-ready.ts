import type { Socket } from 'node:net';

/**
 * Resolves with the socket at its event that says it is ready, `connect` or `secureConnect`. Rejects with its error when
 * that comes first, or with the signal's reason; the socket is destroyed then. Errors after that are for the next owner.
 */
export function whenReady<S extends Socket>(
  socket: S,
  event: 'connect' | 'secureConnect',
  signal: AbortSignal,
): Promise<S> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error): void => {
      socket.off('error', settle);
      socket.off('close', onClose);
      socket.off(event, onReady);
      signal.removeEventListener('abort', onAbort);
      if (error === undefined) {
        resolve(socket);
        return;
      }
      // What a destroyed socket still has to say is a consequence.
      socket.on('error', () => undefined);
      socket.destroy();
      reject(error);
    };
    const onReady = (): void => {
      settle();
    };
    const onClose = (): void => {
      settle(Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' }));
    };
    const onAbort = (): void => {
      settle(signal.reason as Error);
    };
    socket.once('error', settle);
    socket.once('close', onClose);
    socket.once(event, onReady);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}
