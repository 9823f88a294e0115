import type { LockKeys } from './lock-keys.ts';
import type { FoundQuote } from './quote-pages.ts';
import type { Quote } from './quotes.ts';
import type { LockKey } from './seed.ts';
import type { Parts } from './settle.ts';

/** Keys asked for in one request. */
const KEYS_PER_REQUEST = 50;
/** Requests of one pass for whose turn it is. */
const REQUESTS_PER_PASS = 40;

/**
 * Asks the mint for the quotes of the keys whose turn it is and stores those that are not tokens yet.
 * @throws HashpoolError those of `requestMint`
 */
export async function lookUpDue(parts: Parts, lockKeys: LockKeys): Promise<void> {
  const began = parts.clock();
  for (let request = 0; request < REQUESTS_PER_PASS && !parts.isClosing(); request++) {
    const keys = lockKeys.due(began, KEYS_PER_REQUEST);
    if (keys.length === 0) return;
    const { news } = await lookUp(parts, lockKeys, keys, 'open');
    lockKeys.asked(
      keys.map(({ index }) => index),
      news,
      parts.clock(),
    );
    if (keys.length < KEYS_PER_REQUEST) return;
  }
}

/**
 * Asks for the quotes of shares of `keys`, page after page; those that the mint pays to an address are left to it.
 * @param which 'open' leaves out those that have ended
 * @returns indexes of the keys that have ever had a quote, and of those with something new
 */
export async function lookUp(
  parts: Parts,
  lockKeys: LockKeys,
  keys: readonly LockKey[],
  which: 'open' | 'all',
): Promise<{ used: Set<number>; news: Set<number> }> {
  const keyOf = new Map(keys.map((key) => [key.publicKey, key]));
  const autoPaid = new Set(keys.filter((key) => lockKeys.isAutoPaid(key)));
  const begun = parts.clock();
  const used = new Set<number>();
  const news = new Set<number>();
  for await (const page of parts.mint.quotesOf('ehash', keys, which)) {
    const open: Quote[] = [];
    for (const found of page) {
      const key = keyOf.get(found.publicKey);
      if (!key) continue;
      if (!used.has(key.index)) lockKeys.used(key, parts.clock());
      used.add(key.index);
      const quote = autoPaid.has(key) ? undefined : openQuote(found, key.index);
      if (quote) open.push(quote);
    }
    for (const { keyIndex } of parts.quotes.note(open, parts.clock())) news.add(keyIndex);
  }
  parts.quotes.dropUnseen(
    keys.map(({ index }) => index),
    begun,
  );
  return { used, news };
}

/** A quote that can still become tokens; ISSUED, AUTO_PAID and VOID ones can't. */
function openQuote({ id, unit, amount, state }: FoundQuote, keyIndex: number): Quote | undefined {
  return state === 'PAID' || state === 'UNPAID'
    ? { id, method: 'ehash', keyIndex, unit, amount, state }
    : undefined;
}
