import { isRpcError } from '../../../../runtime/rpc/errors.ts';
import { numberOf } from '../../chain/answers.ts';
import type { IncomingPayment, Received } from '../backend.ts';
import { listOf, satsOf, textOf } from './answers.ts';
import { type Wallet, WalletCode } from './wallet.ts';

/** What comes to the wallet by transactions of others, or by a block's reward. */
const INCOMING = ['receive', 'generate', 'immature'];

/** What a reorganization has taken out of the chain after it was taken for final. */
export interface Undone {
  /** Transactions of the wallet's own. */
  readonly sent: readonly string[];
  readonly deposits: readonly { readonly outpoint: string; readonly amount: bigint }[];
}

/**
 * Where the mint stands: the block up to which all was taken and, within a longer answer, the last deposit that was
 * taken with its block. That is looked for in the next answer, and where it is not the answer begins anew.
 */
interface Position {
  readonly base: string;
  readonly last?: { readonly block: string; readonly outpoint: string };
}

type Entry = Record<string, unknown>;

/**
 * Deposits with so many confirmations, in the chain's order, after a position.
 * @throws HashpoolError 'wallet-scanning' while the wallet itself does not know all of its deposits
 */
export async function depositsAfter(
  wallet: Wallet,
  after: string | undefined,
  limit: number,
  confirmations: number,
): Promise<Received & { readonly undone: Undone }> {
  await wallet.checkScanned();
  const position = parsePosition(after);
  const answer = await listSince(wallet, position.base, confirmations);
  const final = listOf(answer, 'transactions')
    .filter((entry) => isIncoming(entry) && numberOf(entry, 'confirmations') >= confirmations)
    .sort(inChainOrder);
  const waiting = final.slice(1 + indexOfLast(final, position));
  const taken = waiting.slice(0, limit);
  const last = taken.at(-1);
  const isAll = taken.length === waiting.length;
  return {
    payments: taken.map(paymentOf),
    position: isAll
      ? textOf(answer, 'lastblock')
      : `${position.base}/${last ? textOf(last, 'blockhash') : ''}/${last ? outpointOf(last) : ''}`,
    undone: undoneOf(listOf(answer, 'removed')),
  };
}

/** A node that was set up anew may not know a block that was left: then all is told again, which credits nothing twice. */
async function listSince(wallet: Wallet, base: string, confirmations: number): Promise<Entry> {
  try {
    return await wallet.object('listsinceblock', [base, confirmations]);
  } catch (error) {
    if (!isRpcError(error) || error.rpcCode !== WalletCode.unknownTransaction || base === '') throw error;
    return wallet.object('listsinceblock', ['', confirmations]);
  }
}

function parsePosition(text = ''): Position {
  const [base = '', block, outpoint] = text.split('/');
  return block === undefined || outpoint === undefined ? { base } : { base, last: { block, outpoint } };
}

function indexOfLast(entries: readonly Entry[], { last }: Position): number {
  return entries.findIndex(
    (entry) => outpointOf(entry) === last?.outpoint && entry['blockhash'] === last.block,
  );
}

function isIncoming(entry: Entry): boolean {
  return INCOMING.includes(String(entry['category'])) && typeof entry['address'] === 'string';
}

function inChainOrder(a: Entry, b: Entry): number {
  for (const field of ['blockheight', 'blockindex', 'vout']) {
    const order = numberOf(a, field) - numberOf(b, field);
    if (order !== 0) return order;
  }
  return 0;
}

function outpointOf(entry: Entry): string {
  return `${textOf(entry, 'txid')}:${numberOf(entry, 'vout')}`;
}

function paymentOf(entry: Entry): IncomingPayment {
  return {
    id: outpointOf(entry),
    lookup: textOf(entry, 'address'),
    amount: satsOf(entry, 'amount'),
    // When the wallet heard of it or, where that was later, when its block was found.
    seenAt: numberOf(entry, 'time'),
  };
}

function undoneOf(removed: readonly Entry[]): Undone {
  const gone = removed.filter((entry) => numberOf(entry, 'confirmations') < 1);
  return {
    sent: [
      ...new Set(gone.filter(({ category }) => category === 'send').map((entry) => textOf(entry, 'txid'))),
    ],
    deposits: gone
      .filter(isUndoneDeposit)
      .map((entry) => ({ outpoint: outpointOf(entry), amount: satsOf(entry, 'amount') })),
  };
}

/** A block's reward is an orphan once its block is left. */
function isUndoneDeposit(entry: Entry): boolean {
  return isIncoming({ ...entry, category: entry['category'] === 'orphan' ? 'immature' : entry['category'] });
}
