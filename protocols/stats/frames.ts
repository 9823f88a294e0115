import { concatBytes } from '../bytes.ts';
import { HashpoolError } from '../errors.ts';
import { FRAME_HEADER_BYTES, readFrameHeader } from '../sv2/frame.ts';
import { STATS_EXTENSION, STATS_FRAME_CAP, type StatsMessage, statsProtocol } from './messages.ts';

const NOTHING = new Uint8Array(0);

/** Turns the bytes of a plain connection into messages, however the network cut them. */
export class StatsFrames {
  #received: Uint8Array = NOTHING;

  /**
   * Adds bytes and takes out all whole messages; those of a newer program that this one does not know are left out.
   * @throws HashpoolError 'sv2-frame-too-large', 'stats-bad-frame', and what the codec throws at a bad message
   */
  *read(bytes: Uint8Array): Generator<StatsMessage> {
    this.#received = this.#received.length === 0 ? bytes : concatBytes(this.#received, bytes);
    let offset = 0;
    while (this.#received.length - offset >= FRAME_HEADER_BYTES) {
      const header = readFrameHeader(this.#received.subarray(offset));
      if (header.extension !== STATS_EXTENSION) {
        throw new HashpoolError('stats-bad-frame', `a frame of extension 0x${header.extension.toString(16)}`);
      }
      if (header.length > STATS_FRAME_CAP) {
        throw new HashpoolError(
          'sv2-frame-too-large',
          `a frame of ${header.length} bytes, at most ${STATS_FRAME_CAP} are taken here`,
        );
      }
      const start = offset + FRAME_HEADER_BYTES;
      if (this.#received.length < start + header.length) break;
      offset = start + header.length;
      if (!statsProtocol.knows(header)) continue;
      yield statsProtocol.decodePayload(header, this.#received.subarray(start, offset)).message;
    }
    this.#received = this.#received.subarray(offset);
  }
}
