import type { FastifyInstance } from 'fastify';
import type { ApiContext } from './api/context.ts';
import { verdictText } from './api/routes/health.ts';
import type { DashboardAnswer } from './dashboard/routes.ts';

/** `/`: the dashboard for a browser; for anything else `OK`, or the faults in words, with the status of `/health`. */
export function rootRoute(http: FastifyInstance, context: ApiContext, dashboard: DashboardAnswer): void {
  http.get('/', { schema: { hide: true } }, (request, reply) => {
    if (dashboard.isWanted(request)) return dashboard.sendPage(request, reply);
    const { status, text } = verdictText(context);
    return reply
      .code(status)
      .headers({ 'cache-control': 'no-store', vary: 'accept' })
      .type('text/plain; charset=utf-8')
      .send(text);
  });
}
