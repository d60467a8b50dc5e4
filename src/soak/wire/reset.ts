import type { Socket } from 'node:net';

/**
 * Ends a connection by RST. One whose own end is on its way is closed as it is: libuv does not reset it (EINVAL), and Node
 * then forgets the handle, which stays open: the peer hears nothing, and the process never ends.
 */
export function reset(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}
