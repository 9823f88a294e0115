import { runRole } from '../../runtime/lifecycle.ts';
import { minerConfig } from './config.ts';
import { start } from './start.ts';

await runRole({ name: 'miner', config: minerConfig, start });
