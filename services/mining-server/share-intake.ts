import type { MiningChannel } from '../../domain/channels/mining-channel.ts';
import { hashShares, type SubmittedShare } from '../../domain/shares/validate-share.ts';
import type { Tlv } from '../../protocols/sv2/tlv.ts';
import type { MiningHouse } from './house.ts';
import type { PayeeKeys } from './payee-keys.ts';
import type { Reading } from './reading.ts';
import type { ShareOwner } from './share-commits.ts';
import {
  checkSubmission,
  type GoodShare,
  type HashedSubmission,
  type Submission,
  settleShare,
  takeShare,
} from './submit-share.ts';

/** Whose shares are taken in. */
export interface ShareClient extends ShareOwner {
  reject(channelId: number, sequenceNumber: number, error: string): void;
  /** A channel's shares come far faster than its target aims at. */
  stopFlood(channel: MiningChannel): void;
}

interface Desk {
  readonly house: MiningHouse;
  readonly reading: Reading;
  readonly payees: PayeeKeys;
}

/**
 * A client's shares from the wire to the store. Those that are read together are hashed together; each is judged in its
 * turn, and while one waits for its key or for room in the store, so do those behind it.
 */
export class ShareIntake {
  readonly #client: ShareClient;
  readonly #house: MiningHouse;
  readonly #reading: Reading;
  readonly #payees: PayeeKeys;
  /** Yet to be hashed. */
  #submissions: Submission[] = [];
  /** Yet to be judged: none but where the client is held back. */
  readonly #hashed: HashedSubmission[] = [];

  constructor(client: ShareClient, { house, reading, payees }: Desk) {
    this.#client = client;
    this.#house = house;
    this.#reading = reading;
    this.#payees = payees;
  }

  /** Takes a share of one of the client's channels, to be judged by `judge`. */
  add(
    channel: MiningChannel,
    share: SubmittedShare & { readonly sequence_number: number },
    tlvs: readonly Tlv[],
  ): void {
    const submission = checkSubmission(this.#house, channel, share, tlvs);
    if (typeof submission === 'string') this.#client.reject(channel.id, share.sequence_number, submission);
    else this.#submissions.push(submission);
  }

  /** Judges what was added, and before it what the client was held back with. */
  judge(): void {
    if (this.#submissions.length > 0) {
      const submissions = this.#submissions;
      this.#submissions = [];
      const works = hashShares(submissions, this.#house.hash);
      for (const [at, work] of works.entries()) {
        const submission = submissions[at];
        if (submission) this.#hashed.push({ submission, work });
      }
    }
    while (!this.#reading.isHeld) {
      const next = this.#hashed.shift();
      if (!next) return;
      this.#judge(next);
    }
  }

  #judge(share: HashedSubmission): void {
    const taken = takeShare(this.#house, share);
    const { channel, sequenceNumber } = share.submission;
    if (typeof taken === 'string') this.#client.reject(channel.id, sequenceNumber, taken);
    else if (taken.namedByShare) this.#payees.judge(taken.key, (isPoint) => this.#settle(taken, isPoint));
    else this.#settle(taken, true);
  }

  #settle(share: GoodShare, isPoint: boolean): void {
    const { channel, sequenceNumber, work, replay } = share;
    const { commits } = this.#house;
    const error = settleShare(this.#house, this.#client, share, isPoint);
    if (error) {
      this.#client.reject(channel.id, sequenceNumber, error);
      return;
    }
    // It shows the client's rate as it comes: answers may be late, and many at once.
    if (!replay && channel.vardiff.accepted(work.job.k)) this.#client.stopFlood(channel);
    if (!commits.full) return;
    // The store is behind: this client waits, and TCP tells it so.
    this.#house.hold(this.#reading.hold());
    commits.flush();
  }
}
