import type { ExponentRange } from './vardiff.ts';

/** An operator's own bounds for one client. */
export interface DifficultyLimit {
  /** The whole `user_identity`, or its part before the first dot for all workers of that key or name. */
  readonly userIdentity: string;
  readonly minimumBits: number | undefined;
  readonly maximumBits: number | undefined;
}

/** Which bounds hold for whom. Those for a whole identity come before those for all its workers. */
export class DifficultyLimits {
  readonly #limits: ReadonlyMap<string, DifficultyLimit>;

  constructor(limits: readonly DifficultyLimit[]) {
    this.#limits = new Map(limits.map((limit) => [limit.userIdentity, limit]));
  }

  /** The part of what the pool pays in which that client's exponent must stay. */
  range(userIdentity: string, pool: ExponentRange): ExponentRange {
    const [account = ''] = userIdentity.split('.', 1);
    const limit = this.#limits.get(userIdentity) ?? this.#limits.get(account);
    const bounded = (bits: number): number => Math.max(pool.floor, Math.min(pool.ceiling, bits));
    return {
      floor: bounded(limit?.minimumBits ?? pool.floor),
      ceiling: bounded(limit?.maximumBits ?? pool.ceiling),
    };
  }
}
