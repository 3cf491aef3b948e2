import type { Socket } from 'node:net';

/**
 * Closes a connection with a TCP reset, at once: the other side sees a failure, never an end of file.
 * Node's `resetAndDestroy` alone ends the stream before it resets (`destroySoon`), so that an end is what may be seen.
 * @param hasEnded whether all bytes and the end are with the system already: libuv refuses to reset during a shutdown
 */
export function resetConnection(
  socket: Socket,
  hasEnded = socket.writableEnded && socket.writableLength === 0,
): void {
  if (hasEnded) {
    socket.destroy();
    return;
  }
  socket.destroySoon = () => void socket.destroy();
  socket.resetAndDestroy();
}
