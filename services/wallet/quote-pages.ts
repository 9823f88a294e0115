import { amountOf, KEYSET_SIZE } from '../../protocols/cashu/amount.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import { requestMint } from './mint-http.ts';
import type { QuoteMethod } from './quotes.ts';
import type { LockKey } from './seed.ts';

/** Quotes of one answer of a look-up, and answers of one look-up. */
const QUOTES_PER_PAGE = 500;
const MAX_PAGES = 2_000;
const LARGEST_AMOUNT = amountOf(KEYSET_SIZE - 1);

/** A quote as the mint tells of it. */
export interface FoundQuote {
  readonly id: string;
  /** Compressed point, 66 hex digits. */
  readonly publicKey: string;
  /** Of a share the hash of its header, 64 hex digits; else what is to be paid. */
  readonly request: string;
  readonly unit: string;
  readonly amount: bigint;
  readonly state: string;
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

function checkedQuotes({ quotes }: QuotePage): FoundQuote[] {
  if (!Array.isArray(quotes))
    throw new HashpoolError('mint-answer', "the mint's list of quotes has no field quotes");
  return (quotes as Record<string, unknown>[]).map(
    ({ quote: id, pubkey: publicKey, request, unit, amount, state, expiry }) => {
      const isText = [id, publicKey, request, unit, state].every((text) => typeof text === 'string');
      const isInteger =
        typeof amount === 'bigint' || (typeof amount === 'number' && Number.isSafeInteger(amount));
      if (!isText || !isInteger || BigInt(amount) < 1n || BigInt(amount) > LARGEST_AMOUNT) {
        throw new HashpoolError(
          'mint-answer',
          "a quote of the mint's list lacks id, pubkey, request, unit, amount or state",
        );
      }
      return {
        id: String(id),
        publicKey: String(publicKey),
        request: String(request),
        unit: String(unit),
        amount: BigInt(amount),
        state: String(state),
        expiresAt: typeof expiry === 'number' && expiry > 0 ? expiry * 1000 : undefined,
      };
    },
  );
}
