import { concatBytes, equalBytes, utf8 } from './bytes.ts';
import { HashpoolError } from './errors.ts';

/**
 * ZMTP 3.0, ZeroMQ's wire protocol, as far as a subscriber on loopback speaks it: mechanism NULL, which is all that
 * bitcoind's `-zmqpub…` offers. Source: https://rfc.zeromq.org/spec/23/
 */

const SIGNATURE_BYTES = 10;
const MECHANISM_AT = 12;
const GREETING_BYTES = 64;
const MAJOR_VERSION = 3;
/** A notification of bitcoind's has three: topic, body, number. */
const MAX_PARTS = 8;

const MORE = 0x01;
const LONG = 0x02;
const COMMAND = 0x04;
const SUBSCRIBE = 0x01;
const READY = prefixed('READY');

/** What each side sends first. */
export function greeting(): Uint8Array {
  const bytes = new Uint8Array(GREETING_BYTES);
  bytes[0] = 0xff;
  bytes[SIGNATURE_BYTES - 1] = 0x7f;
  bytes[SIGNATURE_BYTES] = MAJOR_VERSION;
  bytes.set(utf8('NULL'), MECHANISM_AT);
  return bytes;
}

/** The command READY of a SUB socket, which may follow the greeting at once. */
export function ready(): Uint8Array {
  return frame(COMMAND, concatBytes(READY, prefixed('Socket-Type'), new Uint8Array(3), prefixed('SUB')));
}

/**
 * Asks for the messages whose first part begins with `topic`. For a publisher that has said READY: one that has not
 * takes it for a part of the handshake, and hangs up.
 */
export function subscription(topic: string): Uint8Array {
  return frame(0, concatBytes(Uint8Array.of(SUBSCRIBE), utf8(topic)));
}

/** Text after its length in one byte; a property's value has four, of which three are zero. */
function prefixed(text: string): Uint8Array {
  return concatBytes(Uint8Array.of(text.length), utf8(text));
}

function frame(flags: number, body: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(flags, body.length), body);
}

/** Reads what a publisher sends, however it comes in pieces. */
export class PublisherReader {
  #bytes: Uint8Array = new Uint8Array();
  #isGreeted = false;
  #isReady = false;
  #parts: Uint8Array[] = [];

  /** The peer has said READY: it can be told what is wished for. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /**
   * @returns the messages that are whole, each as its parts; commands are passed over
   * @throws HashpoolError 'zmtp-peer' of a peer that is no such publisher
   */
  push(chunk: Uint8Array): Uint8Array[][] {
    this.#bytes = concatBytes(this.#bytes, chunk);
    if (!this.#isGreeted && !this.#readGreeting()) return [];
    const messages: Uint8Array[][] = [];
    for (let next = this.#readFrame(); next; next = this.#readFrame()) {
      const [flags, body] = next;
      if ((flags & COMMAND) !== 0) {
        this.#isReady ||= equalBytes(body.subarray(0, READY.length), READY);
        continue;
      }
      this.#parts.push(body);
      if (this.#parts.length > MAX_PARTS) throw notOurs('it sends a message of too many parts');
      if ((flags & MORE) !== 0) continue;
      messages.push(this.#parts);
      this.#parts = [];
    }
    return messages;
  }

  #readGreeting(): boolean {
    const [bytes, last] = [this.#bytes, this.#bytes[SIGNATURE_BYTES - 1]];
    if (bytes.length > 0 && bytes[0] !== 0xff) throw notOurs('it does not speak ZMTP');
    if (last !== undefined && (last & 1) === 0) throw notOurs('it does not speak ZMTP');
    const version = bytes[SIGNATURE_BYTES];
    if (version !== undefined && version < MAJOR_VERSION)
      throw notOurs(`it speaks version ${version} of ZMTP, not 3`);
    if (bytes.length < GREETING_BYTES) return false;
    this.#bytes = bytes.subarray(GREETING_BYTES);
    this.#isGreeted = true;
    return true;
  }

  #readFrame(): readonly [flags: number, body: Uint8Array] | undefined {
    const bytes = this.#bytes;
    const flags = bytes[0];
    if (flags === undefined) return undefined;
    if ((flags & LONG) !== 0) throw notOurs('it sends a frame longer than a notification');
    const length = bytes[1];
    if (length === undefined || bytes.length < 2 + length) return undefined;
    this.#bytes = bytes.subarray(2 + length);
    return [flags, bytes.slice(2, 2 + length)];
  }
}

function notOurs(trouble: string): HashpoolError {
  return new HashpoolError('zmtp-peer', `what answers there is no publisher of ZeroMQ 4: ${trouble}`);
}
