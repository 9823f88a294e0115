import { runRole } from '../../runtime/lifecycle.ts';
import { poolSide } from '../../services/shared-config/pool-side.ts';
import { checkPool, poolConfig } from './config.ts';
import { startPool } from './start.ts';

/** The mining pool: work out to miners, shares in, proven work on to the mint. See start.ts for its parts. */
await runRole({
  name: 'pool',
  config: poolConfig,
  shared: poolSide,
  check: checkPool,
  start: async (context) => {
    await startPool(context);
  },
});
