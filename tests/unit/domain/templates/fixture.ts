import type { BlockTemplate, TemplateTransaction } from '../../../../domain/templates/block-template.ts';
import { witnessCommitmentScript } from '../../../../protocols/bitcoin/witness-commitment.ts';
import { toHex } from '../../../../protocols/bytes.ts';

const SUBSIDY = 312_500_000n;

/** A made-up transaction; its ids and bytes only differ from those of other numbers. */
export function transaction(number: number, changes: Partial<TemplateTransaction> = {}): TemplateTransaction {
  return {
    txidLe: new Uint8Array(32).fill(number),
    wtxidLe: new Uint8Array(32).fill(number + 100),
    data: Uint8Array.of(number, number),
    fee: 1_000n,
    weight: 1_000,
    sigops: 4,
    ...changes,
  };
}

/** A block template of these transactions, none of which spends from another unless `changes` says so. */
export function blockTemplate(
  transactions: readonly TemplateTransaction[],
  changes: Partial<BlockTemplate> = {},
): BlockTemplate {
  return {
    version: 0x20000000,
    prevHashLe: new Uint8Array(32).fill(9),
    height: 840_000,
    bits: 0x17034219,
    currentTime: 1_713_571_767,
    minimumTime: 1_713_570_000,
    coinbaseValue: SUBSIDY + transactions.reduce((sum, { fee }) => sum + fee, 0n),
    transactions,
    depends: transactions.map(() => []),
    witnessCommitment: witnessCommitmentScript(transactions.map(({ wtxidLe }) => wtxidLe)),
    weightLimit: 4_000_000,
    sigopLimit: 80_000,
    longPollId: 'poll',
    ...changes,
  };
}

/** getblocktemplate's JSON for one transaction that stands alone. */
export function jsonTemplate(): Record<string, unknown> {
  return {
    version: 536870912,
    previousblockhash: '4d7355502d1a56e0f6750c5b28abb88537d11b71d514a28c061dbd7ee2910e75',
    height: 102,
    bits: '207fffff',
    curtime: 1795209731,
    mintime: 1795209730,
    coinbasevalue: 5000000500,
    transactions: [
      {
        data: 'abcd',
        txid: '11'.repeat(32),
        hash: '22'.repeat(32),
        depends: [],
        fee: 200,
        sigops: 1,
        weight: 400,
      },
      {
        data: 'ef',
        txid: '33'.repeat(32),
        hash: '44'.repeat(32),
        depends: [1],
        fee: 300,
        sigops: 2,
        weight: 500,
      },
    ],
    default_witness_commitment: `6a24aa21a9ed${toHex(new Uint8Array(32))}`,
    weightlimit: 4000000,
    sigoplimit: 80000,
    longpollid: 'x102',
  };
}
