import type { ExponentRange } from './vardiff.ts';

/** Steps at most by which a channel is eased for an upstream's sake: eight times the shares. */
const MAX_EASED = 3;

/** What an upstream's shares are like for a pool, or a proxy, that passes its own on. */
export interface UsefulExponent {
  /** Shares that prove more count as 2^exponent hashes. */
  readonly exponent: number;
  /** Whether shares that prove less are refused there. */
  readonly isLeast: boolean;
}

/**
 * The exponent that a channel is told. An upstream counts each share as what it asks for: harder ones would bring its
 * pool less than the work that was done.
 * @param own the exponent that the channel's shares ask for
 * @param useful undefined where there is no upstream
 * @param floor the smallest exponent in the channel's range
 */
export function toldExponent(own: number, useful: UsefulExponent | undefined, floor: number): number {
  if (useful === undefined) return own;
  const { exponent, isLeast } = useful;
  if (exponent < own) return Math.max(floor, exponent, own - MAX_EASED);
  return isLeast ? exponent : own;
}

/** An operator's own bounds for one client's exponent. */
export interface DifficultyLimit {
  /** A whole `user_identity`, or its part before the first dot for all workers of that key or name. */
  readonly userIdentity: string;
  readonly minimumBits: number | undefined;
  readonly maximumBits: number | undefined;
}

/** Which bounds hold for whom. One for a whole identity stands instead of one for all its workers. */
export class DifficultyLimits {
  readonly #limits: ReadonlyMap<string, DifficultyLimit>;

  constructor(limits: readonly DifficultyLimit[] = []) {
    this.#limits = new Map(limits.map((limit) => [limit.userIdentity, limit]));
  }

  find(userIdentity: string): DifficultyLimit | undefined {
    const [account = ''] = userIdentity.split('.', 1);
    return this.#limits.get(userIdentity) ?? this.#limits.get(account);
  }
}

/**
 * Where a client's exponent must stay: within what is paid first, then at or above what the client's own maximum
 * target asks, then within the operator's bounds.
 * @param clientFloor the smallest exponent that the client's maximum target allows
 * @returns a floor above the ceiling where the client asks for more than is paid
 */
export function clientRange(
  paid: ExponentRange,
  clientFloor: number,
  limit: DifficultyLimit | undefined,
): ExponentRange {
  const least = Math.max(paid.floor, clientFloor);
  const ceiling = Math.min(paid.ceiling, Math.max(least, limit?.maximumBits ?? paid.ceiling));
  return { floor: Math.max(least, Math.min(ceiling, limit?.minimumBits ?? least)), ceiling };
}
