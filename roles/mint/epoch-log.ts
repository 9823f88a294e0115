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

  tell({ epochs, gifts }: Arranged): void {
    for (const { before, after } of epochs) this.#tellOne(before, after);
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

  #tellOne(before: Epoch | undefined, after: Epoch): void {
    const { unit, openedHeight, standing, closing } = after;
    const about = { unit, height: openedHeight, standing };
    if (before?.standing !== standing) this.#tellStanding(before, after);
    if (before && closing && toHex(before.closing?.hashLe ?? new Uint8Array()) !== toHex(closing.hashLe)) {
      const reward = String(closing.reward);
      this.#log.info(
        { ...about, closed: closing.height, reward },
        `block ${closing.height} closes ${unit}, and backs it with ${reward} sats`,
      );
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
