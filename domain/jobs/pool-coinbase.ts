import { type CoinbaseParts, coinbaseParts } from '../../protocols/bitcoin/coinbase.ts';
import { encodeOutputs, type TransactionOutput } from '../../protocols/bitcoin/output.ts';
import { Op, push } from '../../protocols/bitcoin/script.ts';
import { concatBytes, u32Le, utf8 } from '../../protocols/bytes.ts';
import type { TemplateMessage } from '../../protocols/sv2/template-distribution.ts';
import { FULL_EXTRANONCE_BYTES } from '../extranonce/allocator.ts';

export type NewTemplate = Extract<TemplateMessage, { name: 'NewTemplate' }>;

/** What the pool puts into each coinbase. */
export interface PoolCoinbase {
  /** Output script that gets all that the template leaves. */
  readonly rewardScript: Uint8Array;
  /** The pool's name on the chain. */
  readonly signature: string;
  /** Id of the keyset that the epoch's shares are paid in, 33 bytes. */
  readonly keysetId: Uint8Array;
}

const JOB_ID_BYTES = 4;
const KEYSET_MARK = utf8('EH');

/**
 * The stripped coinbase of one job. Its script ends in one push:
 *
 *     [ template's prefix ][ push "Sv2/<signature>//" ][ push: job id 4, full extranonce 20 ]
 *
 * The job id makes every job a search space of its own: a hash found for one can't be handed in for another
 * with a different target.
 * @throws HashpoolError 'coinbase-script-too-long' where the signature leaves no room
 */
export function poolCoinbaseParts(template: NewTemplate, pool: PoolCoinbase, jobId: number): CoinbaseParts {
  const { prefix, suffix } = coinbaseParts({
    version: template.coinbase_tx_version,
    scriptPrefix: template.coinbase_prefix,
    tag: poolTag(pool.signature),
    extranonceLength: JOB_ID_BYTES + FULL_EXTRANONCE_BYTES,
    sequence: template.coinbase_tx_input_sequence,
    outputs: poolOutputs(pool, template.coinbase_tx_value_remaining),
    templateOutputs: template.coinbase_tx_outputs,
    templateOutputsCount: template.coinbase_tx_outputs_count,
    locktime: template.coinbase_tx_locktime,
  });
  return { prefix: concatBytes(prefix, u32Le(jobId)), suffix };
}

/** The tag in the form of the reference pool: protocol, pool, and no miner. */
export function poolTag(signature: string): Uint8Array {
  return utf8(`Sv2/${signature}//`);
}

/**
 * Room for the pool's outputs that `CoinbaseOutputConstraints` asks of a template provider.
 * @returns bytes, and sigops as the block limit counts them, rounded up
 */
export function coinbaseConstraints(pool: PoolCoinbase): {
  maxAdditionalSize: number;
  maxAdditionalSigops: number;
} {
  return {
    maxAdditionalSize: encodeOutputs(poolOutputs(pool, 0n)).length,
    maxAdditionalSigops: sigopsAtMost(pool.rewardScript),
  };
}

function poolOutputs({ rewardScript, keysetId }: PoolCoinbase, value: bigint): TransactionOutput[] {
  const mark = concatBytes(Uint8Array.of(Op.return), push(concatBytes(KEYSET_MARK, keysetId)));
  return [
    { value, script: rewardScript },
    { value: 0n, script: mark },
  ];
}

const CHECKSIG = [0xac, 0xad];
const CHECKMULTISIG = [0xae, 0xaf];

/** Counts bytes of pushed data as opcodes too: a few sigops too many cost nothing. */
function sigopsAtMost(script: Uint8Array): number {
  let sigops = 0;
  for (const byte of script) {
    if (CHECKSIG.includes(byte)) sigops += 4;
    if (CHECKMULTISIG.includes(byte)) sigops += 80;
  }
  return sigops;
}
