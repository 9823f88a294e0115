import { scriptFromAddress } from '../../../../protocols/bitcoin/address.ts';
import { dustLimit, witnessVersion } from '../../../../protocols/bitcoin/dust.ts';
import type { NetworkName } from '../../../../protocols/bitcoin/network.ts';
import { cashuError } from '../../../../protocols/cashu/errors.ts';
import { isHashpoolError } from '../../../../protocols/errors.ts';
import { isRpcError } from '../../../../runtime/rpc/errors.ts';
import { numberOf } from '../../chain/answers.ts';
import type { FeeOption, Payable } from '../backend.ts';
import { bitcoins, satsOf } from './answers.ts';
import type { Wallet } from './wallet.ts';

export interface FeeSettings {
  readonly network: NetworkName;
  /** Blocks within which a payout is wanted, each an option for wallets. */
  readonly targets: readonly number[];
  /** Sats for 1,000 virtual bytes, as all fee rates here. */
  readonly minRate: bigint;
  readonly maxRate: bigint;
}

/** Coins of fewer confirmations are left alone: so no payout hangs on another that may still be replaced. */
export const LEAST_CONFIRMATIONS = 1;
/** Room in a promise for two coins more than the wallet would take by its coins of that minute. */
const ROOM_VBYTES = 140n;
/** Length of taproot's script, the only one of its version that has an owner; later versions have none yet. */
const TAPROOT_SCRIPT_BYTES = 34;

interface Speed {
  readonly blocks: number;
  readonly rate: bigint;
}

/**
 * The script that a payout pays to.
 * @param field what holds the address
 * @throws HashpoolError 'request-malformed' for no address, one of another chain, an amount that is dust there
 */
export function payoutScript(
  { request, amount }: Payable,
  network: NetworkName,
  field = 'request',
): Uint8Array {
  const script = scriptOf(request, network, field);
  const version = witnessVersion(script) ?? 0;
  if (version > 1 || (version === 1 && script.length !== TAPROOT_SCRIPT_BYTES))
    throw cashuError('request-malformed', `${field} is an address of a kind that anybody could spend from`);
  const least = dustLimit(script);
  if (amount >= least) return script;
  throw cashuError(
    'amount-out-of-range',
    `amount is ${amount} sats, which no node passes on; this address takes ${least} or more`,
  );
}

function scriptOf(address: string, network: NetworkName, field: string): Uint8Array {
  try {
    return scriptFromAddress(address, network);
  } catch (error) {
    if (!isHashpoolError(error, 'bad-address', 'wrong-network')) throw error;
    throw cashuError('request-malformed', `${field} is no address to pay to: ${error.message}`, error);
  }
}

/**
 * What a payout costs at most, the fastest first. The note of an option is its fee rate.
 * @param changeAddress of the wallet, for a transaction that is never made
 * @throws HashpoolError 'payment-failed' where the node has no estimates, or the wallet not enough coins
 */
export async function feeOptions(
  wallet: Wallet,
  payment: Payable,
  changeAddress: string,
  settings: FeeSettings,
): Promise<FeeOption[]> {
  const speeds = await speedsOf(wallet, settings);
  if (speeds.length === 0)
    throw cashuError('payment-failed', 'the node has no fee estimates yet; try again later');
  const options: FeeOption[] = [];
  for (const { blocks, rate } of speeds) {
    // The lower the rate, the more small coins the wallet spends.
    const fee = await likelyFee(wallet, payment, changeAddress, rate);
    const reserve = fee + (ROOM_VBYTES * rate + 999n) / 1000n;
    const before = options.at(-1);
    if (!before || reserve < before.reserve) options.push({ reserve, blocks, note: String(rate) });
  }
  return options;
}

/** The rate of an option's note. */
export function rateOf({ note }: FeeOption): bigint {
  if (note !== undefined && /^\d{1,12}$/.test(note)) return BigInt(note);
  throw cashuError('request-malformed', 'the fee option has no fee rate; take a new quote');
}

/** A rate as bitcoind takes it: sats for one virtual byte. */
export function feeRate(rate: bigint): string {
  return `${rate / 1000n}.${String(rate % 1000n).padStart(3, '0')}`;
}

/** What the node expects a rate must be to be confirmed within so many blocks; undefined where it can't say. */
export async function estimate(wallet: Wallet, blocks: number): Promise<Speed | undefined> {
  const answer = await wallet.object('estimatesmartfee', [blocks]);
  return answer['feerate'] === undefined
    ? undefined
    : { blocks: Math.max(blocks, numberOf(answer, 'blocks')), rate: satsOf(answer, 'feerate') };
}

/** A speed for each rate that differs, the fastest first. */
async function speedsOf(wallet: Wallet, settings: FeeSettings): Promise<Speed[]> {
  const least = await leastRate(wallet, settings);
  const speeds: Speed[] = [];
  for (const blocks of settings.targets.toSorted((a, b) => a - b)) {
    // Blocks of regtest come by command: there the least is enough.
    const found =
      (await estimate(wallet, blocks)) ??
      (settings.network === 'regtest' ? { blocks, rate: least } : undefined);
    if (!found) continue;
    const rate = clamp(found.rate, least, settings.maxRate);
    const before = speeds.at(-1);
    if (!before || rate < before.rate) speeds.push({ blocks: found.blocks, rate });
  }
  return speeds;
}

/** Below this no node takes a transaction, or the operator makes none. */
async function leastRate(wallet: Wallet, { minRate }: FeeSettings): Promise<bigint> {
  const inMempool = satsOf(await wallet.object('getmempoolinfo'), 'mempoolminfee');
  return inMempool > minRate ? inMempool : minRate;
}

function clamp(rate: bigint, least: bigint, most: bigint): bigint {
  if (rate > most) return most;
  return rate < least ? least : rate;
}

/** The fee of a transaction that makes this payout alone, with the coins that the wallet has. */
async function likelyFee(
  wallet: Wallet,
  { request, amount }: Payable,
  changeAddress: string,
  rate: bigint,
): Promise<bigint> {
  try {
    const funded = await wallet.object('walletcreatefundedpsbt', [
      [],
      [{ [request]: bitcoins(amount) }],
      0,
      { fee_rate: feeRate(rate), minconf: LEAST_CONFIRMATIONS, changeAddress },
    ]);
    return satsOf(funded, 'fee');
  } catch (error) {
    if (!isRpcError(error, 'rpc-refused')) throw error;
    throw cashuError(
      'payment-failed',
      `the mint's wallet can't pay ${amount} sats at this time; ask for less, or later`,
      error,
    );
  }
}
