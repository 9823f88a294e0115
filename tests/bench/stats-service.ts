import { statSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { openMetrics } from '../../services/stats/metrics/metrics.ts';
import { openStatsService } from '../../services/stats/service.ts';
import { temporaryFolder } from '../harness/temporary-folder.ts';

/** What the service has used, for who measures it. */
export interface Usage {
  readonly cpuUs: number;
  readonly residentBytes: number;
  readonly databaseBytes: number;
}

/** A stats service as a process of its own, so that its CPU is told from the load's. */
const folder = temporaryFolder();
const place = join(folder, 'stats.sqlite');
const service = await openStatsService({
  side: 'pool',
  network: 'regtest',
  roles: ['pool'],
  host: '127.0.0.1',
  tcpPort: 0,
  httpPort: 0,
  place,
  redact: { names: false, addresses: true },
  disk: { folder, pauseBytes: 0 },
  alerts: { after_sec: 300, to: [] },
  read: (reference) => reference,
  log: pino({ level: 'silent' }),
  clock: Date.now,
  metrics: openMetrics(),
  probes: () => [],
  addRoutes: () => undefined,
});

process.on('message', () => {
  const { user, system } = process.cpuUsage();
  const usage: Usage = {
    cpuUs: user + system,
    residentBytes: process.memoryUsage().rss,
    databaseBytes: statSync(place).size + (statSync(`${place}-wal`, { throwIfNoEntry: false })?.size ?? 0),
  };
  process.send?.(usage);
});
process.once('disconnect', () => void service.close().then(() => process.exit(0)));
process.send?.({ port: service.tcpPort, url: service.url });
