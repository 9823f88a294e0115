import { type SharedDifficulty, sharedDifficulty } from '../../domain/job-declaration/shared-difficulty.ts';
import { powerTarget, targetToLeBytes } from '../../protocols/bitcoin/target.ts';
import type { ChannelWish } from '../../services/mining-client/channel.ts';
import type { MiningServer } from '../../services/mining-server/server.ts';

const LOOK_MS = 2_000;

/** Tells the pools what difficulty the miners here need, all together. */
export class Difficulty {
  readonly #sharesPerMinute: number;
  readonly #tell: (wish: ChannelWish) => void;
  readonly #server: Pick<MiningServer, 'wishes'>;
  readonly #looking: NodeJS.Timeout;
  #wanted: SharedDifficulty = sharedDifficulty([], 1);

  /** @param tell told whenever it is another one */
  constructor(
    server: Pick<MiningServer, 'wishes'>,
    sharesPerMinute: number,
    tell: (wish: ChannelWish) => void,
  ) {
    this.#server = server;
    this.#sharesPerMinute = sharesPerMinute;
    this.#tell = tell;
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
    const before = this.#wanted;
    this.#wanted = sharedDifficulty(this.#server.wishes(), this.#sharesPerMinute);
    const { exponent, miners } = this.#wanted;
    if (exponent !== before.exponent || miners !== before.miners) this.#tell(this.wish);
  }
}
