import { randomInt } from 'node:crypto';
import { JobIds } from '../../domain/jobs/job-ids.ts';
import type { RoleContext } from '../../runtime/lifecycle.ts';
import { wallClock } from '../../runtime/sv2/limits.ts';
import { openTokenWorker } from '../../services/mining-job-tokens/token-worker.ts';
import { CustomJobs } from '../../services/mining-server/custom-jobs.ts';
import type { PoolConfig, PoolShared } from './config.ts';
import type { PoolSettings } from './settings.ts';

/** What takes jobs that clients make themselves; undefined where no jd-server of this pool gives tokens for them. */
export async function openCustomJobs(
  { config, shared, open }: RoleContext<PoolConfig, PoolShared>,
  { source, tokenKeys: keys }: Pick<PoolSettings, 'source' | 'tokenKeys'>,
): Promise<CustomJobs | undefined> {
  if (keys.length === 0 || source.kind !== 'templates') return undefined;
  const worker = await open('tokens of jd-servers', () => openTokenWorker());
  return new CustomJobs({
    ids: new JobIds(randomInt(1, 2 ** 32)),
    network: shared.bitcoin.network,
    rewardScript: source.coinbase.rewardScript,
    isCoinbaseOnlyTaken: config.jd_coinbase_only,
    verify: (token) => worker.call('verify', { token, keys }),
    now: wallClock,
  });
}
