import { checkRedemption, type RedemptionRequest } from '../../domain/epochs/redemption.ts';
import { type CheckedInputs, checkInputs } from '../../domain/ledger/tokens.ts';
import { checkPaid } from '../../domain/quotes/mintable.ts';
import { amountOf } from '../../protocols/cashu/amount.ts';
import { cashuError } from '../../protocols/cashu/errors.ts';
import { faultPoint } from '../../runtime/fault-point.ts';
import { claimsOf, type Engine, type Quote } from './engine.ts';
import type { IssuedSignature } from './issuance.ts';
import { checkBatch, type MintRequest } from './mint-request.ts';
import { onceOrAgain } from './replays.ts';
import type { Epoch } from './store/epochs.ts';
import type { SpentRow } from './store/ledger.ts';
import type { RedemptionWrite } from './store/redemptions.ts';

/**
 * Turns ehash of epochs whose price is fixed into sat ecash: one request, all or nothing.
 *
 *     R1  checked, the proofs verified, the outputs signed      killed here: nothing has happened
 *     R2  one transaction: proofs spent, signatures kept,       killed after it: the same request again has the
 *         sums of the epoch and the books                       same answer (NUT-19), and so has NUT-09
 */
export class Redemptions {
  readonly #engine: Engine;
  readonly #tip: () => number | undefined;

  /** @param tip the chain's height, undefined while the node cannot be asked */
  constructor(engine: Engine, tip: () => number | undefined) {
    this.#engine = engine;
    this.#tip = tip;
  }

  /** The chain's height, undefined while the node cannot be asked. */
  get tip(): number | undefined {
    return this.#tip();
  }

  /**
   * Redeems ehash of one epoch; the same request again has the same answer.
   * @throws HashpoolError of the table in protocols/cashu/errors.ts
   */
  redeem(request: RedemptionRequest): Promise<IssuedSignature[]> {
    const engine = this.#engine;
    return onceOrAgain(request.outputs, () => this.#redeem(request), {
      signaturesOf: (blinded) => engine.signaturesOf(blinded),
      isPaid: async () => {
        const keysets = await engine.keysets.named(request.inputs);
        const spent = await this.#spent(checkInputs(request.inputs, keysets, unixNow()), request);
        const states = await engine.proofStates(spent.map(({ y }) => y));
        return states.every(({ state }) => state === 'SPENT');
      },
    });
  }

  /**
   * Redeems quotes of one epoch that were never minted: since its price is fixed, its keyset signs no more. Each needs a
   * signature by its key over the sat outputs (NUT-20).
   * @throws HashpoolError of the same table
   */
  redeemQuotes(request: MintRequest & { readonly unit?: string | undefined }): Promise<IssuedSignature[]> {
    const engine = this.#engine;
    return onceOrAgain(request.outputs, () => this.#redeemQuotes(request), {
      signaturesOf: (blinded) => engine.signaturesOf(blinded),
      isPaid: async () => (await engine.quotes(request.quotes)).every(({ state }) => state === 'ISSUED'),
    });
  }

  async #redeem(request: RedemptionRequest): Promise<IssuedSignature[]> {
    const { keysets, issuance, events } = this.#engine;
    issuance.checkOpen();
    const paid = checkInputs(request.inputs, await keysets.named(request.inputs), unixNow());
    const { epoch, sats } = await this.#priced(request, paid);
    const spent = await this.#spent(paid, request);
    const issue = await issuance.sign(request.outputs);
    await this.#store({ epoch: epoch.epoch, ehash: paid.sum, sats, spent, signatures: issue.rows });
    events.emit('proofs-changed', { ys: spent.map(({ y }) => y), state: 'SPENT' });
    return issue.signatures;
  }

  async #redeemQuotes(
    request: MintRequest & { readonly unit?: string | undefined },
  ): Promise<IssuedSignature[]> {
    const engine = this.#engine;
    engine.issuance.checkOpen();
    checkBatch(request);
    const quotes = await engine.quotes(request.quotes);
    const given = checkQuotes(quotes);
    const { epoch, sats } = await this.#priced(request, given);
    const issue = await engine.issuance.mint(claimsOf(quotes, request.signatures), request.outputs);
    await this.#store({
      epoch: epoch.epoch,
      ehash: given.sum,
      sats,
      spent: [],
      quotes: { ids: quotes.map(({ id }) => id), keyset: epoch.keyset },
      signatures: issue.rows,
    });
    engine.quotesChanged();
    return issue.signatures;
  }

  /** The epoch of what is given, and its worth, where it may be redeemed for these outputs. */
  async #priced(
    request: Pick<RedemptionRequest, 'unit' | 'outputs'>,
    given: { readonly unit: string; readonly sum: bigint },
  ): Promise<{ epoch: Epoch; sats: bigint }> {
    const { store, keysets } = this.#engine;
    const { tip } = this;
    if (tip === undefined) {
      throw cashuError('mint-not-ready', 'it waits for its bitcoind, without which no epoch is redeemed');
    }
    const epoch = await store.call('epochByUnit', given.unit);
    if (!epoch) {
      throw cashuError(
        'unit-unsupported',
        `inputs are in ${given.unit}; only ehash of an epoch is redeemed, swap or melt these`,
      );
    }
    const named = await keysets.named(request.outputs);
    const sats = checkRedemption(request, given, { keysets: named, epoch, tip, now: unixNow() });
    return { epoch, sats };
  }

  async #store(write: RedemptionWrite): Promise<void> {
    faultPoint('redemption-signed');
    await this.#engine.store.call('redeem', write);
    faultPoint('redemption-stored');
  }

  #spent(paid: CheckedInputs, { outputs }: RedemptionRequest): Promise<SpentRow[]> {
    const asked = outputs.map(({ exponent, blinded }) => ({ amount: amountOf(exponent), blinded }));
    return this.#engine.spendable(paid, { outputs: asked });
  }
}

/** Quotes that may be redeemed: all paid, none issued, of one unit. */
function checkQuotes(quotes: readonly Quote[]): { unit: string; sum: bigint } {
  const [{ unit } = { unit: '' }] = quotes;
  for (const quote of quotes) {
    checkPaid(quote);
    if (quote.unit === unit) continue;
    throw cashuError(
      'several-units',
      `quote ${quote.name} is in ${quote.unit}; redeem quotes of one unit only`,
    );
  }
  return { unit, sum: quotes.reduce((sum, { amount }) => sum + amount, 0n) };
}

function unixNow(): number {
  return Math.floor(Date.now() / 1000);
}
