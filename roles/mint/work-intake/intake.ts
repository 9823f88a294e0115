import { randomBytes } from 'node:crypto';
import { decodeHeader } from '../../../protocols/bitcoin/header.ts';
import { reversed, toHex } from '../../../protocols/bytes.ts';
import { newQuoteId, QUOTE_ID_RANDOM_BYTES } from '../../../protocols/cashu/quote-id.ts';
import type { Hash } from '../../../protocols/crypto/hash.ts';
import type { WorkRecord } from '../../../protocols/ehash/work-record.ts';
import { HashpoolError } from '../../../protocols/errors.ts';
import type { Logger } from '../../../runtime/logs.ts';
import type { ChainView } from '../chain/chain-view.ts';
import type { Engine } from '../engine.ts';
import type { Losses } from '../losses.ts';
import type { Epoch } from '../store/epochs.ts';
import type { Stamp } from '../store/stamps.ts';
import type { JudgedWork, OutboxProgress, Refusal, StoredWork } from '../store/work.ts';
import { isAheadOfClock, judgeHeader, judgeProof, type ShareTerms } from './judge.ts';
import { KnownKeys } from './known-keys.ts';
import type { Stamps } from './stamper.ts';
import type { WaitingRoom } from './waiting-work.ts';

/** Sequence numbers are stored as signed 64-bit integers. */
const MAX_SEQ = (1n << 63n) - 1n;
/** A pool at its cap is said so this often. */
const CAP_LOG_MS = 60_000;

export interface WorkIntakeParts {
  readonly engine: Engine;
  readonly chain: Pick<ChainView, 'network' | 'parent'>;
  readonly stamps: Stamps;
  readonly hash: Hash;
  readonly losses: Pick<Losses, 'checkOpen' | 'reasonFor' | 'freeze' | 'hasJournal'>;
  /** Where work waits that can't be placed yet. */
  readonly waiting: Pick<WaitingRoom, 'news' | 'look'>;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** Hashes that each pool may deliver in an hour, by pool id in hex. */
  readonly workPerHour: ReadonlyMap<string, bigint>;
}

/** A pool that may deliver work. */
interface OpenPool {
  readonly poolId: Uint8Array;
  /** The epoch that it mines in. */
  readonly current: Epoch & { readonly segment: number };
  /** By which work is counted whose own epoch can't be told yet: the most lenient of the pool's epochs. */
  readonly lenient: ShareTerms;
  readonly firstHeight: number;
}

/** A record with the height of the block that it builds on, where that is known. */
type Judged = { readonly work: JudgedWork; readonly height?: number };

export interface WorkTaken {
  readonly storedSeq: bigint;
  readonly backedUpSeq: bigint;
  /** Records whose parent the node does not know. */
  readonly unplaced: number;
  readonly refusals: Refusal[];
}

/**
 * Turns the pools' work into quotes. Nothing that a pool says is believed: the mint hashes each header itself,
 * checks it against the claimed target and the chain, and computes the amount. What can't be paid is stored with
 * its reason, so that it never holds up what comes after it.
 */
export class WorkIntake {
  readonly #parts: WorkIntakeParts;
  readonly #keys: KnownKeys;
  readonly #capLogged = new Map<string, number>();

  constructor(parts: WorkIntakeParts) {
    this.#parts = parts;
    this.#keys = new KnownKeys(parts.engine.signer);
  }

  /**
   * Stores the records of one outbox from `firstSeq` on, as far as the pool's cap allows. Idempotent by the shares
   * themselves and not by their numbers: an outbox that was set back to an older copy uses numbers a second time.
   * @returns how far these records are stored, and which of them are refused; where they would leave a gap or there
   * are none, how far the outbox is
   * @throws HashpoolError 'mint-not-ready' before the pool's first epoch is open, 'bad-sequence', 'signing-stopped' where
   * the database is found to be older than what the pool was told
   */
  async take(
    poolId: Uint8Array,
    outboxId: Uint8Array,
    firstSeq: bigint,
    records: readonly WorkRecord[],
  ): Promise<WorkTaken> {
    const { engine, log, losses, waiting } = this.#parts;
    losses.checkOpen();
    const known = await engine.outboxProgress({ poolId, outboxId });
    if (records.length === 0) await this.#compare(poolId, firstSeq - 1n, known);
    if (records.length === 0 || firstSeq > known.storedSeq + 1n) {
      const { storedSeq, backedUpSeq } = known;
      return { storedSeq, backedUpSeq, unplaced: 0, refusals: [] };
    }
    if (firstSeq < 1n || firstSeq + BigInt(records.length) > MAX_SEQ) {
      throw new HashpoolError(
        'bad-sequence',
        `first_seq is ${firstSeq}; shares are numbered from 1, below 2^63`,
      );
    }
    const pool = this.#openPool(poolId);
    const { news } = waiting;
    const judged = await this.#judgeAll(records, pool);
    const { storedSeq, refusals, conflicts } = await this.#store(outboxId, firstSeq, judged, pool);
    // What it waits for came before it was stored, and whoever looked then has not seen it.
    const waits = ({ work }: Judged) => work.reason === undefined && work.isWaiting;
    const isMissed = waiting.news !== news && judged.some(waits);
    if (isMissed) void waiting.look();
    if (conflicts > 0) {
      const about = { alert: 'work-conflict', pool: toHex(poolId), conflicts };
      log.error(about, 'the same share came again with another key or k: the first one holds');
    }
    const unplaced = judged.filter(
      ({ work, height }) => work.reason === undefined && height === undefined,
    ).length;
    const backedUpSeq = losses.hasJournal ? storedSeq : known.backedUpSeq;
    return { storedSeq, backedUpSeq, unplaced, refusals };
  }

  /** What a pool was told is stored must be: else the database is an older copy, whatever else it lacks. */
  async #compare(poolId: Uint8Array, toldSeq: bigint, known: OutboxProgress): Promise<void> {
    if (toldSeq <= known.storedSeq || known.isBehind) return;
    const { losses } = this.#parts;
    await losses.freeze(
      `the database is older than what this mint has given out: pool ${toHex(poolId)} was told that its work is stored up to number ${toldSeq}, and here it is up to ${known.storedSeq}`,
    );
    losses.checkOpen();
  }

  /** @throws HashpoolError 'mint-not-ready' */
  #openPool(poolId: Uint8Array): OpenPool {
    const { epochs } = this.#parts.engine;
    const [current, firstHeight] = [epochs.current(poolId), epochs.firstHeight(poolId)];
    if (current?.segment === undefined || firstHeight === undefined) {
      throw new HashpoolError('mint-not-ready', 'no epoch is open for this pool yet');
    }
    const lenient = epochs
      .ofPool(poolId)
      .reduce((a, b) => (b.minimumDifficulty < a.minimumDifficulty ? b : a), current);
    return { poolId, current: { ...current, segment: current.segment }, lenient, firstHeight };
  }

  /** Stores what the pool's hour has room for. */
  async #store(
    outboxId: Uint8Array,
    firstSeq: bigint,
    judged: readonly Judged[],
    { poolId, lenient }: OpenPool,
  ): Promise<StoredWork> {
    const { engine, workPerHour, clock } = this.#parts;
    const pool = toHex(poolId);
    const now = clock();
    const { minimumDifficulty } = lenient;
    const allowance = { perHour: workPerHour.get(pool) ?? 0n, minimumDifficulty, now };
    const records = judged.map(({ work }) => work);
    const heights = judged.flatMap(({ height }) => height ?? []);
    const reachedHeight = heights.length > 0 ? Math.max(...heights) : undefined;
    const batch = { poolId, outboxId, firstSeq, records, allowance, reachedHeight };
    const stored = await engine.storeWork(batch);
    if (stored.isFull) this.#logCap(pool, now);
    return stored;
  }

  #logCap(pool: string, now: number): void {
    if (now - (this.#capLogged.get(pool) ?? 0) < CAP_LOG_MS) return;
    this.#capLogged.set(pool, now);
    const about = { alert: 'work-cap', pool };
    this.#parts.log.error(about, 'this pool is at its work_per_hour: what comes now waits in its outbox');
  }

  async #judgeAll(records: readonly WorkRecord[], pool: OpenPool): Promise<Judged[]> {
    const areGood = await this.#keys.areGood(records.map(({ key }) => key));
    const random = randomBytes(QUOTE_ID_RANDOM_BYTES * records.length);
    return Promise.all(
      records.map(({ header, k, key }, i): Promise<Judged> | Judged => {
        const reason = 'bad-key: no point of secp256k1, nobody could ever mint it';
        if (!areGood[i]) return { work: { header, k, key, reason } };
        const quoteId = newQuoteId(this.#parts.clock(), random.subarray(QUOTE_ID_RANDOM_BYTES * i));
        return this.#judge({ header, k, key }, quoteId, pool);
      }),
    );
  }

  async #judge(record: WorkRecord, quoteId: Uint8Array, pool: OpenPool): Promise<Judged> {
    const { chain, hash, clock, losses, stamps } = this.#parts;
    const shareHashLe = hash.sha256d(record.header);
    const proof = judgeProof(shareHashLe, record.k, pool.lenient);
    if (typeof proof === 'string') return { work: { ...record, reason: proof } };
    const header = decodeHeader(record.header);
    const parent = await chain.parent(toHex(reversed(header.prevHashLe)));
    const stamp = parent && (await stamps.stamp(pool.poolId, header.prevHashLe));
    const { segment, minimumDifficulty, policy } = stamp ?? provisional(pool);
    const exponent = judgeProof(shareHashLe, record.k, { minimumDifficulty, policy });
    const isWaiting = !stamp || isAheadOfClock(header, Math.floor(clock() / 1000));
    const refused = parent && judgeHeader(header, parent, chain.network, pool.firstHeight);
    const about = parent ? { height: parent.height } : {};
    if (refused !== undefined) return { work: { ...record, reason: refused }, ...about };
    if (typeof exponent === 'string') return { work: { ...record, reason: exponent }, ...about };
    const lost = parent && losses.reasonFor(parent);
    const placed = { segment, minimumDifficulty, exponent, isWaiting };
    return { work: { ...record, reason: undefined, lost, quoteId, shareHashLe, ...placed }, ...about };
  }
}

/** Where work is kept that can't be placed yet. */
function provisional({
  current,
  lenient,
}: OpenPool): Pick<Stamp, 'segment' | 'minimumDifficulty' | 'policy'> {
  const { minimumDifficulty, policy } = lenient;
  return { segment: current.segment, minimumDifficulty, policy };
}
