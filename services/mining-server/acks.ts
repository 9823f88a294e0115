import type { MiningChannel } from '../../domain/channels/mining-channel.ts';

/** A stored share waits at least so long for others to be acknowledged with it. */
export const MIN_ACK_DELAY_MS = 1;
/** And no longer than this: miners see the answer, not the batch. */
const MAX_ACK_DELAY_MS = 50;
/**
 * The next acknowledgements wait so many times as long as the last took: they have a fifth of the thread at most. Where each
 * channel has few shares there is nothing to wait for, and with more the delay would mount up before the thread is full.
 */
const PAUSE = 4;

interface AckSender {
  sendAck(channel: MiningChannel): void;
}

/**
 * Sends batches of acknowledgements when they are full, and by one timer for all channels when they are not. A pool with
 * little to do acknowledges at once; a busy one waits for larger batches.
 */
export class Acks {
  readonly #batchSize: number;
  readonly #waiting = new Map<MiningChannel, AckSender>();
  #timer: NodeJS.Timeout | undefined;
  #delayMs = MIN_ACK_DELAY_MS;

  /** @param batchSize shares that one `SubmitShares.Success` acknowledges at most */
  constructor(batchSize: number) {
    this.#batchSize = batchSize;
  }

  /** Counts a stored share of the channel. */
  add(sender: AckSender, channel: MiningChannel, sequenceNumber: number, k: number): void {
    channel.acks.add(sequenceNumber, k);
    if (channel.acks.count >= this.#batchSize) {
      this.#waiting.delete(channel);
      sender.sendAck(channel);
      return;
    }
    if (channel.acks.count === 1) this.#waiting.set(channel, sender);
    this.#timer ??= setTimeout(() => this.flush(), this.#delayMs);
  }

  /** Sends all that waits. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const began = performance.now();
    for (const [channel, sender] of this.#waiting) sender.sendAck(channel);
    this.#waiting.clear();
    const took = performance.now() - began;
    this.#delayMs = Math.min(MAX_ACK_DELAY_MS, Math.max(MIN_ACK_DELAY_MS, PAUSE * took));
  }
}
