import { MAX_SEEN_BYTES, payeeTag, SeenShares, STORED_EARLIER } from '../../domain/shares/seen-shares.ts';
import { equalBytes, toHex } from '../../protocols/bytes.ts';
import type { Hash } from '../../protocols/crypto/hash.ts';
import { unpackWorkRecords } from '../../protocols/ehash/work-record.ts';
import type { Logger } from '../../runtime/logs.ts';

/** Prev hashes whose shares are remembered, for a chain that goes back and forth; the older ones also give way to memory. */
const TIPS_KEPT = 4;

/** Where a header has its prev hash. */
const PREV_HASH = [4, 36] as const;

export interface TipSharesOptions {
  readonly hash: Hash;
  readonly log: Pick<Logger, 'error'>;
  /** Packed records of an earlier run in portions, all of those on that prev hash among them. */
  storedEarlier(prevHashLe: Uint8Array): AsyncIterable<Uint8Array>;
}

/** The shares that are known on each prev hash on which the chain stands or to which it may come back. */
export class TipShares {
  readonly #options: TipSharesOptions;
  readonly #tips = new Map<string, SeenShares>();
  /** On the prev hash that was asked for last. */
  #current = new SeenShares();
  #refused = 0;
  /** Of those it was told that there are too many. */
  #told: SeenShares | undefined;

  constructor(options: TipSharesOptions) {
    this.#options = options;
  }

  /** Shares on the current tip. */
  get known(): number {
    return this.#current.size;
  }

  /** Whether no more shares are taken until the next tip. */
  get full(): boolean {
    return this.#current.full;
  }

  /** Shares that were refused since there were too many on a tip. */
  get refused(): number {
    return this.#refused;
  }

  /** The shares on the prev hash that the chain has come to, with those of an earlier run. */
  async on(prevHashLe: Uint8Array): Promise<SeenShares> {
    const key = toHex(prevHashLe);
    const seen = this.#tips.get(key) ?? (await this.#storedOn(prevHashLe));
    this.#tips.delete(key);
    this.#forgetOldest();
    this.#tips.set(key, seen);
    this.#current = seen;
    return seen;
  }

  /** Counts a share that was refused since there are too many, and tells the operator once on each tip. */
  refuse(): void {
    this.#refused++;
    if (this.#told === this.#current) return;
    this.#told = this.#current;
    this.#options.log.error(
      { alert: 'too-many-shares', shares: this.#current.size },
      'miners have handed in more shares on one prev hash than can be told apart: further ones are refused until the next block; raise minimum_difficulty at the mint, or lower shares_per_minute',
    );
  }

  async #storedOn(prevHashLe: Uint8Array): Promise<SeenShares> {
    const { hash, storedEarlier } = this.#options;
    const seen = new SeenShares();
    for await (const records of storedEarlier(prevHashLe)) {
      for (const { header, key } of unpackWorkRecords(records)) {
        const isOnIt = equalBytes(header.subarray(...PREV_HASH), prevHashLe);
        if (isOnIt && !seen.full) seen.add(hash.sha256d(header), payeeTag(key), STORED_EARLIER);
      }
    }
    return seen;
  }

  /** Makes room for one more. The one before it always has its place: none takes more than all of the older may. */
  #forgetOldest(): void {
    let bytes = 0;
    for (const seen of this.#tips.values()) bytes += seen.bytes;
    for (const [key, seen] of this.#tips) {
      if (this.#tips.size < TIPS_KEPT && bytes <= MAX_SEEN_BYTES) break;
      this.#tips.delete(key);
      bytes -= seen.bytes;
    }
  }
}
