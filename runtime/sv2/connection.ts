import type { Decoded, Protocol } from '../../protocols/sv2/codec.ts';
import type { SetupConnection, SetupConnectionSuccess } from '../../protocols/sv2/common.ts';
import type { Frame } from '../../protocols/sv2/noise/transport.ts';
import { decodeTlvs, type Tlv } from '../../protocols/sv2/tlv.ts';
import type { Closed, NoiseLink } from './link.ts';

export interface AnyMessage {
  readonly name: string;
}

export type MessageHandler<M> = (message: M, tlvs: readonly Tlv[]) => void;

/** A connection whose SetupConnection was answered with Success. */
export interface Sv2Connection<M> {
  /** Address and port of the other end. */
  readonly remote: string;
  /** What counts as one client where limits are per address, see {@link clientAddress}. */
  readonly client: string;
  /** 32 bytes that no other connection has, the same at both ends. */
  readonly handshakeHash: Uint8Array;
  /** What the client asked for. */
  readonly setup: SetupConnection;
  /** What the server answered. */
  readonly accepted: SetupConnectionSuccess;
  /** Extension types agreed on; TLVs of others are ignored. */
  readonly extensions: Set<number>;
  /**
   * Takes the messages. While it is undefined, as it is at first, nothing is read: set it when ready, unset it to hold
   * a peer back. What it throws closes this connection.
   */
  onMessage: MessageHandler<M> | undefined;
  /** All frames of one read were handled: the place to flush batched answers and to commit. */
  onDrained: (() => void) | undefined;
  /** Encrypts and sends, with TLVs or their bytes. A peer that reads too slowly is cut off; after the end it does nothing. */
  send(message: M, tlvs?: readonly Tlv[] | Uint8Array): void;
  /** Bytes that may wait for the peer: more for one that many messages go to at once. */
  queuedCap: number;
  /** Sends what is queued, then hangs up. */
  close(reason?: string): void;
  /** Resolves once, with what ended it. */
  readonly closed: Promise<Closed>;
  readonly isOpen: boolean;
  /** Gives a message back to be handled first, once there is a handler: for who takes messages only for a while. */
  unread(message: M, tlvs: readonly Tlv[]): void;
}

export interface ConnectionOptions<M extends AnyMessage> {
  readonly link: NoiseLink;
  readonly protocol: Protocol<M>;
  readonly setup: SetupConnection;
  readonly accepted: SetupConnectionSuccess;
  /** Frames that the protocol does not know are ignored, and told of here. */
  ignored(text: string): void;
}

/** Makes the messages of a protocol out of a link's frames. */
export function messageConnection<M extends AnyMessage>(options: ConnectionOptions<M>): Sv2Connection<M> {
  return new MessageConnection(options);
}

class MessageConnection<M extends AnyMessage> implements Sv2Connection<M> {
  readonly setup: SetupConnection;
  readonly accepted: SetupConnectionSuccess;
  readonly extensions = new Set<number>();
  onDrained: (() => void) | undefined;
  readonly #link: NoiseLink;
  readonly #protocol: Protocol<M>;
  readonly #ignored: (text: string) => void;
  #onMessage: MessageHandler<M> | undefined;
  #unread: { message: M; tlvs: readonly Tlv[] }[] = [];

  constructor({ link, protocol, setup, accepted, ignored }: ConnectionOptions<M>) {
    this.#link = link;
    this.#protocol = protocol;
    this.#ignored = ignored;
    this.setup = setup;
    this.accepted = accepted;
    link.handler = undefined;
  }

  get remote(): string {
    return this.#link.remote;
  }

  get client(): string {
    return this.#link.client;
  }

  get handshakeHash(): Uint8Array {
    return this.#link.handshakeHash;
  }

  get closed(): Promise<Closed> {
    return this.#link.closed;
  }

  get isOpen(): boolean {
    return this.#link.isOpen;
  }

  get queuedCap(): number {
    return this.#link.queuedCap;
  }

  set queuedCap(bytes: number) {
    this.#link.queuedCap = bytes;
  }

  get onMessage(): MessageHandler<M> | undefined {
    return this.#onMessage;
  }

  set onMessage(handler: MessageHandler<M> | undefined) {
    this.#onMessage = handler;
    this.#link.handler =
      handler === undefined
        ? undefined
        : { frame: (frame) => this.#receive(frame), drained: () => this.onDrained?.() };
    if (this.#unread.length > 0) queueMicrotask(() => this.#link.guard(() => this.#replay()));
  }

  send(message: M, tlvs?: readonly Tlv[] | Uint8Array): void {
    if (this.#link.isOpen) this.#link.send(this.#protocol.encode(message, tlvs));
  }

  close(reason = 'closed by this side'): void {
    this.#link.close(reason);
  }

  unread(message: M, tlvs: readonly Tlv[]): void {
    this.#unread.push({ message, tlvs });
  }

  #receive({ header, payload }: Frame): void {
    if (!this.#protocol.knows(header)) {
      this.#ignored(`extension ${header.extension}, message ${header.type}, ${header.length} bytes`);
      return;
    }
    const decoded = this.#protocol.decodePayload(header, payload);
    const tlvs = this.#tlvsOf(decoded);
    this.#replay();
    if (this.#onMessage !== undefined) this.#onMessage(decoded.message, tlvs);
    else this.#unread.push({ message: decoded.message, tlvs });
  }

  #replay(): void {
    while (this.#unread.length > 0 && this.#onMessage !== undefined && this.isOpen) {
      const next = this.#unread.shift();
      if (next !== undefined) this.#onMessage(next.message, next.tlvs);
    }
  }

  #tlvsOf({ tlvs, trailing }: Decoded<M>): readonly Tlv[] {
    return tlvs ? decodeTlvs(trailing, this.extensions) : [];
  }
}
