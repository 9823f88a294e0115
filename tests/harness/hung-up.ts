import type { Socket } from 'node:net';

/**
 * Resolves when the other side has hung up, with a reset too: that is what a client gets whose last bytes were not read.
 * The socket needs a handler for `error` of its own.
 */
export function hungUp(socket: Socket): Promise<void> {
  socket.resume();
  if (socket.closed) return Promise.resolve();
  return new Promise((resolve) => socket.once('close', () => resolve()));
}
