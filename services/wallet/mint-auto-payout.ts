import { fromHex } from '../../protocols/bytes.ts';
import {
  type AutoPayoutWish,
  autoPayoutLookupMessage,
  autoPayoutMessage,
} from '../../protocols/ehash/auto-payout.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import { requestMint } from './mint-http.ts';
import type { LockKey } from './seed.ts';

/** How a key that is paid without a wallet stands, as its mint tells. Amounts in sats. */
export interface AutoPayout {
  /** 66 hex digits. */
  readonly key: string;
  readonly counter: number;
  /** Undefined where it was withdrawn. */
  readonly address: string | undefined;
  /** 0 for the least that the mint pays. */
  readonly threshold: bigint;
  /** Owed, and held for no payment. */
  readonly balance: bigint;
  /** All that it was ever credited. */
  readonly credited: bigint;
  /** The latest first; `paid`, the fee included, is undefined while one is under way. */
  readonly payments: readonly {
    readonly sats: bigint;
    readonly paid: bigint | undefined;
    readonly outpoint: string | undefined;
  }[];
}

/** What the wallet asks of a mint about keys that are paid out. Every method throws the errors of `requestMint`. */
export interface MintAutoPayouts {
  register(key: LockKey, wish: AutoPayoutWish): Promise<AutoPayout>;
  /** @param now Unix seconds */
  standing(key: LockKey, now: number): Promise<AutoPayout>;
}

/**
 * @param url the mint's
 * @param mintKey gives the `pubkey` of its info, 66 hex digits
 * @param sign signs the digest by the key, in hex
 */
export function openMintAutoPayouts(
  url: string,
  mintKey: () => Promise<string>,
  sign: (key: LockKey, digest: Uint8Array) => string,
): MintAutoPayouts {
  const path = `${url}/v1/ehash/auto-payout`;
  return {
    register: async (key, wish) => {
      const signature = sign(key, autoPayoutMessage(fromHex(await mintKey()), wish));
      const { address, counter, threshold } = wish;
      const requestBody = { pubkey: key.publicKey, address, counter, threshold, signature };
      return toAutoPayout(await requestMint({ endpoint: path, method: 'POST', requestBody }));
    },
    standing: async (key, now) => {
      const signature = sign(key, autoPayoutLookupMessage(fromHex(await mintKey()), now));
      const endpoint = `${path}/${key.publicKey}?timestamp=${now}&signature=${signature}`;
      return toAutoPayout(await requestMint({ endpoint }));
    },
  };
}

function toAutoPayout(answer: Readonly<Record<string, unknown>>): AutoPayout {
  const { pubkey, counter, address, payments } = answer;
  if (typeof pubkey !== 'string' || typeof counter !== 'number' || !Array.isArray(payments)) throw unusable();
  return {
    key: pubkey,
    counter,
    address: typeof address === 'string' ? address : undefined,
    threshold: sats(answer['threshold']),
    balance: sats(answer['balance']),
    credited: sats(answer['credited']),
    payments: payments.map((payment: Readonly<Record<string, unknown>>) => ({
      sats: sats(payment['sats']),
      paid: payment['paid'] === null ? undefined : sats(payment['paid']),
      outpoint: typeof payment['outpoint'] === 'string' ? payment['outpoint'] : undefined,
    })),
  };
}

function sats(value: unknown): bigint {
  if (typeof value === 'bigint' && value >= 0n) return value;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  throw unusable();
}

function unusable(): HashpoolError {
  return new HashpoolError('mint-answer', 'what the mint tells of an auto-payout makes no sense');
}
