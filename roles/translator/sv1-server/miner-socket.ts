import type { Socket } from 'node:net';

/** Bytes that may wait for a miner that does not read; with more it is cut off. */
export const MAX_UNREAD_BYTES = 256 * 1024;
/** How long a miner may take to hang up after we did. */
const LINGER_MS = 1000;
/** A miner that vanished without a word is noticed by TCP after about this long. */
const KEEPALIVE_MS = 60_000;

/** One miner's connection as a session writes to it. */
export interface MinerSocket {
  /** Address and port. */
  readonly remote: string;
  /** Once the connection is closed it does nothing. */
  send(lines: string): void;
  /** Sends what was said, then hangs up. */
  close(reason: string): void;
}

/** @param closing told once why we hung up on the miner; not called when the miner went by itself */
export function minerSocket(socket: Socket, closing: (reason: string) => void): MinerSocket {
  const remote = `${socket.remoteAddress}:${socket.remotePort}`;
  let isOpen = true;
  socket.setNoDelay(true);
  socket.setKeepAlive(true, KEEPALIVE_MS);
  socket.once('close', () => {
    isOpen = false;
  });

  function close(reason: string): void {
    if (!isOpen) return;
    isOpen = false;
    closing(reason);
    // What it still sends is read and dropped: unread bytes would turn our last words into a reset.
    socket.removeAllListeners('data');
    socket.resume();
    socket.end();
    const lingering = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('close', () => clearTimeout(lingering));
  }

  function send(lines: string): void {
    if (!isOpen) return;
    socket.write(lines);
    if (socket.writableLength <= MAX_UNREAD_BYTES) return;
    isOpen = false;
    closing(`it does not read: ${socket.writableLength} bytes wait for it`);
    socket.destroy();
  }

  return { remote, send, close };
}
