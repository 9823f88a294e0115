import { messageOf } from '../../protocols/errors.ts';
import type { RoleContext } from '../../runtime/lifecycle.ts';
import type { PoolConfig, PoolShared } from './config.ts';
import type { WorkSource } from './work-source.ts';

const SIGNAL = 'SIGHUP';

/**
 * Waits for the operator's signal that the names in the coinbase are others in the config now, and takes them over
 * without a miner being cut off. A config that can't be used changes nothing.
 * @param work undefined where the pool makes no coinbase
 * @returns what ends the waiting
 */
export function awaitNewNames(
  { reread, log }: Pick<RoleContext<PoolConfig, PoolShared>, 'reread' | 'log'>,
  work: Pick<WorkSource, 'rename'> | undefined,
): { close(): void } {
  const take = (): void => {
    if (!work) {
      log.info('there are no names to take over: the coinbase is made by the upstream');
      return;
    }
    try {
      const { pool_signature, miner_tag_length } = reread();
      log.info({ pool_signature, miner_tag_length }, 'jobs have these names from now on');
      work.rename(pool_signature, miner_tag_length);
    } catch (error) {
      log.warn({ err: error }, `the config was not taken over: ${messageOf(error)}`);
    }
  };
  process.on(SIGNAL, take);
  return { close: () => void process.off(SIGNAL, take) };
}
