import { fromHex } from '../../../../protocols/bytes.ts';
import { HashpoolError } from '../../../../protocols/errors.ts';
import type { BitcoinRpc } from '../../../../runtime/rpc/client.ts';
import { isRpcError } from '../../../../runtime/rpc/errors.ts';
import { asObject, numberOf } from '../../chain/answers.ts';
import { listOf, satsOf, textOf } from './answers.ts';

/** A transaction in the chain, as a node has it. */
export interface Evidence {
  readonly txid: string;
  readonly hex: string;
  /** 1 or more. */
  readonly confirmations: number;
  /** The coins that it spends, `txid:vout`. */
  readonly inputs: readonly string[];
  readonly outputs: readonly {
    readonly vout: number;
    readonly script: Uint8Array;
    readonly amount: bigint;
  }[];
}

/**
 * Reads a transaction out of its block, whether a wallet knows it or not.
 * @param blockBe the block's hash, display order
 * @throws HashpoolError 'evidence-unknown' where the node's chain has none such; RpcError
 */
export async function readEvidence(rpc: BitcoinRpc, txid: string, blockBe: string): Promise<Evidence> {
  const header = asObject(await asked(() => rpc.call('getblockheader', [blockBe]), `block ${blockBe}`));
  const confirmations = numberOf(header, 'confirmations');
  if (confirmations < 1) throw unknown(`block ${blockBe} is not in the chain`);
  const found = asObject(
    await asked(() => rpc.call('getrawtransaction', [txid, 1, blockBe]), `transaction ${txid} in that block`),
  );
  return {
    txid: textOf(found, 'txid'),
    hex: textOf(found, 'hex'),
    confirmations,
    inputs: listOf(found, 'vin').flatMap((input) =>
      input['coinbase'] === undefined ? [`${textOf(input, 'txid')}:${numberOf(input, 'vout')}`] : [],
    ),
    outputs: listOf(found, 'vout').map((output) => ({
      vout: numberOf(output, 'n'),
      script: fromHex(textOf(asObject(output['scriptPubKey']), 'hex')),
      amount: satsOf(output, 'value'),
    })),
  };
}

async function asked(ask: () => Promise<unknown>, what: string): Promise<unknown> {
  try {
    return await ask();
  } catch (error) {
    if (!isRpcError(error, 'rpc-refused')) throw error;
    throw unknown(`the node has no ${what}: ${error.message}`, error);
  }
}

function unknown(why: string, cause?: unknown): HashpoolError {
  return new HashpoolError('evidence-unknown', `not settled: ${why}`, { cause });
}
