import type { Socket } from 'node:net';

/** Bytes that may wait for a miner that does not read; with more it is cut off. */
export const MAX_UNREAD_BYTES = 256 * 1024;
/** How long a miner may take to hang up after we did. */
const LINGER_MS = 1000;

/** One miner's connection as a session writes to it. */
export interface MinerSocket {
  /** Address and port. */
  readonly remote: string;
  /** True once we hung up. */
  readonly isClosed: boolean;
  /** Once the connection is closed it does nothing. */
  send(lines: string | Uint8Array): void;
  /** Sends what was said, then hangs up. */
  close(reason: string): void;
}

/**
 * @param remote the miner's address and port
 * @param closing told once why we hung up on the miner; not called when the miner went by itself
 */
export function minerSocket(socket: Socket, remote: string, closing: (reason: string) => void): MinerSocket {
  let isOpen = true;
  let isClosed = false;
  socket.once('close', () => {
    isOpen = false;
  });

  function hangUp(reason: string): void {
    isOpen = false;
    isClosed = true;
    closing(reason);
  }

  function close(reason: string): void {
    if (!isOpen) return;
    hangUp(reason);
    // What it still sends is read and dropped: unread bytes would turn our last words into a reset.
    socket.removeAllListeners('data');
    socket.resume();
    socket.end();
    const lingering = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('close', () => clearTimeout(lingering));
  }

  function send(lines: string | Uint8Array): void {
    if (!isOpen) return;
    socket.write(lines);
    if (socket.writableLength <= MAX_UNREAD_BYTES) return;
    hangUp(`it does not read: ${socket.writableLength} bytes wait for it`);
    socket.destroy();
  }

  return {
    remote,
    get isClosed() {
      return isClosed;
    },
    send,
    close,
  };
}
