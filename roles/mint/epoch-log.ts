import type { PayingBlock } from '../../domain/epochs/layout.ts';
import { fromHex, reversed, toHex } from '../../protocols/bytes.ts';
import type { Logger } from '../../runtime/logs.ts';
import type { Arranged } from './store/boundaries.ts';
import type { Epoch } from './store/epochs.ts';

/** Says in the mint's log what the chain has made of epochs. */
export class EpochLog {
  readonly #log: Pick<Logger, 'info' | 'warn' | 'error'>;

  constructor(log: Pick<Logger, 'info' | 'warn' | 'error'>) {
    this.#log = log;
  }

  /** @param blocks what it was made of */
  tell({ epochs, gifts }: Arranged, blocks: readonly PayingBlock[]): void {
    const byHash = new Map(blocks.map((block) => [block.hash, block]));
    for (const { before, after } of epochs) this.#tellOne(before, after, byHash);
    for (const { hash, height, value, kind } of gifts) {
      const about = { height, hash: toHex(reversed(fromHex(hash))), value: String(value) };
      const [alert, text] =
        kind === 'late'
          ? ['late-reward', 'was not counted when the price of its epoch was fixed']
          : ['gift', 'is no share of the pool'];
      this.#log.error(
        { alert, ...about },
        `block ${height} pays ${value} sats to a pool's script and ${text}: they back the open epoch, which stays open`,
      );
    }
  }

  #tellOne(before: Epoch | undefined, after: Epoch, blocks: ReadonlyMap<string, PayingBlock>): void {
    const { unit, openedHeight, standing, closing } = after;
    const about = { unit, height: openedHeight, standing };
    if (before?.standing !== standing) this.#tellStanding(before, after);
    if (before && closing && toHex(before.closing?.hashLe ?? new Uint8Array()) !== toHex(closing.hashLe)) {
      const reward = String(closing.reward);
      this.#log.info(
        { ...about, closed: closing.height, reward },
        `block ${closing.height} closes ${unit}, and backs it with ${reward} sats`,
      );
      this.#tellElsewhere(unit, blocks.get(toHex(closing.hashLe)));
    }
    if (before?.closing && !closing && standing === 'live') {
      this.#log.warn(
        about,
        `${unit} is open again: block ${before.closing.height}, which had closed it, is no boundary any more`,
      );
    }
    if (!before?.isFinal && after.isFinal && standing === 'live') {
      this.#log.info(about, `${unit} is final: its quotes can be minted`);
    }
  }

  /** What a block pays others is nobody's ehash: the mint can't pay it out. */
  #tellElsewhere(unit: string, block: PayingBlock | undefined): void {
    if (!block?.elsewhere) return;
    const { height, reward, elsewhere } = block;
    const alert = {
      alert: 'reward-elsewhere',
      unit,
      height,
      reward: String(reward),
      elsewhere: String(elsewhere),
    };
    this.#log.error(
      alert,
      `block ${height} pays ${elsewhere} sats to scripts that this mint knows nothing of: ${unit} is backed by the other ${reward} alone`,
    );
  }

  #tellStanding(before: Epoch | undefined, after: Epoch): void {
    const { unit, openedHeight, standing, mergedInto } = after;
    const about = { unit, height: openedHeight, standing };
    if (standing === 'live') {
      this.#log.info(about, `block ${openedHeight} opens ${unit}`);
    } else if (standing === 'unproven') {
      this.#log.info(
        about,
        `block ${openedHeight} pays the pool, and its share has not come yet: what is mined on it is unpaid until it is known whose block that is`,
      );
    } else if (standing === 'dissolved') {
      if (before)
        this.#log.warn(
          about,
          `${unit} is dissolved: the block that opened it is no boundary any more, and its quotes belong to the epoch before`,
        );
    } else if (mergedInto === undefined) {
      this.#log.error(
        { ...about, alert: 'epoch-stranded' },
        `the block that opened ${unit} is in the chain no more, and ehash of ${unit} was given out: nothing of this pool is minted until its operator has merged it with another epoch by npm run epochs -- merge`,
      );
    } else {
      this.#log.warn(
        about,
        `${unit} shares the reward of an epoch before it: the block that opened it is no boundary any more, and its quotes were counted by other terms`,
      );
    }
  }
}
