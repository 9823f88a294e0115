import type { FastifyInstance } from 'fastify';
import type { Logger } from '../../../runtime/logs.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { ApiContext } from './context.ts';
import { openHttp } from './http.ts';
import { LiveFeed } from './live.ts';
import { documentRoutes } from './openapi.ts';
import { blocksRoute } from './routes/blocks.ts';
import { declarationsRoute } from './routes/declarations.ts';
import { epochsRoute } from './routes/epochs.ts';
import { eventsRoute } from './routes/events.ts';
import { hashrateRoute } from './routes/hashrate.ts';
import { healthRoutes } from './routes/health.ts';
import { jobRoute } from './routes/job.ts';
import { leaderboardRoute } from './routes/leaderboard.ts';
import { MinerWindows } from './routes/miner-views.ts';
import { minersRoutes } from './routes/miners.ts';
import { quotesRoute } from './routes/quotes.ts';
import { rejectedRoute } from './routes/rejected.ts';
import { servicesRoute } from './routes/services.ts';
import { statsRoute } from './routes/stats.ts';
import { upstreamsRoute } from './routes/upstreams.ts';
import { workersRoute } from './routes/workers.ts';

interface ApiParts {
  readonly log: Logger;
  readonly metrics: Metrics;
  addRoutes(http: FastifyInstance, context: ApiContext): void;
}

/** All that a stats service answers over HTTP. */
export function openApi(context: ApiContext, { log, metrics, addRoutes }: ApiParts) {
  const http = openHttp(log);
  const windows = new MinerWindows(context);
  documentRoutes(http, `Hashpool ${context.side} API`);
  statsRoute(http, context);
  hashrateRoute(http, context);
  minersRoutes(http, context, windows);
  workersRoute(http, context);
  blocksRoute(http, context);
  epochsRoute(http, context);
  quotesRoute(http, context);
  rejectedRoute(http, context);
  leaderboardRoute(http, context, windows);
  servicesRoute(http, context);
  jobRoute(http, context);
  declarationsRoute(http, context);
  upstreamsRoute(http, context);
  eventsRoute(http, context);
  healthRoutes(http, context);
  metrics.watch(context);
  http.get('/metrics', { schema: { summary: 'For Prometheus' } }, async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.text()),
  );
  const live = new LiveFeed(http, context, log);
  addRoutes(http, context);
  return {
    listen: (host: string, port: number) => http.listen({ host, port }),
    async close(): Promise<void> {
      live.close();
      await http.close();
    },
  };
}
