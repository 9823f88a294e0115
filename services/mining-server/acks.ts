import type { MiningChannel } from '../../domain/channels/mining-channel.ts';

/** A stored share waits at least so long for others to be acknowledged with it. */
export const MIN_ACK_DELAY_MS = 1;
/** And no longer than this: miners see the answer, not the batch. */
const MAX_ACK_DELAY_MS = 50;
/** So many at once come of a busy pool, where waking the client so often takes longer than what it is told. */
const BUSY = 16;
const BUSY_ACK_DELAY_MS = 2;
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
 * little to do acknowledges at once; a busy one waits for more.
 */
export class Acks {
  readonly #batchSize: number;
  /** Channels with stored shares, each once; those that had a full batch meanwhile may have none left. */
  #waiting: { readonly sender: AckSender; readonly channel: MiningChannel }[] = [];
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
      sender.sendAck(channel);
      return;
    }
    if (channel.acks.count === 1) this.#waiting.push({ sender, channel });
    this.#timer ??= setTimeout(() => this.flush(), this.#delayMs);
  }

  /** Sends all that waits. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const began = performance.now();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { sender, channel } of waiting) if (channel.acks.count > 0) sender.sendAck(channel);
    const took = performance.now() - began;
    const least = waiting.length < BUSY ? MIN_ACK_DELAY_MS : BUSY_ACK_DELAY_MS;
    this.#delayMs = Math.min(MAX_ACK_DELAY_MS, Math.max(least, PAUSE * took));
  }
}
