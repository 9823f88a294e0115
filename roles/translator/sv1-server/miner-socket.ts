import type { Socket } from 'node:net';

/** Bytes that may wait for a miner that does not read; with more it is cut off. */
export const MAX_UNREAD_BYTES = 256 * 1024;
/** How long a miner may take to hang up after we did. */
const LINGER_MS = 1000;

/** One miner's connection as a session writes to it. */
export class MinerSocket {
  /** Address and port. */
  readonly remote: string;
  readonly #socket: Socket;
  readonly #closing: (reason: string) => void;
  #isOpen = true;
  #isClosed = false;

  /**
   * @param remote the miner's address and port
   * @param closing told once why we hung up on the miner; not called when the miner went by itself
   */
  constructor(socket: Socket, remote: string, closing: (reason: string) => void) {
    this.remote = remote;
    this.#socket = socket;
    this.#closing = closing;
    socket.once('close', () => {
      this.#isOpen = false;
    });
  }

  /** True once we hung up. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Once the connection is closed it does nothing. */
  send(lines: string | Uint8Array): void {
    if (!this.#isOpen) return;
    const socket = this.#socket;
    socket.write(lines);
    if (socket.writableLength <= MAX_UNREAD_BYTES) return;
    this.#hangUp(`it does not read: ${socket.writableLength} bytes wait for it`);
    socket.destroy();
  }

  /** Sends what was said, then hangs up. */
  close(reason: string): void {
    if (!this.#isOpen) return;
    this.#hangUp(reason);
    const socket = this.#socket;
    // What it still sends is read and dropped: unread bytes would turn our last words into a reset.
    socket.removeAllListeners('data');
    socket.resume();
    socket.end();
    const lingering = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('close', () => clearTimeout(lingering));
  }

  #hangUp(reason: string): void {
    this.#isOpen = false;
    this.#isClosed = true;
    this.#closing(reason);
  }
}
