import { isDeepStrictEqual } from 'node:util';
import { messageOf } from '../../protocols/errors.ts';
import type { Logger } from '../../runtime/logs.ts';
import type { Tip } from './chain/chain-view.ts';
import type { MintConfig } from './config.ts';
import type { Engine } from './engine.ts';
import type { Pool } from './pools.ts';
import type { EpochTerms } from './store/epochs.ts';

/**
 * Opens the first epoch of every pool that has none, at the height of the node's tip: on the first start at once,
 * or as soon as the node answers and has the chain.
 * @returns what to call on every new tip
 */
export function firstEpochs(engine: Engine, pools: readonly Pool[], terms: MintConfig['ehash'], log: Logger) {
  let opening = Promise.resolve();

  async function open(tip: Tip): Promise<void> {
    const missing = tip.isSyncing ? [] : pools.filter(({ poolId }) => !engine.epochs.current(poolId));
    for (const pool of missing) {
      const { poolId } = pool;
      await engine.epochs.openFirst({ poolId, height: tip.height, ...termsOfNew(terms, pool) });
      log.info({ unit: engine.epochs.current(poolId)?.unit, height: tip.height }, 'the first epoch is open');
    }
  }

  return (tip: Tip): Promise<void> => {
    opening = opening
      .then(() => open(tip))
      .catch((error: unknown) => {
        log.error(
          { err: error },
          `the first epoch could not be opened, the next block tries again: ${messageOf(error)}`,
        );
      });
    return opening;
  };
}

/** What an epoch of a pool that opens now is opened with. */
export function termsOfNew(
  { policy, minimum_difficulty, redemption_window_blocks }: MintConfig['ehash'],
  { feePpm }: Pick<Pool, 'feePpm'>,
): EpochTerms {
  return { policy, minimumDifficulty: minimum_difficulty, feePpm, windowBlocks: redemption_window_blocks };
}

/** One line for each pool whose open epoch has other terms than the config asks for. */
export function warnOfFixedTerms(
  engine: Engine,
  pools: readonly Pool[],
  terms: MintConfig['ehash'],
  log: Logger,
): void {
  for (const pool of pools) {
    const epoch = engine.epochs.current(pool.poolId);
    if (!epoch) continue;
    const { unit, policy, minimumDifficulty, feePpm, windowBlocks } = epoch;
    const fixed = { policy, minimumDifficulty, feePpm, windowBlocks };
    if (isDeepStrictEqual(fixed, termsOfNew(terms, pool))) continue;
    log.warn(
      { unit, ...fixed },
      'the config differs from what the open epoch was opened with: it counts from the next epoch on',
    );
  }
}
