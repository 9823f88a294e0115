import { type HashpoolError, isHashpoolError } from '../../protocols/errors.ts';
import type { Keyset } from './keysets.ts';
import { isAway } from './mint-http.ts';
import { amountsOf } from './outputs.ts';
import { sumOf } from './proofs.ts';
import { QuoteBatches } from './quote-batches.ts';
import type { MintableKind, Quote } from './quotes.ts';
import { type Parts, settle } from './settle.ts';

/** Batches of one pass, so that other tasks of the wallet get their turn. */
const BATCHES_PER_PASS = 50;
/** How long a kind of quotes rests after the mint has refused everything of it, doubled each time up to an hour. */
const FIRST_REST_MS = 30_000;
const LONGEST_REST_MS = 3_600_000;
/** Batches of a unit without an answer that can be used, beyond which no more of it are begun. */
const MAX_UNANSWERED = 3;

/** Mints PAID quotes in batches. What the mint refuses or puts off of one unit keeps no other from its turn. */
export interface QuoteMinter {
  /**
   * @returns units minted, of all kinds
   * @throws the first trouble, when all others have had their turn; at once where the mint is away, and HashpoolError
   * 'wallet-outdated'
   */
  pass(): Promise<bigint>;
}

/** How the quotes of one method and unit are doing. */
interface Lane {
  readonly batches: QuoteBatches;
  rest: number;
  restUntil: number;
}

export function openQuoteMinter(parts: Parts): QuoteMinter {
  const lanes = new Map<string, Lane>();

  function laneOf(kind: MintableKind): Lane {
    const lane = lanes.get(nameOf(kind)) ?? { batches: new QuoteBatches(parts, kind), rest: 0, restUntil: 0 };
    lanes.set(nameOf(kind), lane);
    return lane;
  }

  async function mintBatch(keyset: Keyset, kind: MintableKind, largest: number): Promise<bigint> {
    const lane = laneOf(kind);
    const ids = lane.batches.next(largest);
    let batch: readonly Quote[] = [];
    const operation = parts.journal.begin({
      kind: 'mint',
      keyset,
      note: kind.method === 'bolt11' ? 'Lightning' : '',
      claim: (id) => {
        batch = parts.quotes.claim(ids, id);
        return batch.length > 0 ? { amounts: amountsOf(sumOf(batch)), fee: 0n } : undefined;
      },
    });
    if (!operation) return 0n;
    const settled = await settle(parts, operation);
    if (settled.done) {
      lanes.delete(nameOf(kind));
      return settled.amount;
    }
    try {
      await lane.batches.refused(batch, keyset, settled.refusal);
    } catch (error) {
      if (isHashpoolError(error, 'mint-refuses')) {
        lane.rest = Math.min(LONGEST_REST_MS, Math.max(FIRST_REST_MS, 2 * lane.rest));
        lane.restUntil = parts.clock() + lane.rest;
      }
      throw error;
    }
    return 0n;
  }

  /** The next kind that has a turn in a pass, and the keyset that signs it; `over` are those that had their last. */
  function nextKind(over: ReadonlySet<string>): { kind: MintableKind; keyset: Keyset } | undefined {
    const now = parts.clock();
    // Quotes of a unit that is not signed any more wait until it is, or are redeemed otherwise.
    const signed = new Set(parts.keysets.activeUnits());
    const kind = parts.quotes
      .mintableKinds(now)
      .filter((each) => signed.has(each.unit) && !over.has(nameOf(each)))
      .filter((each) => now >= (lanes.get(nameOf(each))?.restUntil ?? 0))
      .find(({ unit }) => parts.journal.unanswered(unit) < MAX_UNANSWERED);
    return kind && { kind, keyset: parts.keysets.activeFor(kind.unit) };
  }

  return {
    pass: async () => {
      const largest = await parts.mint.maxBatch();
      const kinds = new Set(parts.quotes.mintableKinds(parts.clock()).map(nameOf));
      for (const name of lanes.keys()) if (!kinds.has(name)) lanes.delete(name);
      const over = new Set<string>();
      let minted = 0n;
      let trouble: HashpoolError | undefined;
      for (let batch = 0; batch < BATCHES_PER_PASS && !parts.isClosing(); batch++) {
        const next = nextKind(over);
        if (!next) break;
        try {
          minted += await mintBatch(next.keyset, next.kind, largest);
        } catch (error) {
          if (!isHashpoolError(error) || isAway(error) || error.code === 'wallet-outdated') throw error;
          over.add(nameOf(next.kind));
          trouble ??= error;
        }
      }
      if (trouble) throw trouble;
      return minted;
    },
  };
}

function nameOf({ method, unit }: MintableKind): string {
  return `${method} ${unit}`;
}
