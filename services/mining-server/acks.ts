import type { MiningChannel } from '../../domain/channels/mining-channel.ts';

/** A stored share waits no longer for others to be acknowledged with it: miners see the answer, not the batch. */
export const ACK_DELAY_MS = 50;

interface AckSender {
  sendAck(channel: MiningChannel): void;
}

/** Sends batches of acknowledgements when they are full, and by one timer for all channels when they are not. */
export class Acks {
  readonly #batchSize: number;
  readonly #waiting = new Map<MiningChannel, AckSender>();
  #timer: NodeJS.Timeout | undefined;

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
    this.#timer ??= setTimeout(() => this.flush(), ACK_DELAY_MS);
  }

  /** Sends all that waits. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const [channel, sender] of this.#waiting) sender.sendAck(channel);
    this.#waiting.clear();
  }
}
