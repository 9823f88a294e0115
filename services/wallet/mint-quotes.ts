import { HashpoolError } from '../../protocols/errors.ts';
import type { Keyset } from './keysets.ts';
import { amountsOf } from './outputs.ts';
import { sumOf } from './proofs.ts';
import type { MintableKind } from './quotes.ts';
import { type Parts, settle } from './settle.ts';

/** Batches of one pass, so that other tasks of the wallet get their turn. */
const BATCHES_PER_PASS = 50;
/**
 * Refusals in a row after which a pass ends: halving a batch of a hundred down to one bad quote takes seven, so
 * that more of them mean that the mint refuses whatever it is asked.
 */
const REFUSALS_IN_A_ROW = 10;

/** How long minting rests after that, doubled each time up to an hour. */
const FIRST_REST_MS = 30_000;
const LONGEST_REST_MS = 3_600_000;

/** Mints PAID quotes in batches. A quote that the mint refuses is found by halving and set aside with the reason. */
export interface QuoteMinter {
  /**
   * @returns units minted, of all kinds
   * @throws HashpoolError 'mint-refuses' where it refuses everything, and those of `settle`
   */
  pass(): Promise<bigint>;
}

export function openQuoteMinter(parts: Parts): QuoteMinter {
  let refusedInARow = 0;
  let rest = 0;
  let restUntil = 0;

  /** Mints `ids` as one batch, or where that is refused, in halves. */
  async function mintBatch(keyset: Keyset, kind: MintableKind, ids: readonly string[]): Promise<bigint> {
    const operation = parts.journal.begin({
      kind: 'mint',
      keyset,
      note: kind.method === 'bolt11' ? 'Lightning' : '',
      claim: (id) => {
        const quotes = parts.quotes.claim(ids, id);
        return quotes.length > 0 ? { amounts: amountsOf(sumOf(quotes)), fee: 0n } : undefined;
      },
    });
    if (!operation) return 0n;
    const settled = await settle(parts, operation);
    if (settled.done) {
      refusedInARow = 0;
      rest = 0;
      return settled.amount;
    }
    refusedInARow++;
    const [only] = ids;
    if (ids.length === 1 && only) parts.quotes.refused(only, settled.refusal.message, parts.clock());
    if (refusedInARow >= REFUSALS_IN_A_ROW) {
      rest = Math.min(LONGEST_REST_MS, Math.max(FIRST_REST_MS, 2 * rest));
      restUntil = parts.clock() + rest;
      throw new HashpoolError(
        'mint-refuses',
        `the mint refuses to mint paid quotes, one after the other: ${settled.refusal.message}`,
        {
          cause: settled.refusal,
        },
      );
    }
    if (ids.length === 1) return 0n;
    const half = Math.ceil(ids.length / 2);
    return (
      (await mintBatch(keyset, kind, ids.slice(0, half))) + (await mintBatch(keyset, kind, ids.slice(half)))
    );
  }

  return {
    pass: async () => {
      if (parts.clock() < restUntil) return 0n;
      const maxBatch = await parts.mint.maxBatch();
      const signing = new Map(
        parts.keysets
          .all()
          .filter(({ active }) => active)
          .map((keyset) => [keyset.unit, keyset]),
      );
      let minted = 0n;
      for (let batch = 0; batch < BATCHES_PER_PASS && !parts.isClosing(); batch++) {
        // Quotes of a unit that is not signed any more wait until it is, or are redeemed otherwise.
        const kind = parts.quotes.mintableKinds(parts.clock()).find(({ unit }) => signing.has(unit));
        const keyset = kind && signing.get(kind.unit);
        if (!keyset) break;
        // While it refuses everything, one quote is enough to ask with: a refusal uses counters up.
        const limit = refusedInARow >= REFUSALS_IN_A_ROW ? 1 : maxBatch;
        minted += await mintBatch(keyset, kind, parts.quotes.mintable(kind, limit, parts.clock()));
      }
      return minted;
    },
  };
}
