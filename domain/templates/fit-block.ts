import { merklePath } from '../../protocols/bitcoin/merkle.ts';
import { witnessCommitmentScript } from '../../protocols/bitcoin/witness-commitment.ts';
import type { BlockTemplate, TemplateTransaction } from './block-template.ts';

/** Weight of header, transaction count and a coinbase without the client's outputs: what sv2-tp reckons with. */
const FIXED_WEIGHT = 1168;
/** bitcoind itself keeps no less free than this. */
const LEAST_RESERVED_WEIGHT = 2000;
const WEIGHT_PER_OUTPUT_BYTE = 4;

/** What a client adds to the template's coinbase at most (TDP CoinbaseOutputConstraints). */
export interface CoinbaseRoom {
  /** Bytes of serialized outputs. */
  readonly size: number;
  /** Cost of the outputs' signature operations. */
  readonly sigops: number;
}

/** A block template cut to leave room for a client's coinbase. */
export interface FittedBlock {
  readonly template: BlockTemplate;
  readonly transactions: readonly TemplateTransaction[];
  /** Satoshis that the coinbase may pay: the template's value less the fees of what was left out. */
  readonly coinbaseValue: bigint;
  /** The coinbase's siblings, deepest first, in header byte order. */
  readonly merklePath: readonly Uint8Array[];
  readonly witnessCommitment: Uint8Array | undefined;
}

/** Weight to keep free for a coinbase with this room. */
export function reservedWeight(room: CoinbaseRoom): number {
  return Math.max(LEAST_RESERVED_WEIGHT, FIXED_WEIGHT + WEIGHT_PER_OUTPUT_BYTE * room.size);
}

/**
 * Fits a template to a client's coinbase. getblocktemplate cannot be told how much room to leave, so that where the
 * node left too little, transactions are left out here: those last in the block, which pay least, and what spends
 * from them.
 */
export function fitBlock(template: BlockTemplate, room: CoinbaseRoom): FittedBlock {
  const transactions = fittingTransactions(template, room);
  const isWhole = transactions.length === template.transactions.length;
  const wasCommitted = template.witnessCommitment !== undefined;
  return {
    template,
    transactions,
    coinbaseValue: template.coinbaseValue - fees(template.transactions) + fees(transactions),
    merklePath: merklePath(transactions.map(({ txidLe }) => txidLe)),
    witnessCommitment:
      isWhole || !wasCommitted
        ? template.witnessCommitment
        : witnessCommitmentScript(transactions.map(({ wtxidLe }) => wtxidLe)),
  };
}

/** In the node's order, every transaction that still fits and whose parents in the block were kept. */
function fittingTransactions(template: BlockTemplate, room: CoinbaseRoom): TemplateTransaction[] {
  let weight = template.weightLimit - reservedWeight(room);
  let sigops = template.sigopLimit - room.sigops;
  const kept = new Set<number>();
  return template.transactions.filter((transaction, place) => {
    const hasParents = template.depends[place]?.every((parent) => kept.has(parent)) ?? true;
    if (!hasParents || transaction.weight > weight || transaction.sigops > sigops) return false;
    weight -= transaction.weight;
    sigops -= transaction.sigops;
    kept.add(place);
    return true;
  });
}

function fees(transactions: readonly TemplateTransaction[]): bigint {
  return transactions.reduce((sum, { fee }) => sum + fee, 0n);
}
