import { fittingPayouts, type PayoutRoom } from '../../../domain/jobs/payouts.ts';
import { equalBytes, reversed, toHex } from '../../../protocols/bytes.ts';
import { isHashpoolError } from '../../../protocols/errors.ts';
import { faultPoint } from '../../../runtime/fault-point.ts';
import type { Logger } from '../../../runtime/logs.ts';
import { Rounds } from '../../../runtime/rounds.ts';
import type { WorkLinkServer } from '../../../services/work-link/server.ts';
import type { Engine } from '../engine.ts';
import type { Pool } from '../pools.ts';
import {
  type HeldPayout,
  holdReference,
  type OfferedOutput,
  type PayingBlock,
  type PayoutCourse,
  type PayoutSet,
} from '../store/coinbase-payouts.ts';
import type { CoinbasePayoutsConfig } from './config.ts';

export interface CoinbasePayoutsParts {
  readonly engine: Pick<Engine, 'store'>;
  readonly pools: readonly Pick<Pool, 'poolId' | 'script'>[];
  readonly workLink: Pick<WorkLinkServer, 'payoutRooms' | 'sendPayouts'>;
  /** Undefined: nobody is paid by a coinbase any more, and what was held for that is given back. */
  readonly config: CoinbasePayoutsConfig | undefined;
  /** Confirmations that make a block final. */
  readonly confirmations: number;
  /** Whether the mint's books can't be trusted for now: then nothing is done. */
  readonly isStopped: () => boolean;
  readonly log: Pick<Logger, 'info' | 'debug' | 'warn' | 'error'>;
}

/** Balances that wait for the coinbase of a block. */
export interface WaitingPayouts {
  readonly balances: number;
  readonly sats: bigint;
  /** Why no coinbase pays them as it stands, in words; empty where blocks of the pools will. */
  readonly trouble: string;
}

/** More than there will ever be: what a coinbase is worth is for the pool to know. */
const ANY_VALUE = 2n ** 62n;

/** A balance that a coinbase may pay. */
interface Candidate extends OfferedOutput {
  readonly value: bigint;
}

type WantedPayout = HeldPayout & { readonly script: Uint8Array };

/**
 * Has balances paid by the coinbases of the pools' blocks. What pools are told stands for blocks on one prev hash alone, so
 * that of two blocks which pay the same balance no chain has both: as long as a balance is told again only on a tip whose
 * chain has not paid it. Everything here is a function of the chain and the ledger, run again whenever either changes; a
 * mint that ends in between goes on from there.
 */
export class CoinbasePayouts {
  readonly #parts: CoinbasePayoutsParts;
  readonly #rounds: Rounds;
  /** The tip for which all links were told, in hex. */
  #toldOn: string | undefined;
  #held: readonly HeldPayout[] = [];

  constructor(parts: CoinbasePayoutsParts) {
    this.#parts = parts;
    this.#rounds = new Rounds(() => this.#run(), {
      onTrouble: (err, trouble) =>
        parts.log.warn({ err }, `payouts in coinbases wait for the next block: ${trouble}`),
    });
  }

  /**
   * Settles what final blocks have paid, holds balances, and tells the pools what to pay on the tip. A call during a
   * run makes for one more. Never rejects. Precondition: the chain was followed to the node's tip.
   */
  run(): Promise<void> {
    return this.#rounds.run();
  }

  /** As {@link run}, and tells all pools: one has come. */
  tellAll(): Promise<void> {
    this.#toldOn = undefined;
    return this.run();
  }

  /** How it stood when it was last looked at. */
  get waiting(): WaitingPayouts {
    const sats = this.#held.reduce((sum, each) => sum + each.sats, 0n);
    const isStuck = this.#held.length > 0 && this.#parts.config !== undefined && !this.#room();
    const trouble = this.#rounds.trouble || (isStuck ? 'no pool that is linked leaves room for them' : '');
    return { balances: this.#held.length, sats, trouble };
  }

  /** Ends; resolves when no run is under way. */
  close(): Promise<void> {
    return this.#rounds.close();
  }

  async #run(): Promise<void> {
    const { config, isStopped } = this.#parts;
    if (isStopped()) return;
    let course = await this.#course();
    for (const block of course.undone) await this.#undo(block);
    for (const block of course.due) await this.#settle(block);
    if (course.undone.length + course.due.length > 0) course = await this.#course();
    if (await this.#release(course)) course = await this.#course();
    const room = this.#room();
    if (!config || !course.tip || !room) return;
    await this.#hold(course, config, room);
    course = await this.#course();
    const set = course.told ?? (await this.#offer(course, config, room));
    if (set && isCovered(set, course)) this.#tell(set);
  }

  async #course(): Promise<PayoutCourse> {
    const { engine, confirmations } = this.#parts;
    const course = await engine.store.call('payoutCourse', { confirmations });
    this.#held = course.held;
    return course;
  }

  async #settle(block: PayingBlock): Promise<void> {
    const { engine, log } = this.#parts;
    const settled = await engine.store.call('settleCoinbase', block);
    faultPoint('coinbase-settled');
    if (!settled) return;
    const { paid, unowed } = settled;
    const about = { ...describe(block), balances: block.payments.length, paid };
    log.info(about, `block ${block.height} is final and has paid ${paid} sats of balances in its coinbase`);
    if (unowed === 0n) return;
    const alert = { ...about, alert: 'coinbase-paid-twice', unowed };
    log.error(
      alert,
      `block ${block.height} has paid ${unowed} sats of balances that were paid otherwise: they are lost`,
    );
  }

  async #undo(block: PayingBlock): Promise<void> {
    const sats = await this.#parts.engine.store.call('undoCoinbase', block);
    faultPoint('coinbase-undone');
    if (sats === 0n) return;
    const alert = { ...describe(block), alert: 'coinbase-payout-undone', sats };
    this.#parts.log.error(
      alert,
      `block ${block.height} was final and is orphaned: the ${sats} sats of balances that it paid are owed again`,
    );
  }

  /**
   * Gives back what no coinbase is to pay any more, once blocks that may have paid it are too deep to come.
   * @returns whether there was any
   */
  async #release(course: PayoutCourse): Promise<boolean> {
    const { engine, confirmations, log } = this.#parts;
    const { held, tip, underWay } = course;
    let hasReleased = false;
    for (const balance of held) {
      const { payoutKey, references, lastHeight, sats } = balance;
      const mayBePaid = underWay.has(payoutKey) || !tip || tip.height < lastHeight + confirmations;
      if (mayBePaid || this.#isWanted(balance, course)) continue;
      for (const reference of references) {
        await engine.store.call('releaseHeld', { purpose: 'coinbase', reference });
        faultPoint('coinbase-released');
      }
      hasReleased = true;
      log.info({ sats }, `${sats} sats of a balance are not held for coinbases any more`);
    }
    return hasReleased;
  }

  /** Holds balances that have become large enough, as far as there is room. */
  async #hold(
    course: PayoutCourse,
    { threshold_sats, max_outputs }: CoinbasePayoutsConfig,
    room: PayoutRoom,
  ) {
    const { engine, log } = this.#parts;
    const { held, underWay, tip } = course;
    const known = new Set(held.map(({ payoutKey }) => payoutKey));
    // Beside those that are held it finds as many others as there may be.
    const limit = max_outputs + known.size;
    const least = BigInt(threshold_sats);
    const creditedSince = this.#creditedSince(course);
    const payable = await engine.store.call('payableByCoinbase', { least, limit, creditedSince });
    const free = payable.filter(({ payoutKey, script }) => !underWay.has(payoutKey) && !this.#isOwn(script));
    const fresh = free.filter(({ payoutKey }) => !known.has(payoutKey)).map(candidateOf);
    const fitting = new Set(this.#fitting([...this.#candidates(course), ...fresh], max_outputs, room));
    const chosen = [
      ...free.filter(({ payoutKey }) => known.has(payoutKey)),
      ...fresh.filter((each) => fitting.has(each)),
    ];
    for (const { payoutKey, sats } of chosen) {
      const reference = holdReference(tip?.height ?? 0, payoutKey);
      if (!(await this.#holdOne(reference, payoutKey, sats))) continue;
      faultPoint('coinbase-held');
      log.info({ sats }, `${sats} sats of a balance are held for the coinbase of a block`);
    }
  }

  /** @returns false where a payment on the chain or another process has it, or the key was held for at this height before */
  async #holdOne(reference: Uint8Array, payoutKey: number, sats: bigint): Promise<boolean> {
    const holds = [{ payoutKey, sats }];
    try {
      await this.#parts.engine.store.call('holdBalances', { purpose: 'coinbase', reference, holds });
      return true;
    } catch (error) {
      if (isHashpoolError(error, 'balance-changed')) return false;
      throw error;
    }
  }

  async #offer(course: PayoutCourse, { max_outputs }: CoinbasePayoutsConfig, room: PayoutRoom) {
    const { tip } = course;
    const outputs = this.#fitting(this.#candidates(course), max_outputs, room);
    if (!tip || outputs.length === 0) return undefined;
    const bare = outputs.map(({ payoutKey, script, sats }) => ({ payoutKey, script, sats }));
    const set = await this.#parts.engine.store.call('offerPayouts', { tip, outputs: bare });
    faultPoint('coinbase-offered');
    return set;
  }

  #tell({ id, prevHashLe, outputs }: PayoutSet): void {
    const { pools, workLink, log } = this.#parts;
    const on = toHex(reversed(prevHashLe));
    if (this.#toldOn === on) return;
    this.#toldOn = on;
    const payouts = {
      id,
      prevHashLe,
      outputs: outputs.map(({ script, sats: value }) => ({ script, value })),
    };
    for (const { poolId } of pools) workLink.sendPayouts(poolId, payouts);
    const about = { payouts: id, outputs: outputs.length, on };
    log.debug(about, `pools are told of ${outputs.length} balances to pay in the next block`);
  }

  /** What any of the pools' servers has room for: one with less leaves out what does not fit. */
  #room(): PayoutRoom | undefined {
    const { pools, workLink } = this.#parts;
    const rooms = pools.flatMap(({ poolId }) => workLink.payoutRooms(poolId));
    if (rooms.length === 0) return undefined;
    const most = (of: (room: PayoutRoom) => number) => Math.max(...rooms.map(of));
    return { size: most(({ size }) => size), sigops: most(({ sigops }) => sigops) };
  }

  /** What is held and may be paid, the largest first. */
  #candidates(course: PayoutCourse): Candidate[] {
    return course.held
      .filter((each): each is WantedPayout => this.#isWanted(each, course))
      .filter(({ payoutKey }) => !course.underWay.has(payoutKey))
      .map(candidateOf)
      .sort((a, b) => (a.sats < b.sats ? 1 : a.sats > b.sats ? -1 : a.payoutKey - b.payoutKey));
  }

  /** Whether a coinbase is to pay it. */
  #isWanted({ script, creditedHeight }: HeldPayout, course: PayoutCourse): boolean {
    if (!this.#parts.config || script === undefined || this.#isOwn(script)) return false;
    return creditedHeight >= this.#creditedSince(course);
  }

  /** Balances that were last credited below this height are left to other payments. */
  #creditedSince({ tip }: PayoutCourse): number {
    const { wait_blocks } = this.#parts.config ?? {};
    return wait_blocks === undefined ? 0 : Math.max(0, (tip?.height ?? 0) - wait_blocks);
  }

  #fitting(candidates: readonly Candidate[], count: number, room: PayoutRoom): Candidate[] {
    return fittingPayouts(candidates, room, ANY_VALUE).slice(0, count);
  }

  /** What pays a pool's own script can't be told from its reward. */
  #isOwn(script: Uint8Array): boolean {
    return this.#parts.pools.some((pool) => pool.script !== undefined && equalBytes(pool.script, script));
  }
}

function candidateOf({ payoutKey, script, sats }: OfferedOutput): Candidate {
  return { payoutKey, script, sats, value: sats };
}

/** Whether all of it is still held: a reorganization may have led back to a tip of long ago. */
function isCovered({ outputs }: PayoutSet, { held, underWay }: PayoutCourse): boolean {
  const sums = new Map(held.map(({ payoutKey, sats }) => [payoutKey, sats]));
  return outputs.every(
    ({ payoutKey, sats }) => (sums.get(payoutKey) ?? 0n) >= sats && !underWay.has(payoutKey),
  );
}

function describe({ hashLe, height }: PayingBlock) {
  return { block: toHex(reversed(hashLe)), height };
}
