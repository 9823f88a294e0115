import {
  address,
  type ConfigOf,
  defaulted,
  flag,
  integer,
  optional,
  path,
  port,
  postgres,
  table,
  text,
} from '../../runtime/config/fields.ts';

/** What a role says of its stats service: in the config of every role that has one. */
export const statsClientConfig = defaulted({
  stats_server_address: optional(
    address('the stats service of this side; left out, nothing is reported, and all else is as with it'),
  ),
  buffer_events: integer('events that wait while the service is away; the oldest go first', {
    min: 100,
    max: 1_000_000,
    default: 50_000,
  }),
});

export type StatsClientConfig = ConfigOf<typeof statsClientConfig>;

/** `[server]` of a stats service. @param ports of events and of HTTP */
export function serverTable(ports: { readonly tcp: number; readonly http: number }) {
  return table({
    listen_host: text('the address that both ports listen on', { default: '127.0.0.1', maxLength: 253 }),
    tcp_port: port('where the roles of this side send their events', { default: ports.tcp }),
    http_port: port('dashboard, API, health and metrics', { default: ports.http }),
    db_path: path('database of the time series', { default: 'stats.sqlite' }),
    database: optional(postgres('a PostgreSQL database instead; db_path does not count then')),
  });
}

/** `[public]` */
export const publicTable = defaulted({
  redact_names: flag("whether the API shows the beginnings of miners' names alone", { default: false }),
  redact_addresses: flag('whether it shows no addresses of miners', { default: true }),
});

/** `[health]` */
export const healthTable = defaulted({
  min_free_mib: integer('MiB that must be free on the disk; below, health says so', {
    min: 1,
    max: 1_000_000_000,
    default: 1024,
  }),
  pause_free_mib: integer('MiB below which nothing more is recorded, so that the ledgers have what is left', {
    min: 0,
    max: 1_000_000_000,
    default: 256,
  }),
  backup_path: optional(path('the folder that backups are put into; left out, nothing is said of them')),
  backup_max_hours: integer('hours that the newest backup may be old', { min: 1, max: 8760, default: 26 }),
});
