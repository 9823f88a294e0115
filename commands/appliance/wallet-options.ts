import type { ParseArgsOptionsConfig } from 'node:util';
import { toHex } from '../../protocols/bytes.ts';
import { parseMiner } from '../../protocols/ehash/key.ts';
import { isHashpoolError } from '../../protocols/errors.ts';
import type { Lock, Wallet } from '../../services/wallet/wallet.ts';
import { usageError } from './command-line.ts';

/** What `npm run wallet` takes besides an action and its argument; each action names those that it knows. */
export const walletOptions = {
  unit: { type: 'string' },
  to: { type: 'string' },
  hash: { type: 'string' },
  locktime: { type: 'string' },
  refund: { type: 'string' },
  preimage: { type: 'string' },
  note: { type: 'string' },
  memo: { type: 'string' },
  post: { type: 'string' },
  lock: { type: 'boolean' },
  amount: { type: 'string' },
  'max-fee': { type: 'string' },
  limit: { type: 'string' },
  before: { type: 'string' },
  address: { type: 'string' },
  threshold: { type: 'string' },
  key: { type: 'string' },
  auto: { type: 'boolean' },
} as const satisfies ParseArgsOptionsConfig;

export type WalletOption = keyof typeof walletOptions;
/** As they were given. */
export type GivenOptions = {
  readonly [O in WalletOption]?:
    | ((typeof walletOptions)[O]['type'] extends 'boolean' ? boolean : string)
    | undefined;
};

const UNIT_SECONDS: Readonly<Record<string, number>> = { m: 60, h: 3600, d: 86_400 };
const LONGEST_DAYS = 3650;
/** What a wallet can hold of a unit. */
const LARGEST_AMOUNT = 2n ** 63n - 1n;

/** @throws HashpoolError 'usage' where `text` is no amount; `what` names it */
export function parseAmount(what: string, text: string): bigint {
  const amount = /^\d{1,19}$/.test(text) ? BigInt(text) : 0n;
  if (amount >= 1n && amount <= LARGEST_AMOUNT) return amount;
  throw usageError(
    `${what} is ${text.slice(0, 40) || 'missing'}: a whole number of units is wanted, 1 to ${LARGEST_AMOUNT}`,
  );
}

/** @throws HashpoolError 'usage' where `text` is no whole number from `min` to `max` */
export function parseCount(option: string, text: string, max: number, min = 1): number {
  const count = Number(text);
  if (/^\d{1,16}$/.test(text) && count >= min && count <= max) return count;
  throw usageError(`${option} ${text}: a whole number from ${min} to ${max} is wanted`);
}

/** @throws HashpoolError 'usage' where a preimage or hash is not 32 bytes of hex */
export function parseHex32(option: string, text: string): string {
  if (/^[0-9a-f]{64}$/i.test(text)) return text.toLowerCase();
  throw usageError(`${option} ${text.slice(0, 20)}: 64 hex digits are wanted`);
}

/**
 * The lock that a token is to be sent under, or undefined for none: `--to` names who may open it, `--hash` what must be
 * shown. After `--locktime` it comes back to `--refund`, or where that names nobody, to this wallet: never to everybody.
 * @param now milliseconds since 1970
 * @throws HashpoolError 'usage'
 */
export async function parseLock(
  wallet: Pick<Wallet, 'keyForChannel'>,
  { to, hash, locktime, refund }: Pick<GivenOptions, 'to' | 'hash' | 'locktime' | 'refund'>,
  now: number,
): Promise<Lock | undefined> {
  if (to === undefined && hash === undefined) {
    if (locktime === undefined && refund === undefined) return undefined;
    throw usageError('--locktime and --refund belong to a lock: name one by --to or --hash');
  }
  const tags: string[][] = [];
  if (hash !== undefined && to !== undefined) tags.push(['pubkeys', parseKey('--to', to)]);
  if (locktime !== undefined) {
    const back =
      refund === undefined ? toHex(await wallet.keyForChannel('refund')) : parseKey('--refund', refund);
    tags.push(['locktime', String(parseLocktime(locktime, now))], ['refund', back]);
  } else if (refund !== undefined) {
    throw usageError('--refund says who may have the token after the locktime: name it by --locktime');
  }
  if (hash !== undefined) return { kind: 'HTLC', data: parseHex32('--hash', hash), tags };
  return { kind: 'P2PK', data: parseKey('--to', to ?? ''), tags };
}

/** Unix seconds of a time to come: `30m`, `24h`, `7d` from now, or a date such as 2027-01-31T12:00Z. */
function parseLocktime(text: string, now: number): number {
  const [, count, unit = ''] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  const seconds =
    count === undefined
      ? Math.floor((/^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN) / 1000)
      : Math.floor(now / 1000) + Number(count) * (UNIT_SECONDS[unit] ?? 0);
  if (seconds > now / 1000 && seconds < now / 1000 + LONGEST_DAYS * 86_400) return seconds;
  throw usageError(
    `--locktime ${text}: a time to come is wanted, such as 30m, 24h, 7d or 2027-01-31T12:00Z, at most ${LONGEST_DAYS} days away`,
  );
}

/** A public key in 66 hex digits. @throws HashpoolError 'usage' */
export function parseKey(option: string, text: string): string {
  try {
    const owner = parseMiner(text);
    if (owner.kind === 'key') return toHex(owner.key);
  } catch (error) {
    if (!isHashpoolError(error, 'bad-miner-key')) throw error;
    throw usageError(`${option}: ${error.message}`, error);
  }
  throw usageError(`${option} ${text.slice(0, 70)}: a public key is wanted, hpub1… or 66 hex digits`);
}
