import { runRole } from '../../runtime/lifecycle.ts';
import { minerSide } from '../../services/shared-config/miner-side.ts';
import { checkAlerts } from '../../services/stats/alerts/config.ts';
import { proxyStatsConfig } from './config.ts';
import { startProxyStats } from './start.ts';

/** What the client side is doing, for people and programs: dashboard, API, health, metrics, and the wallet to look at. */
await runRole({
  name: 'proxy-stats',
  config: proxyStatsConfig,
  shared: minerSide,
  check: ({ alerts }) => checkAlerts(alerts),
  start: startProxyStats,
});
