import { runRole } from '../../runtime/lifecycle.ts';
import { poolSide } from '../../services/shared-config/pool-side.ts';
import { checkMintConfig, mintConfig } from './config.ts';
import { start } from './start.ts';

/** The Cashu mint: proven work in, quotes and tokens out. See start.ts for its parts. */
await runRole({
  name: 'mint',
  config: mintConfig,
  shared: poolSide,
  check: checkMintConfig,
  start: async (context) => {
    await start(context);
  },
});
