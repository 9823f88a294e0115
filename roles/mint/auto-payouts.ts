import type { NetworkName } from '../../protocols/bitcoin/network.ts';
import { toHex } from '../../protocols/bytes.ts';
import { cashuError } from '../../protocols/cashu/errors.ts';
import {
  type AutoPayoutWish,
  autoPayoutLookupMessage,
  autoPayoutMessage,
} from '../../protocols/ehash/auto-payout.ts';
import { isHashpoolError } from '../../protocols/errors.ts';
import { faultPoint } from '../../runtime/fault-point.ts';
import type { Logger } from '../../runtime/logs.ts';
import type { AutoPayoutConfig } from './auto-payout-config.ts';
import type { Engine } from './engine.ts';
import { payoutScript } from './payments/bitcoind/fees.ts';
import type { PayoutKey } from './store/payout-keys.ts';

/** Quotes that are looked through in one transaction. */
const QUOTES_AT_ONCE = 1_000;
/** How far the time of a look-up may be from the mint's clock. */
const MAX_CLOCK_DIFFERENCE_SECONDS = 300;

export interface AutoPayoutParts {
  readonly engine: Engine;
  readonly network: NetworkName;
  /** Undefined where the operator does not offer it. */
  readonly terms: AutoPayoutConfig | undefined;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

/** A wish, signed by the key that it is for. */
export interface SignedWish extends AutoPayoutWish {
  /** 33 bytes. */
  readonly publicKey: Uint8Array;
  /** BIP340, 64 bytes. */
  readonly signature: Uint8Array;
}

/** Miners that want no wallet: registers their keys, and credits them for quotes that have a price. */
export class AutoPayouts {
  readonly #parts: AutoPayoutParts;

  constructor(parts: AutoPayoutParts) {
    this.#parts = parts;
  }

  /** Undefined where it is not offered. */
  get terms(): AutoPayoutConfig | undefined {
    return this.#parts.terms;
  }

  /**
   * Takes what a key's owner wants in place of what he wanted before. The same wish again has the same answer.
   * @throws HashpoolError 'auto-payout-disabled', 'signature-invalid', 'request-malformed', 'amount-out-of-range',
   * 'key-unknown', 'counter-too-low'
   */
  async register({ publicKey, signature, ...wish }: SignedWish): Promise<PayoutKey> {
    const { engine, log } = this.#parts;
    const to = this.#target(wish);
    await this.#check(publicKey, signature, autoPayoutMessage(engine.signer.identity, wish));
    const { counter, threshold } = wish;
    try {
      await engine.store.call('registerPayout', { publicKey, counter, to, threshold });
    } catch (error) {
      const last = await engine.store.call('payoutKey', publicKey);
      if (!isHashpoolError(error, 'counter-too-low') || !last || !isSame(last, wish)) throw error;
      return last;
    }
    faultPoint('payout-registered');
    log.info({ key: toHex(publicKey), isOn: to !== undefined }, 'a key has registered for auto-payout');
    return this.#found(publicKey);
  }

  /**
   * How a key stands, for its owner.
   * @param timestamp Unix seconds, which he has signed
   * @throws HashpoolError 'lookup-expired', 'signature-invalid', 'not-registered'
   */
  async lookUp(publicKey: Uint8Array, timestamp: number, signature: Uint8Array): Promise<PayoutKey> {
    const difference = Math.abs(Math.floor(Date.now() / 1000) - timestamp);
    if (difference > MAX_CLOCK_DIFFERENCE_SECONDS) {
      throw cashuError(
        'lookup-expired',
        `timestamp is ${difference} s from the mint's clock, at most ${MAX_CLOCK_DIFFERENCE_SECONDS} are allowed; set the clock and sign anew`,
      );
    }
    const message = autoPayoutLookupMessage(this.#parts.engine.signer.identity, timestamp);
    await this.#check(publicKey, signature, message);
    return this.#found(publicKey);
  }

  /** Credits all that is due, and what its operator has released. @throws the store's errors */
  async credit(): Promise<void> {
    const { engine, terms, log } = this.#parts;
    if (engine.issuance.stopped !== undefined || engine.issuance.isHeld) return;
    await this.#release();
    if (!terms) return;
    let [quotes, sats] = [0, 0n];
    while (await engine.store.call('arePayoutsDue', null)) {
      const done = await engine.store.call('creditPayouts', { limit: QUOTES_AT_ONCE });
      faultPoint('payouts-credited');
      quotes += done.quotes;
      sats += done.sats;
    }
    if (quotes === 0) return;
    engine.quotesChanged();
    log.info({ quotes, sats }, 'quotes of miners without a wallet went to their balances');
  }

  /** Ends holds of a loss, as the operator has asked. */
  async #release(): Promise<void> {
    const { engine, log } = this.#parts;
    for (const release of await engine.store.call('wantedReleases', null)) {
      const owed = await engine.store.call('releaseLost', release);
      if (owed === undefined) continue;
      const { paid, proof } = release;
      log.warn(
        { owed, paid, proof },
        `of a balance that was held back at a loss ${owed} sats are owed again, as the operator has asked`,
      );
    }
  }

  /** Where a wish has its sats go. */
  #target({ address, threshold }: AutoPayoutWish) {
    const { terms, network } = this.#parts;
    if (!terms) throw cashuError('auto-payout-disabled', "its operator's config has no [auto_payout]");
    if (address === '') return undefined;
    const least = BigInt(terms.min_threshold);
    if (threshold > 0n && threshold < least) {
      throw cashuError(
        'amount-out-of-range',
        `threshold is ${threshold} sats; this mint pays balances of ${least} or more, 0 stands for that`,
      );
    }
    return { address, script: payoutScript({ request: address, amount: least }, network, 'address') };
  }

  async #check(publicKey: Uint8Array, signature: Uint8Array, message: Uint8Array): Promise<void> {
    const [isSigned] = await this.#parts.engine.signer.verifyClaims([{ publicKey, signature, message }]);
    if (isSigned) return;
    throw cashuError(
      'signature-invalid',
      `signature is not by ${toHex(publicKey)}; sign with that key, and the pubkey of /v1/info in the message`,
    );
  }

  async #found(publicKey: Uint8Array): Promise<PayoutKey> {
    const found = await this.#parts.engine.store.call('payoutKey', publicKey);
    if (found) return found;
    throw cashuError('not-registered', `${toHex(publicKey)} was never registered; register it first`);
  }
}

function isSame(last: PayoutKey, { counter, threshold, address }: AutoPayoutWish): boolean {
  return last.counter === counter && last.threshold === threshold && (last.address ?? '') === address;
}
