import { amountOf, KEYSET_SIZE } from '../../protocols/cashu/amount.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import { requestMint } from './mint-http.ts';
import type { QuoteMethod } from './quotes.ts';
import type { LockKey } from './seed.ts';

/** Quotes of one answer of a look-up, and answers of one look-up. */
const QUOTES_PER_PAGE = 500;
const MAX_PAGES = 2_000;
const LARGEST_AMOUNT = amountOf(KEYSET_SIZE - 1);

/** How a quote stands, as the mint tells. */
export interface QuoteNews {
  readonly id: string;
  readonly unit: string;
  readonly amount: bigint;
  readonly state: string;
}

/** A quote as the mint tells of it. */
export interface FoundQuote extends QuoteNews {
  /** Compressed point, 66 hex digits. */
  readonly publicKey: string;
  /** Of a share the hash of its header, 64 hex digits; else what is to be paid. Empty where the mint says nothing. */
  readonly request: string;
  /** Milliseconds since 1970; undefined where it has no end. */
  readonly expiresAt: number | undefined;
}

/** The answer to a look-up, as far as this wallet reads it; checked before use. */
interface QuotePage {
  readonly quotes?: unknown;
  readonly next_cursor?: string | null;
}

/** Whether a mint finds quotes of a method by their keys (docs/ehash.md, Look-up by key). @throws those of `requestMint` */
export async function findsQuotes(mintUrl: string, method: QuoteMethod): Promise<boolean> {
  const info = await requestMint<{ quotes_by_pubkey?: { methods?: unknown } | null }>({
    endpoint: `${mintUrl}/v1/info`,
  });
  const methods = info.quotes_by_pubkey?.methods;
  return Array.isArray(methods) && methods.includes(method);
}

/**
 * The quotes locked to `keys`, page after page (nuts#391).
 * @param signatures one by each key, in hex
 * @throws HashpoolError those of `requestMint`
 */
export async function* pagesOfQuotes(
  mintUrl: string,
  method: QuoteMethod,
  keys: readonly LockKey[],
  signatures: readonly string[],
  which: 'open' | 'all',
): AsyncGenerator<FoundQuote[]> {
  const request = {
    pubkeys: keys.map(({ publicKey }) => publicKey),
    pubkey_signatures: signatures,
    open: which === 'open',
    limit: QUOTES_PER_PAGE,
  };
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const answer = await requestMint<QuotePage>({
      endpoint: `${mintUrl}/v1/mint/quote/${method}/pubkey`,
      method: 'POST',
      requestBody: { ...request, ...(cursor === undefined ? {} : { cursor }) },
    });
    yield checkedQuotes(answer);
    cursor = answer.next_cursor ?? undefined;
    if (cursor === undefined) return;
  }
}

/** Quotes by their names, in order (NUT-29). @throws HashpoolError those of `requestMint` */
export async function quotesNamed(
  mintUrl: string,
  method: QuoteMethod,
  ids: readonly string[],
): Promise<QuoteNews[]> {
  const endpoint = `${mintUrl}/v1/mint/quote/${method}/check`;
  const answer = await requestMint<unknown>({ endpoint, method: 'POST', requestBody: { quotes: ids } });
  if (!Array.isArray(answer))
    throw new HashpoolError('mint-answer', 'what the mint says of quotes is no list');
  return answer.map(checkedNews);
}

function checkedQuotes({ quotes }: QuotePage): FoundQuote[] {
  if (!Array.isArray(quotes))
    throw new HashpoolError('mint-answer', "the mint's list of quotes has no field quotes");
  return (quotes as Record<string, unknown>[]).map((quote) => {
    const { pubkey, request, expiry } = quote;
    if (typeof pubkey !== 'string') throw lacking('pubkey');
    const expiresAt = typeof expiry === 'number' && expiry > 0 ? expiry * 1000 : undefined;
    const named = typeof request === 'string' ? request : '';
    return { ...checkedNews(quote), publicKey: pubkey, request: named, expiresAt };
  });
}

function checkedNews({ quote: id, unit, amount, state }: Record<string, unknown>): QuoteNews {
  if (typeof id !== 'string' || typeof unit !== 'string' || typeof state !== 'string')
    throw lacking('id, unit or state');
  const isInteger =
    typeof amount === 'bigint' || (typeof amount === 'number' && Number.isSafeInteger(amount));
  if (!isInteger || BigInt(amount) < 1n || BigInt(amount) > LARGEST_AMOUNT) throw lacking('amount');
  return { id, unit, amount: BigInt(amount), state };
}

function lacking(field: string): HashpoolError {
  return new HashpoolError('mint-answer', `a quote of the mint's list lacks ${field}`);
}
