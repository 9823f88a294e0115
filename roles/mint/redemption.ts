import { checkRedemption, type RedemptionRequest } from '../../domain/epochs/redemption.ts';
import { type CheckedInputs, checkInputs } from '../../domain/ledger/tokens.ts';
import { amountOf } from '../../protocols/cashu/amount.ts';
import { cashuError } from '../../protocols/cashu/errors.ts';
import { faultPoint } from '../../runtime/fault-point.ts';
import type { Engine } from './engine.ts';
import type { IssuedSignature } from './issuance.ts';
import { onceOrAgain } from './replays.ts';
import type { SpentRow } from './store/ledger.ts';

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
        const spent = await this.#spent(checkInputs(request.inputs, engine.keysets.all, unixNow()), request);
        const states = await engine.proofStates(spent.map(({ y }) => y));
        return states.every(({ state }) => state === 'SPENT');
      },
    });
  }

  async #redeem(request: RedemptionRequest): Promise<IssuedSignature[]> {
    const { store, keysets, issuance, events } = this.#engine;
    issuance.checkOpen();
    const now = unixNow();
    const { tip } = this;
    if (tip === undefined) {
      throw cashuError('mint-not-ready', 'it waits for its bitcoind, without which no epoch is redeemed');
    }
    const paid = checkInputs(request.inputs, keysets.all, now);
    const epoch = await store.call('epochByUnit', paid.unit);
    if (!epoch) {
      throw cashuError(
        'unit-unsupported',
        `inputs are in ${paid.unit}; only ehash of an epoch is redeemed, swap or melt these`,
      );
    }
    const sats = checkRedemption(request, paid, { keysets: keysets.all, epoch, tip, now });
    const spent = await this.#spent(paid, request);
    const issue = await issuance.sign(request.outputs);
    faultPoint('redemption-signed');
    const write = { epoch: epoch.epoch, ehash: paid.sum, sats, spent, signatures: issue.rows };
    await store.call('redeem', write);
    faultPoint('redemption-stored');
    events.emit('proofs-changed', { ys: spent.map(({ y }) => y), state: 'SPENT' });
    return issue.signatures;
  }

  #spent(paid: CheckedInputs, { outputs }: RedemptionRequest): Promise<SpentRow[]> {
    const asked = outputs.map(({ exponent, blinded }) => ({ amount: amountOf(exponent), blinded }));
    return this.#engine.spendable(paid, { outputs: asked });
  }
}

function unixNow(): number {
  return Math.floor(Date.now() / 1000);
}
