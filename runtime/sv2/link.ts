import type { Socket } from 'node:net';
import type { Cipher } from '../../protocols/crypto/cipher.ts';
import { HashpoolError, messageOf } from '../../protocols/errors.ts';
import { CipherState } from '../../protocols/sv2/noise/cipher-state.ts';
import type { HandshakeResult } from '../../protocols/sv2/noise/handshake.ts';
import { type Frame, FrameOpener, sealedLength, sealFrame } from '../../protocols/sv2/noise/transport.ts';
import { clientAddress } from '../client-address.ts';
import { asLinkError, remoteOf } from './socket.ts';

/** Why a connection ended: a code to branch on, words, and the error if one ended it. */
export interface Closed {
  readonly code: string;
  readonly reason: string;
  readonly error?: HashpoolError;
}

/** How long a peer may take to hang up after we did. */
const LINGER_MS = 1000;
/** Then it is the others' turn: whoever sends without pause has no more of the thread than anybody else. */
const FRAMES_PER_TURN = 128;
/**
 * So much does not wait for the end of the turn: where ten thousand sockets have something to read, libuv reads tens of
 * thousands of times before that, and the peer would have nothing to do for seconds.
 */
const WRITE_BYTES = 8 * 1024;

export interface LinkOptions {
  readonly socket: Socket;
  readonly role: 'initiator' | 'responder';
  readonly handshake: HandshakeResult;
  readonly cipher: Cipher;
  readonly frameCap: number;
  readonly queuedBytes: number;
}

export interface FrameHandler {
  frame(frame: Frame): void;
  /** All frames that one read of the socket brought were handled. */
  drained?(): void;
}

/**
 * Frames over an encrypted socket. All frames of a read are decrypted in one go; what is sent in a tick leaves in
 * one write, or a few. It is paused until it has a handler.
 */
export class NoiseLink {
  readonly remote: string;
  /** See {@link clientAddress}. */
  readonly client: string;
  readonly handshakeHash: Uint8Array;
  readonly closed: Promise<Closed>;
  /** Bytes that may wait for the peer before it is cut off; one frame more may be under way. */
  queuedCap: number;
  readonly #socket: Socket;
  readonly #sealer: CipherState;
  readonly #opener: FrameOpener;
  #handler: FrameHandler | undefined;
  #handling = false;
  /** Frames that leave with the next write, sealed one after the other then: faster than each by itself. */
  #outgoing: Uint8Array[] = [];
  /** Bytes of that write. */
  #outgoingBytes = 0;
  /** Bytes that waited in the socket when the first of `#outgoing` came. */
  #unsentBytes = 0;
  #flushing: NodeJS.Immediate | undefined;
  #nextTurn: NodeJS.Immediate | undefined;
  #lingering: NodeJS.Timeout | undefined;
  #reason: Closed | undefined;

  constructor({ socket, role, handshake, cipher, frameCap, queuedBytes }: LinkOptions) {
    const { initiatorToResponder, responderToInitiator, handshakeHash } = handshake;
    const initiates = role === 'initiator';
    this.#socket = socket;
    this.#sealer = new CipherState(cipher, initiates ? initiatorToResponder : responderToInitiator);
    const openerKey = initiates ? responderToInitiator : initiatorToResponder;
    this.#opener = new FrameOpener(new CipherState(cipher, openerKey), frameCap);
    this.queuedCap = queuedBytes;
    this.remote = remoteOf(socket);
    this.client = clientAddress(socket.remoteAddress);
    this.handshakeHash = handshakeHash;
    this.closed = new Promise((resolve) => {
      const ended = () => {
        this.#stop({ code: 'sv2-closed', reason: 'the peer closed the connection' });
        resolve(this.#reason ?? { code: 'sv2-closed', reason: 'closed' });
      };
      // The peer may have left while the handshake was computed.
      if (socket.closed) ended();
      else socket.once('close', ended);
    });
    socket.on('error', (error) => this.fail(error));
    socket.on('data', (bytes) => {
      if (this.#reason !== undefined) return;
      this.#opener.push(bytes);
      this.#handle();
    });
    socket.once('end', () => this.close('the peer closed the connection'));
    socket.pause();
  }

  /** Takes the frames from now on; without a handler none are read. */
  set handler(handler: FrameHandler | undefined) {
    this.#handler = handler;
    if (this.#reason !== undefined) return;
    if (handler === undefined) {
      this.#socket.pause();
      return;
    }
    if (this.#nextTurn !== undefined) return;
    this.#socket.resume();
    queueMicrotask(() => this.#handle());
  }

  get isOpen(): boolean {
    return this.#reason === undefined;
  }

  /** Sends a plain frame, which must stay as it is: it is encrypted when it leaves. Once the link is closed it does nothing. */
  send(frame: Uint8Array): void {
    if (this.#reason !== undefined) return;
    // The socket is asked once a turn, since that takes as long as it takes to encrypt a header.
    if (this.#flushing === undefined) this.#unsentBytes = this.#socket.writableLength;
    const queued = this.#outgoingBytes + this.#unsentBytes;
    if (queued > this.queuedCap) {
      const reason = `slow reader: ${queued} bytes wait for the peer, at most ${this.queuedCap} may`;
      this.fail(new HashpoolError('sv2-slow-reader', reason));
      return;
    }
    this.#outgoing.push(frame);
    this.#outgoingBytes += sealedLength(frame.length);
    if (this.#outgoingBytes >= WRITE_BYTES) this.#flush();
    else this.#flushing ??= setImmediate(() => this.#flush());
  }

  /** Sends what is queued, then hangs up. */
  close(reason: string): void {
    if (this.#reason !== undefined) return;
    this.#flush();
    this.#stop({ code: 'sv2-closed', reason });
    // What the peer still sends is read and dropped: unread bytes would turn our last words into a reset.
    this.#socket.resume();
    this.#socket.end();
    this.#lingering = setTimeout(() => this.#socket.destroy(), LINGER_MS);
    this.#socket.once('close', () => clearTimeout(this.#lingering));
  }

  /** Cuts the connection for a fault of the peer or of the network. */
  fail(error: unknown): void {
    const known = asLinkError(error);
    this.#stop({ code: known.code, reason: known.message, error: known });
    this.#socket.destroy();
  }

  /** Runs the owner's code; what it throws ends this connection and nothing else. */
  guard(act: () => void): void {
    try {
      act();
    } catch (cause) {
      this.fail(
        cause instanceof HashpoolError
          ? cause
          : new HashpoolError('internal', `handling a message failed: ${messageOf(cause)}`, { cause }),
      );
    }
  }

  #stop(reason: Closed): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#handler = undefined;
    this.#forgetOutgoing();
    clearImmediate(this.#flushing);
    clearImmediate(this.#nextTurn);
  }

  #handle(): void {
    if (this.#handling || this.#nextTurn !== undefined) return;
    this.#handling = true;
    this.guard(() => this.#handleFrames());
    this.#handling = false;
  }

  #handleFrames(): void {
    let handled = 0;
    for (let handler = this.#handler; handler !== undefined; handler = this.#handler) {
      const frame = handled < FRAMES_PER_TURN ? this.#opener.next() : undefined;
      if (frame === undefined) {
        if (handled > 0) handler.drained?.();
        if (handled === FRAMES_PER_TURN && this.#handler !== undefined) this.#yield();
        return;
      }
      handler.frame(frame);
      handled++;
    }
  }

  /** Goes on with what was read after the others have had their turn, and reads more only then. */
  #yield(): void {
    this.#socket.pause();
    this.#nextTurn = setImmediate(() => {
      this.#nextTurn = undefined;
      this.#handle();
      if (this.#nextTurn === undefined && this.#handler !== undefined) this.#socket.resume();
    });
  }

  #flush(): void {
    clearImmediate(this.#flushing);
    this.#flushing = undefined;
    if (this.#outgoingBytes === 0) return;
    const sealed = Buffer.allocUnsafe(this.#outgoingBytes);
    this.guard(() => {
      let at = 0;
      for (const frame of this.#outgoing) at = sealFrame(this.#sealer, frame, sealed, at);
      this.#forgetOutgoing();
      this.#socket.write(sealed);
    });
  }

  #forgetOutgoing(): void {
    this.#outgoing = [];
    this.#outgoingBytes = 0;
  }
}
