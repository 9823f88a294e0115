import { toHex } from '../../../../protocols/bytes.ts';
import { HashpoolError } from '../../../../protocols/errors.ts';
import { asObject, numberOf } from '../../chain/answers.ts';
import { bitcoins, listOf, satsOf, textOf } from './answers.ts';
import { feeRate, LEAST_CONFIRMATIONS } from './fees.ts';
import type { Wallet } from './wallet.ts';

/** An output that is wanted. */
export interface Wanted {
  readonly address: string;
  readonly script: Uint8Array;
  readonly amount: bigint;
}

/** A signed transaction that nobody has seen. */
export interface Built {
  readonly txid: string;
  readonly hex: string;
  /** Sats for 1,000 virtual bytes. */
  readonly rate: bigint;
  readonly fee: bigint;
  /** The coins that it spends, `txid:vout`. */
  readonly inputs: readonly string[];
  /** Where each wanted output stands in it. */
  readonly places: readonly number[];
}

/**
 * Has the wallet make and sign a transaction, and looks at it. The wallet itself keeps nothing of it.
 * @param wanted no script twice
 * @param inputs coins that it must spend; others may be added
 * @throws RpcError where the wallet is locked or has too little; HashpoolError 'wallet-cannot-sign', 'bad-transaction'
 */
export async function buildTransaction(
  wallet: Wallet,
  wanted: readonly Wanted[],
  rate: bigint,
  inputs: readonly string[] = [],
): Promise<Built> {
  const funded = await wallet.object('walletcreatefundedpsbt', [
    inputs.map(coinOf),
    wanted.map(({ address, amount }) => ({ [address]: bitcoins(amount) })),
    0,
    { fee_rate: feeRate(rate), minconf: LEAST_CONFIRMATIONS, add_inputs: true, replaceable: true },
  ]);
  const signed = await wallet.object('walletprocesspsbt', [textOf(funded, 'psbt')]);
  if (signed['complete'] !== true)
    throw new HashpoolError(
      'wallet-cannot-sign',
      "the wallet can't sign for its own coins: are its keys elsewhere?",
    );
  const hex = textOf(signed, 'hex');
  const decoded = await wallet.object('decoderawtransaction', [hex]);
  const spent = listOf(decoded, 'vin').map((input) => `${textOf(input, 'txid')}:${numberOf(input, 'vout')}`);
  if (!inputs.every((input) => spent.includes(input)))
    throw badTransaction('leaves out coins that it must spend');
  return {
    txid: textOf(decoded, 'txid'),
    hex,
    rate,
    fee: satsOf(funded, 'fee'),
    inputs: spent,
    places: placesOf(wanted, listOf(decoded, 'vout')),
  };
}

/** A coin as bitcoind names it. */
export function coinOf(outpoint: string): { readonly txid: string; readonly vout: number } {
  const [txid = '', vout = ''] = outpoint.split(':');
  return { txid, vout: Number(vout) };
}

/** All that is wanted and one output of change at most. */
function placesOf(wanted: readonly Wanted[], outputs: readonly Record<string, unknown>[]): number[] {
  if (outputs.length > wanted.length + 1) throw badTransaction('has outputs that nobody asked for');
  return wanted.map(({ script, amount }) => {
    const hex = toHex(script);
    const found = outputs.filter((output) => asObject(output['scriptPubKey'])['hex'] === hex);
    const [output] = found;
    if (output && found.length === 1 && satsOf(output, 'value') === amount) return numberOf(output, 'n');
    throw badTransaction('does not pay what was asked for');
  });
}

function badTransaction(trouble: string): HashpoolError {
  return new HashpoolError('bad-transaction', `the wallet's transaction ${trouble}; it was not sent`);
}
