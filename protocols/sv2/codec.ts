import { HashpoolError } from '../errors.ts';
import { FRAME_HEADER_BYTES, type FrameHeader, readFrameHeader, writeFrameHeader } from './frame.ts';
import { STRUCT } from './struct.ts';
import { type Tlv, writeTlvs } from './tlv.ts';
import type { Fields, FieldType, ValuesOf } from './types.ts';
import { FieldFault, Reader, Writer } from './wire.ts';

/** One message as the specification's tables give it. */
export interface MessageSpec<F extends Fields = Fields> {
  readonly type: number;
  /** Sets the channel bit of the frame's extension_type. */
  readonly channel: boolean;
  /** Whether extensions append TLVs to it; on other messages what trails is ignored. */
  readonly tlvs: boolean;
  readonly fields: F;
}

/** The messages of one extension type, by the specification's names. Extension 0 is the core protocol. */
export interface MessageTable<
  S extends Readonly<Record<string, MessageSpec>> = Readonly<Record<string, MessageSpec>>,
> {
  readonly title: string;
  readonly extension: number;
  readonly messages: S;
}

type Flat<T> = { [K in keyof T]: T[K] };
type MessagesOf<S extends Readonly<Record<string, MessageSpec>>> = {
  [K in keyof S & string]: Flat<{ readonly name: K } & ValuesOf<S[K]['fields']>>;
}[keyof S & string];

/** The union of the message values that a table declares: `{ name: 'SetTarget', channel_id: number, ... } | ...` */
export type MessageOf<T extends MessageTable> = T extends MessageTable<infer S> ? MessagesOf<S> : never;

/** Declares a message whose recipient is the connection's other end. */
export function message<F extends Fields>(type: number, fields: F, { tlvs = false } = {}): MessageSpec<F> {
  return { type, channel: false, tlvs, fields };
}

/** Declares a message whose recipient is a channel's other end; its first field is the channel id. */
export function channelMessage<F extends Fields>(
  type: number,
  fields: F,
  { tlvs = false } = {},
): MessageSpec<F> {
  return { type, channel: true, tlvs, fields };
}

/** Declares the messages of one extension type. */
export function messageTable<S extends Readonly<Record<string, MessageSpec>>>(
  title: string,
  extension: number,
  messages: S,
): MessageTable<S> {
  return { title, extension, messages };
}

export interface Decoded<M> {
  readonly message: M;
  /** What lies after the last field; never an error by itself. */
  readonly trailing: Uint8Array;
  /** Whether `trailing` is a place for TLVs. */
  readonly tlvs: boolean;
}

/** What may be said on one kind of connection. */
export interface Protocol<M extends { readonly name: string }> {
  readonly name: string;
  readonly tables: readonly MessageTable[];
  /**
   * Encodes a message as a plain frame, header and payload.
   * @param tlvs or their bytes, where they are the same for many messages
   * @throws HashpoolError `sv2-out-of-range`, `sv2-bad-length`, `sv2-frame-too-large` naming message and field
   */
  encode(message: M, tlvs?: readonly Tlv[] | Uint8Array): Uint8Array;
  /**
   * Decodes a plain frame.
   * @throws HashpoolError `sv2-unknown-message`, `sv2-truncated`, `sv2-bad-length`, `sv2-out-of-range`
   */
  decode(frame: Uint8Array): Decoded<M>;
  /** Like decode, for a header that was read already and its payload. */
  decodePayload(header: FrameHeader, payload: Uint8Array): Decoded<M>;
  /** Whether decode would know the message. What it does not know is to be ignored (section 3.4.1). */
  knows(header: FrameHeader): boolean;
}

/** The union of the messages that a protocol speaks. */
export type ProtocolMessage<P> = P extends Protocol<infer M> ? M : never;

interface Compiled {
  readonly name: string;
  readonly spec: MessageSpec;
  readonly extension: number;
  readonly payload: FieldType<Record<string, unknown>>;
}

/**
 * Builds the codec of a connection from the tables of the messages spoken on it.
 * @throws HashpoolError `sv2-bad-table` when two messages share a name or a number
 */
export function defineProtocol<const T extends readonly MessageTable[]>(
  name: string,
  tables: T,
): Protocol<MessageOf<T[number]>> {
  type M = MessageOf<T[number]>;
  const { byName, byNumber } = compile(name, tables);
  const writer = new Writer();

  function encode(value: M, tlvs: readonly Tlv[] | Uint8Array = []): Uint8Array {
    const compiled = byName.get(value.name);
    if (compiled === undefined) {
      throw new HashpoolError('sv2-unknown-message', `${value.name} is no message of the ${name} protocol`);
    }
    writer.start(FRAME_HEADER_BYTES);
    try {
      compiled.payload.write(writer, value);
    } catch (error) {
      throw named(compiled, error);
    }
    if (tlvs instanceof Uint8Array) writer.bytes(tlvs);
    else writeTlvs(writer, tlvs);
    const { extension, spec } = compiled;
    const frame = writer.finish();
    const length = frame.length - FRAME_HEADER_BYTES;
    writeFrameHeader(frame, { extension, channel: spec.channel, type: spec.type, length });
    return frame;
  }

  function decodePayload(header: FrameHeader, payload: Uint8Array): Decoded<M> {
    const compiled = byNumber.get(key(header.extension, header.type));
    if (compiled === undefined) {
      throw new HashpoolError(
        'sv2-unknown-message',
        `extension 0x${header.extension.toString(16)} message 0x${header.type.toString(16)} is none of the ${name} protocol`,
      );
    }
    const reader = new Reader(payload);
    try {
      const value = compiled.payload.read(reader);
      return { message: value as M, trailing: reader.rest, tlvs: compiled.spec.tlvs };
    } catch (error) {
      throw named(compiled, error);
    }
  }

  function decode(frame: Uint8Array): Decoded<M> {
    const header = readFrameHeader(frame);
    const end = FRAME_HEADER_BYTES + header.length;
    if (frame.length !== end) {
      throw new HashpoolError('sv2-truncated', `frame: ${frame.length} bytes, its header says ${end}`);
    }
    return decodePayload(header, frame.subarray(FRAME_HEADER_BYTES));
  }

  const knows = (header: FrameHeader) => byNumber.has(key(header.extension, header.type));
  return { name, tables, encode, decode, decodePayload, knows };
}

function key(extension: number, type: number): number {
  return (extension << 8) | type;
}

function compile(protocol: string, tables: readonly MessageTable[]) {
  const byName = new Map<string, Compiled>();
  const byNumber = new Map<number, Compiled>();
  for (const { extension, messages } of tables) {
    for (const [name, spec] of Object.entries(messages)) {
      const number = key(extension, spec.type);
      if (byName.has(name) || byNumber.has(number)) {
        throw new HashpoolError(
          'sv2-bad-table',
          `${protocol}: ${name} takes a name or a number that is taken`,
        );
      }
      const compiled = { name, spec, extension, payload: STRUCT(spec.fields, { name }) };
      byName.set(name, compiled);
      byNumber.set(number, compiled);
    }
  }
  return { byName, byNumber };
}

function named(compiled: Compiled, error: unknown): unknown {
  if (!(error instanceof FieldFault)) return error;
  return new HashpoolError(`sv2-${error.kind}`, `${compiled.name}.${error.path}: ${error.message}`, {
    cause: error,
  });
}
