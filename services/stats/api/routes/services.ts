import type { FastifyInstance } from 'fastify';
import type { RoleReport } from '../../live/reports.ts';
import type { ApiContext } from '../context.ts';
import { noQuery } from '../schemas/queries.ts';
import { type ServiceProcess, servicesSchema } from '../schemas/services.ts';

/** How each part is. */
export function servicesRoute(http: FastifyInstance, context: ApiContext): void {
  http.get(
    '/api/services',
    {
      schema: {
        querystring: noQuery,
        response: { 200: servicesSchema },
        summary: 'How each part is: by live probes, and by its own reports',
      },
    },
    () => {
      const { health, board, self, clock } = context;
      return {
        as_of: clock(),
        ok: health.now.ok,
        dependencies: health.now.dependencies,
        processes: board.reports.all.map(view),
        refused_clients: self.refused(),
        storage: self.storage(),
      };
    },
  );
}

function view(report: RoleReport): ServiceProcess {
  const { role, connected, since, startedAt, software, health, cpu, lost } = report;
  return {
    role,
    connected,
    since,
    started_at: startedAt,
    software,
    status: health?.status ?? '',
    event_loop_delay_ms: (health?.loop_delay_us ?? 0) / 1000,
    cpu: cpu ?? null,
    memory_bytes: Number(health?.memory_bytes ?? 0),
    heap_bytes: Number(health?.heap_bytes ?? 0),
    open_connections: health?.open_connections ?? 0,
    queue_depth: health?.queue_depth ?? 0,
    outbox_depth: String(health?.outbox_depth ?? 0),
    oldest_unsent_ms: Number(health?.oldest_unsent_ms ?? 0),
    lost_events: String(lost),
  };
}
