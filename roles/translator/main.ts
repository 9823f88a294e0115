import { runRole } from '../../runtime/lifecycle.ts';
import { minerSide } from '../../services/shared-config/miner-side.ts';
import { checkTranslator, translatorConfig } from './config.ts';
import { start } from './start.ts';

await runRole({
  name: 'translator',
  config: translatorConfig,
  shared: minerSide,
  check: checkTranslator,
  start,
});
