import { runRole } from '../../runtime/lifecycle.ts';
import { poolSide } from '../../services/shared-config/pool-side.ts';
import { checkTemplateProvider, templateProviderConfig } from './config.ts';
import { startTemplateProvider } from './start.ts';

await runRole({
  name: 'template-provider',
  config: templateProviderConfig,
  shared: poolSide,
  check: checkTemplateProvider,
  start: startTemplateProvider,
});
