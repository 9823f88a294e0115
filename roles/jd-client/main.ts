import { runRole } from '../../runtime/lifecycle.ts';
import { minerSide } from '../../services/shared-config/miner-side.ts';
import { checkJdClient, jdClientConfig } from './config.ts';
import { startJdClient } from './start.ts';

/** Miners' own blocks: jobs of the miner's templates, declared to a jd-server and mined at its pool. See start.ts. */
await runRole({
  name: 'jd-client',
  config: jdClientConfig,
  shared: minerSide,
  check: checkJdClient,
  start: startJdClient,
});
