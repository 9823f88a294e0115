import {
  Amount,
  type Proof,
  type SerializedBlindedMessage,
  type SerializedBlindedSignature,
} from '@cashu/cashu-ts';
import { feeOf, type Price, WHOLE_PPM } from '../../domain/epochs/price.ts';
import { fromHex } from '../../protocols/bytes.ts';
import { mintMessage } from '../../protocols/cashu/nut20.ts';
import { HOLDER_STATES, type HolderState } from '../../protocols/ehash/epoch-state.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import type { LockedQuote } from './mint-client.ts';
import { MintRefusal, requestMint } from './mint-http.ts';
import type { LockKey } from './seed.ts';

/** An epoch as its mint tells of it. */
export interface MintEpoch {
  readonly unit: string;
  readonly state: HolderState;
  /** Heights of the chain; undefined while no block has closed it. */
  readonly redeemableFrom: number | undefined;
  readonly redeemableBefore: number | undefined;
  /** Undefined before it is fixed. */
  readonly price: Price | undefined;
  /** 66 hex digits. */
  readonly poolId: string;
  readonly minimumDifficulty: number;
  /** What it would be worth if nothing more came: undefined while no block has closed it. */
  readonly expected: Price | undefined;
}

/** What the wallet asks of a mint about epochs. Every method throws the errors of `requestMint`. */
export interface MintEpochs {
  /** Undefined where the mint has no such epoch, or tells of none. */
  epoch(unit: string): Promise<MintEpoch | undefined>;
  /** A pool's latest epochs, the latest first. */
  latest(poolId: string, limit: number): Promise<MintEpoch[]>;
  /** Turns ehash of an epoch into sats. */
  redeem(
    unit: string,
    inputs: Proof[],
    outputs: SerializedBlindedMessage[],
  ): Promise<SerializedBlindedSignature[]>;
  /** Turns quotes of an epoch into sats, that were never minted, with a NUT-20 signature for each. */
  redeemQuotes(
    unit: string,
    quotes: readonly LockedQuote[],
    outputs: SerializedBlindedMessage[],
  ): Promise<SerializedBlindedSignature[]>;
}

/**
 * @param url the mint's
 * @param sign signs the digest by the key, in hex
 */
export function openMintEpochs(url: string, sign: (key: LockKey, digest: Uint8Array) => string): MintEpochs {
  async function ask(path: string, requestBody: Record<string, unknown>) {
    const endpoint = `${url}${path}`;
    const { signatures } = await requestMint<{ signatures?: unknown }>({
      endpoint,
      method: 'POST',
      requestBody,
    });
    if (!Array.isArray(signatures)) throw unusable('signatures are no list');
    return signatures.map(toSignature);
  }

  return {
    epoch: async (unit) => {
      try {
        const endpoint = `${url}/v1/ehash/epochs/${encodeURIComponent(unit)}`;
        return toEpoch(await requestMint<Record<string, unknown>>({ endpoint }));
      } catch (error) {
        if (error instanceof MintRefusal) return undefined;
        throw error;
      }
    },
    latest: async (poolId, limit) => {
      const endpoint = `${url}/v1/ehash/epochs?pool=${encodeURIComponent(poolId)}&limit=${limit}`;
      const { epochs } = await requestMint<{ epochs?: unknown }>({ endpoint });
      if (!Array.isArray(epochs)) throw new HashpoolError('mint-answer', "a pool's epochs are no list");
      return epochs.map(toEpoch);
    },
    redeem: (unit, inputs, outputs) => ask('/v1/redeem', { unit, inputs, outputs }),
    redeemQuotes: (unit, quotes, outputs) => {
      const signed = outputs.map(({ amount, B_ }) => ({ amount: amount.toBigInt(), blinded: fromHex(B_) }));
      return ask('/v1/redeem/quotes', {
        unit,
        quotes: quotes.map(({ id }) => id),
        outputs,
        signatures: quotes.map(({ id, key }) => sign(key, mintMessage(id, signed))),
      });
    },
  };
}

/** What of it does not fit its output shows when it is unblinded. */
function toSignature(value: unknown): SerializedBlindedSignature {
  if (typeof value !== 'object' || value === null) throw unusable('a signature is no object');
  const { id, amount, C_, dleq } = value as Readonly<Record<string, unknown>>;
  const worth = amountOf(amount);
  if (typeof id !== 'string' || typeof C_ !== 'string' || worth === undefined)
    throw unusable('a signature lacks id, amount or C_');
  return { id, amount: Amount.from(worth), C_, ...dleqOf(dleq) };
}

function dleqOf(value: unknown): Pick<SerializedBlindedSignature, 'dleq'> {
  if (typeof value !== 'object' || value === null) return {};
  const { e, s } = value as Readonly<Record<string, unknown>>;
  return typeof e === 'string' && typeof s === 'string' ? { dleq: { e, s } } : {};
}

function unusable(trouble: string): HashpoolError {
  return new HashpoolError('mint-answer', `the mint's answer to a redemption is not usable: ${trouble}`);
}

function toEpoch(answer: Readonly<Record<string, unknown>>): MintEpoch {
  const state = HOLDER_STATES.find((known) => known === answer['state']);
  if (!state || typeof answer['unit'] !== 'string') {
    throw new HashpoolError('mint-answer', 'the mint tells of an epoch that makes no sense');
  }
  return {
    unit: answer['unit'],
    state,
    redeemableFrom: heightOf(answer['redeemable_from']),
    redeemableBefore: heightOf(answer['redeemable_before']),
    price: priceOf(answer),
    poolId: typeof answer['pool_id'] === 'string' ? answer['pool_id'] : '',
    minimumDifficulty: difficultyOf(answer['minimum_difficulty']),
    expected: expectedOf(answer),
  };
}

function difficultyOf(value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 62) return value;
  throw new HashpoolError(
    'mint-answer',
    `the mint tells of an epoch whose minimum_difficulty is ${value}, not 0 to 62`,
  );
}

/** Of a closed epoch: late shares and gifts may still change it. */
function expectedOf(answer: Readonly<Record<string, unknown>>): Price | undefined {
  const [reward, work] = [answer['reward'], answer['work']].map(amountOf);
  const feePpm = answer['fee_ppm'];
  const isKnown = answer['closed_height'] !== null && typeof feePpm === 'number' && isPart(feePpm);
  if (!isKnown || reward === undefined || work === undefined) return undefined;
  const fee = feeOf(reward, feePpm);
  return { rewardSats: reward, feeSats: fee, payableSats: reward - fee, work };
}

function isPart(ppm: number): boolean {
  return Number.isInteger(ppm) && ppm >= 0 && ppm <= WHOLE_PPM;
}

function heightOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
}

/** The fee is told with the price alone. */
function priceOf(answer: Readonly<Record<string, unknown>>): Price | undefined {
  const [reward, fee, work] = [answer['reward'], answer['fee'], answer['work']].map(amountOf);
  if (reward === undefined || fee === undefined || work === undefined || fee > reward) return undefined;
  return { rewardSats: reward, feeSats: fee, payableSats: reward - fee, work };
}

function amountOf(value: unknown): bigint | undefined {
  if (typeof value === 'bigint' && value >= 0n) return value;
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? BigInt(value) : undefined;
}
