import { runRole } from '../../runtime/lifecycle.ts';
import { poolSide } from '../../services/shared-config/pool-side.ts';
import { checkAlerts } from '../../services/stats/alerts/config.ts';
import { poolStatsConfig } from './config.ts';
import { startPoolStats } from './start.ts';

/** What the server side is doing, for people and programs: dashboard, API, health, metrics. */
await runRole({
  name: 'pool-stats',
  config: poolStatsConfig,
  shared: poolSide,
  check: ({ alerts }) => checkAlerts(alerts),
  start: startPoolStats,
});
