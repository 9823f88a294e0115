import { runRole } from '../../runtime/lifecycle.ts';
import { poolSide } from '../../services/shared-config/pool-side.ts';
import { jdServerConfig } from './config.ts';
import { startJdServer } from './start.ts';

await runRole({ name: 'jd-server', config: jdServerConfig, shared: poolSide, start: startJdServer });
