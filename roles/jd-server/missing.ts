import type { KnownTransaction, KnownTransactions } from '../../domain/job-declaration/known-transactions.ts';
import { transactionIds } from '../../protocols/bitcoin/transaction.ts';
import { equalBytes, toHex } from '../../protocols/bytes.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import type { Declaration } from './judge.ts';

/** No block has more, so that nobody makes us hold more. */
const MAX_BLOCK_BYTES = 4_000_000;

/** What a declaration names, found or not. */
export interface Looked {
  /** In the declaration's order, undefined where unknown. */
  readonly found: (KnownTransaction | undefined)[];
  /** Places of the unknown ones. */
  readonly missing: readonly number[];
}

/**
 * Looks the transactions of a declaration up.
 * @throws HashpoolError 'invalid-job' where one is named twice
 */
export function lookUp({ wtxid_list }: Declaration, known: KnownTransactions): Looked {
  if (new Set(wtxid_list.map(toHex)).size < wtxid_list.length)
    throw new HashpoolError('invalid-job', 'wtxid_list names a transaction twice');
  const found = wtxid_list.map((wtxid) => known.find(wtxid));
  const missing = [...found.keys()].filter((place) => found[place] === undefined);
  return { found, missing };
}

/**
 * Puts what the client sent where it was missing.
 * @param sent whole serializations, in the order of `missing`
 * @throws HashpoolError 'missing-txs' where they are not the ones that were asked for
 */
export function fillIn(
  { wtxid_list }: Declaration,
  { found, missing }: Looked,
  sent: readonly Uint8Array[],
): KnownTransaction[] {
  if (sent.length !== missing.length)
    throw refusal(`${sent.length} transactions were sent and ${missing.length} asked for`);
  const bytes = sent.reduce((sum, { length }) => sum + length, 0);
  if (bytes > MAX_BLOCK_BYTES)
    throw refusal(`${bytes} bytes of transactions were sent: no block has so many`);
  const sentAt = new Map(missing.map((place, i) => [place, sent[i]]));
  return wtxid_list.map((wtxidLe, place) => found[place] ?? checked(sentAt.get(place), wtxidLe, place));
}

function checked(data: Uint8Array | undefined, wtxidLe: Uint8Array, place: number): KnownTransaction {
  if (data === undefined) throw refusal(`transaction ${place} was not sent`);
  const { txidLe, wtxidLe: sentId } = transactionIds(data);
  if (!equalBytes(sentId, wtxidLe))
    throw refusal(`transaction ${place} is another than the one that was declared`);
  // A copy of its own: the frame that it came in is not kept for it.
  return { txidLe, wtxidLe: sentId, data: data.slice() };
}

const refusal = (words: string) => new HashpoolError('missing-txs', words);
