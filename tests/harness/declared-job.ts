import { randomBytes } from 'node:crypto';
import { addWitness, coinbaseParts, coinbaseTxid } from '../../protocols/bitcoin/coinbase.ts';
import { headerHashLe } from '../../protocols/bitcoin/header.ts';
import { foldMerklePath, merklePath } from '../../protocols/bitcoin/merkle.ts';
import { decodeOutputs, type TransactionOutput } from '../../protocols/bitcoin/output.ts';
import { heightPush } from '../../protocols/bitcoin/script.ts';
import { compactToTarget, meetsTargetLe, targetToLeBytes } from '../../protocols/bitcoin/target.ts';
import { witnessCommitmentScript } from '../../protocols/bitcoin/witness-commitment.ts';
import { concatBytes, fromHex, reversed, utf8 } from '../../protocols/bytes.ts';
import type { JobDeclarationMessage } from '../../protocols/sv2/job-declaration.ts';
import type { TestNode } from './bitcoind.ts';

type Message<N extends JobDeclarationMessage['name']> = Extract<JobDeclarationMessage, { name: N }>;
type Declaration = Message<'DeclareMiningJob'>;

/** What a miner's node offers for the next block. */
export interface NodeOffer {
  readonly version: number;
  readonly height: number;
  readonly bits: string;
  readonly curtime: number;
  readonly previousblockhash: string;
  readonly coinbasevalue: number;
  readonly transactions: readonly { data: string; txid: string; hash: string; fee: number }[];
}

export async function offerOf(node: TestNode): Promise<NodeOffer> {
  return (await node.rpc.call('getblocktemplate', [{ rules: ['segwit'] }])) as NodeOffer;
}

export interface DeclareOptions {
  readonly requestId?: number;
  /** Instead of the whole value to the token's first output. */
  readonly pay?: (value: bigint, outputs: readonly TransactionOutput[]) => TransactionOutput[];
  /** Wtxids to name, in header order, instead of the offer's. */
  readonly wtxids?: readonly Uint8Array[];
  readonly height?: number;
}

/** Bytes of the extranonce in the jobs declared here: what a pool of ours gives a channel. */
export const EXTRANONCE_BYTES = 20;

/** The declaration that a jd-client makes of a node's offer. */
export function declarationOf(
  offer: NodeOffer,
  { mining_job_token, coinbase_tx_outputs }: Message<'AllocateMiningJobToken.Success'>,
  options: DeclareOptions = {},
): Declaration {
  const given = decodeOutputs(coinbase_tx_outputs.subarray(1), coinbase_tx_outputs[0] ?? 0);
  const pay = options.pay ?? payFirst;
  const wtxids = offer.transactions.map(({ hash }) => reversed(fromHex(hash)));
  const commitment = { value: 0n, script: witnessCommitmentScript(wtxids) };
  const { prefix, suffix } = coinbaseParts({
    version: 2,
    scriptPrefix: heightPush(options.height ?? offer.height),
    tag: utf8('a miner of tests'),
    extranonceLength: EXTRANONCE_BYTES,
    sequence: 0xfffffffe,
    outputs: [...pay(BigInt(offer.coinbasevalue), given), commitment],
    templateOutputs: new Uint8Array(),
    templateOutputsCount: 0,
    locktime: offer.height - 1,
  });
  // Declared coinbases are whole: marker, flag and witness are added around what the miner will fill in.
  const whole = addWitness(Buffer.concat([prefix, new Uint8Array(EXTRANONCE_BYTES), suffix]));
  const cut = prefix.length + 2;
  return {
    name: 'DeclareMiningJob',
    request_id: options.requestId ?? 1,
    mining_job_token,
    version: offer.version >>> 0,
    coinbase_tx_prefix: whole.subarray(0, cut),
    coinbase_tx_suffix: whole.subarray(cut + EXTRANONCE_BYTES),
    wtxid_list: [...(options.wtxids ?? wtxids)],
    excess_data: new Uint8Array(),
  };
}

function payFirst(value: bigint, outputs: readonly TransactionOutput[]): TransactionOutput[] {
  return outputs.map((output, i) => (i === 0 ? { ...output, value } : output));
}

/** Mines the block of a declared job, on a chain that is easy enough. */
export function solve(declaration: Declaration, offer: NodeOffer): Message<'PushSolution'> {
  const extranonce = Uint8Array.from(randomBytes(EXTRANONCE_BYTES));
  const coinbase = concatBytes(declaration.coinbase_tx_prefix, extranonce, declaration.coinbase_tx_suffix);
  const bits = Number.parseInt(offer.bits, 16);
  const header = {
    version: declaration.version,
    prevHashLe: reversed(fromHex(offer.previousblockhash)),
    merkleRootLe: foldMerklePath(
      coinbaseTxid(coinbase),
      merklePath(offer.transactions.map(({ txid }) => reversed(fromHex(txid)))),
    ),
    time: offer.curtime,
    bits,
    nonce: 0,
  };
  while (!meetsTargetLe(headerHashLe(header), targetToLeBytes(compactToTarget(bits)))) header.nonce++;
  return {
    name: 'PushSolution',
    extranonce,
    prev_hash: header.prevHashLe,
    nonce: header.nonce,
    ntime: header.time,
    nbits: bits,
    version: header.version,
  };
}
