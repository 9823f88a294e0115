import { type SharedDifficulty, sharedDifficulty } from '../../domain/job-declaration/shared-difficulty.ts';
import { powerTarget, targetToLeBytes } from '../../protocols/bitcoin/target.ts';
import type { ChannelWish } from '../../services/mining-client/channel.ts';
import type { MiningServer } from '../../services/mining-server/server.ts';

const LOOK_MS = 2_000;

export interface DifficultyOptions {
  readonly server: Pick<MiningServer, 'wishes'>;
  readonly sharesPerMinute: number;
  /** Whether a job waits for a pool's consent. */
  isWaiting(): boolean;
  /** Told whenever it is another one. */
  tell(wish: ChannelWish): void;
}

/** Tells the pools what difficulty the miners here need, all together. */
export class Difficulty {
  readonly #options: DifficultyOptions;
  readonly #looking: NodeJS.Timeout;
  #wanted: SharedDifficulty = sharedDifficulty([], 1);

  constructor(options: DifficultyOptions) {
    this.#options = options;
    this.#looking = setInterval(() => this.#look(), LOOK_MS);
  }

  /** As a pool is told it at the opening. */
  get wish(): ChannelWish {
    const { exponent, miners, hashRate } = this.#wanted;
    return {
      nominalHashRate: hashRate,
      maximumTargetLe: targetToLeBytes(powerTarget(exponent)),
      isFixed: true,
      miners,
    };
  }

  close(): void {
    clearInterval(this.#looking);
  }

  #look(): void {
    const { server, sharesPerMinute, isWaiting, tell } = this.#options;
    const before = this.#wanted;
    const wanted = sharedDifficulty(server.wishes(), sharesPerMinute);
    const { exponent, miners } = wanted;
    // A job is mined with the target at which it is accepted: what was found for an easier one would go unpaid.
    if (exponent > before.exponent && isWaiting()) return;
    this.#wanted = wanted;
    if (exponent !== before.exponent || miners !== before.miners) tell(this.wish);
  }
}
