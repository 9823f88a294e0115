import { isHashpoolError, messageOf } from '../../../../protocols/errors.ts';
import { faultPoint } from '../../../../runtime/fault-point.ts';
import type { Logger } from '../../../../runtime/logs.ts';
import { isRpcError } from '../../../../runtime/rpc/errors.ts';
import type { Store } from '../../../../runtime/sql/store.ts';
import { type Built, buildTransaction, coinOf } from './build.ts';
import { estimate } from './fees.ts';
import type { Payout, PayoutOperations, Sending } from './payout-store.ts';
import type { Wallet } from './wallet.ts';

/** Transactions followed in one run; the next goes on with those after them. */
const MAX_FOLLOWED = 200;
/** Versions of one transaction. */
const MAX_VERSIONS = 10;
/** What took a payout's coins is itself so deep before the payout is made with others: none is as deep and comes back. */
export const GONE_DEPTH = 100;
/** A replacement pays half as much again, and this much at least: nodes pass on no smaller step. */
const LEAST_STEP = 1_000n;

export interface SendingSettings {
  /** Confirmations with which a payout is final. */
  readonly confirmations: number;
  /** The most that a replacement pays for 1,000 virtual bytes, in sats. */
  readonly maxRate: bigint;
}

export interface SendingParts {
  readonly wallet: Wallet;
  readonly store: Store<PayoutOperations>;
  readonly settings: SendingSettings;
  /** Called with the key of a payout that stands otherwise than before. */
  readonly onProgress: (key: string) => void;
  readonly log: Logger;
}

/** Brings stored transactions into the chain: sends them, again and again, pays more where they take too long. */
export class Sendings {
  readonly #parts: SendingParts;
  /** The row of the last that was followed in this round; 0 at its start. */
  #after = 0;
  #troubleOfRound: string | undefined;
  #troubleOfLastRound: string | undefined;

  constructor(parts: SendingParts) {
    this.#parts = parts;
  }

  /** Sends a stored transaction with its payouts. @returns why the node does not take it */
  async send(
    { txid, hex }: Pick<Built, 'txid' | 'hex'>,
    payouts: readonly Payout[],
  ): Promise<string | undefined> {
    try {
      await this.#parts.wallet.call('sendrawtransaction', [hex]);
    } catch (error) {
      if (!isRpcError(error, 'rpc-refused')) throw error;
      return messageOf(error);
    }
    faultPoint('payout-sent');
    const isNew = await this.#parts.store.call('noteSent', txid);
    faultPoint('payout-noted');
    if (isNew) for (const { key } of payouts) this.#parts.onProgress(key);
    return undefined;
  }

  /** Looks after the transactions that are not final, all in turn. @returns why one of them does not get on */
  async follow(height: number): Promise<string | undefined> {
    const page = await this.#parts.store.call('openSendings', { after: this.#after, limit: MAX_FOLLOWED });
    let trouble = this.#troubleOfRound;
    for (const sending of page) trouble = (await this.#followOne(sending, height)) ?? trouble;
    const last = page.length < MAX_FOLLOWED ? undefined : page.at(-1);
    this.#after = last?.sending ?? 0;
    this.#troubleOfRound = last && trouble;
    if (!last) this.#troubleOfLastRound = trouble;
    return trouble ?? this.#troubleOfLastRound;
  }

  async #followOne(sending: Sending, height: number): Promise<string | undefined> {
    const confirmed = await this.#confirmed(sending);
    if (confirmed) {
      if (confirmed.depth >= this.#parts.settings.confirmations) await this.#finish(sending, confirmed.txid);
      return undefined;
    }
    const refusal = await this.#sendNewest(sending);
    if (refusal !== undefined && (await this.#isMissing(sending))) {
      // A block that came between these questions may hold the payout itself.
      return (await this.#confirmed(sending)) ? undefined : this.#whenMissing(sending, height);
    }
    if (sending.missingSince !== undefined)
      await this.#parts.store.call('noteMissing', { sending: sending.sending, since: undefined });
    if (height - sending.height >= sending.blocks) return (await this.#payMore(sending, height)) ?? refusal;
    return refusal;
  }

  /** The version that is in a block, if one is. */
  async #confirmed({ versions }: Sending): Promise<{ txid: string; depth: number } | undefined> {
    for (const { txid } of versions) {
      const depth = (await this.#parts.wallet.confirmations(txid)) ?? 0;
      if (depth > 0) return { txid, depth };
    }
    return undefined;
  }

  async #finish({ sending, payouts }: Sending, txid: string): Promise<void> {
    await this.#parts.store.call('finishSending', { sending, txid });
    faultPoint('payout-final');
    for (const { key } of payouts) this.#parts.onProgress(key);
    this.#parts.log.info({ txid, payouts: payouts.length }, 'a payout is final');
  }

  /** The newest version that the node takes; an older one where it does not. */
  async #sendNewest({ versions, payouts }: Sending): Promise<string | undefined> {
    let refusal: string | undefined;
    for (const version of versions.toReversed()) {
      const trouble = await this.send(version, payouts);
      if (trouble === undefined) return undefined;
      refusal ??= trouble;
    }
    return refusal;
  }

  /** Whether a coin that each version spends is not in the chain, spent or never there. */
  async #isMissing({ inputs }: Sending): Promise<boolean> {
    for (const { txid, vout } of inputs.map(coinOf)) {
      if ((await this.#parts.wallet.call('gettxout', [txid, vout, false])) === null) return true;
    }
    return false;
  }

  async #whenMissing(sending: Sending, height: number): Promise<string> {
    const { sending: row, inputs, missingSince, versions } = sending;
    const facts = { alert: 'payout-coins-gone', txids: versions.map(({ txid }) => txid), coins: inputs };
    if (missingSince === undefined) {
      await this.#parts.store.call('noteMissing', { sending: row, since: height });
      this.#parts.log.error(
        facts,
        'coins of a payout are gone: another program spends from this wallet, or a reorganization took them',
      );
    } else if (height - missingSince >= GONE_DEPTH && (await this.#isGone(sending))) {
      await this.#parts.store.call('killSending', row);
      await this.#unlock(inputs);
      this.#parts.log.error(facts, 'these coins stay gone; the payout is made with others');
    }
    return 'coins of a payout are gone; it is made with others when that is certain';
  }

  /**
   * Whether no version can ever be mined: none was sent and the wallet, which has the coins' own transactions, never saw
   * one, or the wallet knows that what took a coin of all of them, or the transaction that it came from, is too deep to
   * be undone. A wallet that knows nothing of the coins was made anew, and nothing follows from what it never saw.
   */
  async #isGone({ versions, inputs }: Sending): Promise<boolean> {
    const depthsOf = (txids: readonly string[]) =>
      Promise.all(txids.map((txid) => this.#parts.wallet.confirmations(txid)));
    const depths = await depthsOf(versions.map(({ txid }) => txid));
    const origins = await depthsOf(inputs.map((input) => coinOf(input).txid));
    if (depths.every((depth) => depth === undefined) && versions.every(({ isSent }) => !isSent))
      return origins.every((depth) => depth !== undefined);
    return [depths[0], ...origins].some((depth) => depth !== undefined && depth <= -GONE_DEPTH);
  }

  /** Locks are of the node's memory: those that a restart has taken are not looked for. */
  async #unlock(coins: readonly string[]): Promise<void> {
    const locked = await this.#parts.wallet.call('listlockunspent');
    const mine = coins.map(coinOf).filter(({ txid, vout }) => {
      return Array.isArray(locked) && locked.some((coin) => coin?.txid === txid && coin?.vout === vout);
    });
    if (mine.length > 0) await this.#parts.wallet.call('lockunspent', [true, mine]);
  }

  /** Replaces what was not confirmed in the time that was promised, where a higher fee would help. */
  async #payMore(sending: Sending, height: number): Promise<string | undefined> {
    const newest = sending.versions.at(-1);
    const rate = newest && (await this.#higherRate(newest.rate, sending.blocks));
    if (!newest || rate === undefined || newest.number >= MAX_VERSIONS)
      return 'a payout takes longer than was expected';
    const { sending: row, payouts } = sending;
    const built = await this.#rebuilt(sending, rate);
    if (typeof built === 'string') return built;
    const number = newest.number + 1;
    faultPoint('replacement-built');
    try {
      const taken = await this.#parts.store.call('addVersion', {
        sending: row,
        number,
        height,
        payouts,
        built,
      });
      if (taken.length > 0) return 'coins of another payout were chosen; the fee is raised in a moment';
    } catch (error) {
      if (isHashpoolError(error, 'payouts-taken')) return undefined;
      throw error;
    }
    faultPoint('replacement-stored');
    const fees = { before: newest.fee, fee: built.fee };
    this.#parts.log.info({ txid: built.txid, replaces: newest.txid, ...fees }, 'a payout pays a higher fee');
    return this.send(built, payouts);
  }

  /** @returns undefined where more would not help, or is not allowed */
  async #higherRate(rate: bigint, blocks: number): Promise<bigint | undefined> {
    const least = rate + (rate / 2n > LEAST_STEP ? rate / 2n : LEAST_STEP);
    const expected = (await estimate(this.#parts.wallet, blocks))?.rate;
    if (expected !== undefined && expected <= rate) return undefined;
    const wanted = expected !== undefined && expected > least ? expected : least;
    return wanted > this.#parts.settings.maxRate ? undefined : wanted;
  }

  /** @returns why it can't be, where it can't */
  async #rebuilt({ payouts, inputs }: Sending, rate: bigint): Promise<Built | string> {
    try {
      return await buildTransaction(this.#parts.wallet, payouts, rate, inputs);
    } catch (error) {
      if (!isRpcError(error, 'rpc-refused')) throw error;
      return `a payout takes longer than was expected, and its fee can't be raised: ${messageOf(error)}`;
    }
  }
}
