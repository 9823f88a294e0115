/** A batch of accepted shares, in the fields of `SubmitShares.Success`. */
export interface ShareAck {
  readonly last_sequence_number: number;
  readonly new_submits_accepted_count: number;
  readonly new_shares_sum: bigint;
}

const DIFFICULTY_ONE_EXPONENT = 32;
const U64_MAX = 2n ** 64n - 1n;

/**
 * Difficulty of a share for `new_shares_sum`: 2^(k-32), and 1 for whatever is easier, as integers have it.
 * @param k exponent of the job's target
 */
export function shareDifficulty(k: number): bigint {
  return k <= DIFFICULTY_ONE_EXPONENT ? 1n : 1n << BigInt(k - DIFFICULTY_ONE_EXPONENT);
}

/**
 * Counts a channel's accepted shares into batches; count and sum are of the batch and begin anew with each
 * (Stratum V2, 5.3.13).
 */
export class ShareAcks {
  #lastSequenceNumber = 0;
  #count = 0;
  #sum = 0n;
  /** Shares of one target come in runs, so that big integers are touched once a run. */
  #runExponent = 0;
  #run = 0;

  /** Accepted shares that were not acknowledged yet. */
  get count(): number {
    return this.#count;
  }

  add(sequenceNumber: number, k: number): void {
    if (k !== this.#runExponent) this.#endRun(k);
    this.#lastSequenceNumber = sequenceNumber;
    this.#count++;
    this.#run++;
  }

  /** Ends the batch; undefined where it is empty. */
  take(): ShareAck | undefined {
    if (this.#count === 0) return undefined;
    this.#endRun(this.#runExponent);
    const ack = {
      last_sequence_number: this.#lastSequenceNumber,
      new_submits_accepted_count: this.#count,
      new_shares_sum: this.#sum > U64_MAX ? U64_MAX : this.#sum,
    };
    this.#count = 0;
    this.#sum = 0n;
    return ack;
  }

  #endRun(next: number): void {
    this.#sum += BigInt(this.#run) * shareDifficulty(this.#runExponent);
    this.#run = 0;
    this.#runExponent = next;
  }
}
