import { HashpoolError } from '../../protocols/errors.ts';
import type { LockKeys } from './lock-keys.ts';
import type { AutoPayout } from './mint-auto-payout.ts';
import { MintRefusal } from './mint-http.ts';
import type { LockKey } from './seed.ts';
import type { Parts } from './settle.ts';
import { OWN_KEY } from './sign-in.ts';

/** What the mint says of a key that was never registered. */
const NOT_REGISTERED = 40_021;

/** Which key is meant: the wallet's own unless one is named, in 66 hex digits. */
export interface KeyChoice {
  readonly key?: string | undefined;
}

export interface AutoPayoutOrder extends KeyChoice {
  readonly address: string;
  /** Sats from which on it is paid; 0 for the least that the mint pays. */
  readonly threshold: bigint;
}

type AutoPayoutParts = Pick<Parts, 'quotes' | 'clock'> & {
  readonly mint: Pick<Parts['mint'], 'autoPayouts'>;
};

/**
 * Has the mint pay a key's quotes to an address. The wallet mints none of them from then on: what it had found and not
 * minted is the mint's to pay.
 * @throws HashpoolError 'not-own-key' and those of `requestMint`
 */
export async function startAutoPayout(
  parts: AutoPayoutParts,
  lockKeys: LockKeys,
  { key: name, address, threshold }: AutoPayoutOrder,
): Promise<AutoPayout> {
  const key = chosen(lockKeys, name, parts.clock());
  const registered = await register(parts, key, address, threshold);
  lockKeys.setAutoPaid(key, true, parts.clock());
  parts.quotes.dropUnseen([key.index], parts.clock() + 1);
  return registered;
}

/** Ends that: quotes that were not paid out are minted again. @throws HashpoolError as `startAutoPayout` */
export async function endAutoPayout(
  parts: AutoPayoutParts,
  lockKeys: LockKeys,
  { key: name }: KeyChoice,
): Promise<AutoPayout> {
  const key = chosen(lockKeys, name, parts.clock());
  const registered = await register(parts, key, '', 0n);
  lockKeys.setAutoPaid(key, false, parts.clock());
  return registered;
}

/** How a key stands at the mint, which the wallet goes by from then on; undefined where it was never registered. @throws HashpoolError as `startAutoPayout` */
export async function autoPayoutOf(
  { mint, clock }: AutoPayoutParts,
  lockKeys: LockKeys,
  { key: name }: KeyChoice,
): Promise<AutoPayout | undefined> {
  const key = chosen(lockKeys, name, clock());
  const found = await standing(mint, key, clock());
  // The mint's word counts: a process may have been killed before it noted it, or a wallet been restored since.
  const isPaid = found?.address !== undefined;
  if (isPaid !== lockKeys.isAutoPaid(key)) lockKeys.setAutoPaid(key, isPaid, clock());
  return found;
}

/** The time is a counter that rises by itself, also for a seed that is in two places. */
async function register(
  { mint, clock }: AutoPayoutParts,
  key: LockKey,
  address: string,
  threshold: bigint,
): Promise<AutoPayout> {
  const last = (await standing(mint, key, clock()))?.counter ?? 0;
  const counter = Math.max(last + 1, Math.floor(clock() / 1000));
  return mint.autoPayouts.register(key, { address, threshold, counter });
}

async function standing(
  mint: AutoPayoutParts['mint'],
  key: LockKey,
  now: number,
): Promise<AutoPayout | undefined> {
  try {
    return await mint.autoPayouts.standing(key, Math.floor(now / 1000));
  } catch (error) {
    if (error instanceof MintRefusal && error.nutCode === NOT_REGISTERED) return undefined;
    throw error;
  }
}

function chosen(lockKeys: LockKeys, name: string | undefined, now: number): LockKey {
  const key = name === undefined ? lockKeys.forPurpose(OWN_KEY, now) : lockKeys.find(name);
  // Found by its x alone: the other point of the same x is somebody else's as far as the mint knows.
  if (key && (name === undefined || key.publicKey === name)) return key;
  throw new HashpoolError(
    'not-own-key',
    `${name} is not a key of this wallet; npm run wallet -- key prints its own, and others sign by their own software`,
  );
}
