import { randomBytes } from 'node:crypto';
import project from '../../../package.json' with { type: 'json' };
import { messageOf } from '../../../protocols/errors.ts';
import { INSTANCE_BYTES, STATS_VERSION, type StatsMessage } from '../../../protocols/stats/messages.ts';
import { hostAndPort } from '../../../runtime/config/address.ts';
import type { Logger } from '../../../runtime/logs.ts';
import { reconnecting } from '../../../runtime/sv2/reconnect.ts';
import type { StatsClientConfig } from '../config.ts';
import { openStatsConnection, type StatsConnection } from './connection.ts';
import { EventQueue } from './event-queue.ts';
import { processHealth, type RoleHealth } from './process-health.ts';

const HEALTH_MS = 2_000;
const FLUSH_MS = 250;
/** A service that is back is to know of it soon. */
const BACKOFF = { firstMs: 250, maxMs: 3_000, steadyMs: 2_000 };
/** Bytes that may wait for a service that reads slowly; the events behind them wait here. */
const MAX_QUEUED_BYTES = 1024 * 1024;

export interface StatsClientOptions {
  readonly role: string;
  readonly config: StatsClientConfig;
  /** How the role is. */
  health(): RoleHealth;
  /** Events that were summed since the last call. */
  gathered?(): readonly StatsMessage[];
  readonly log: Logger;
}

/** What a role tells its stats service by. */
export interface StatsClient {
  /** Never waits, never throws; without a stats service it does nothing. */
  send(event: StatsMessage): void;
  /** Sends what waits, where the service is there; what it does not take is gone. */
  close(): Promise<void>;
}

/** Reports to the stats service that the config names, and to none where it names none. */
export function openStatsClient(options: StatsClientOptions): StatsClient {
  const { stats_server_address: address } = options.config;
  if (address === undefined) return { send: () => undefined, close: async () => undefined };
  return new ReportingClient(options, hostAndPort(address));
}

class ReportingClient implements StatsClient {
  readonly #options: StatsClientOptions;
  readonly #queue: EventQueue;
  readonly #stopping = new AbortController();
  readonly #ended: Promise<void>;
  readonly #process = processHealth();
  readonly #timers: NodeJS.Timeout[];
  readonly #instance = randomBytes(INSTANCE_BYTES);
  readonly #startedAt = Date.now();
  #connection: StatsConnection | undefined;
  /** Number of the last event that this connection has had, or was told to be lost. */
  #told = 0;
  /** Number of the last event that was on a service's disk. */
  #safeSeq = 0;

  constructor(options: StatsClientOptions, server: { host: string; port: number }) {
    this.#options = options;
    this.#queue = new EventQueue(options.config.buffer_events);
    this.#timers = [setInterval(() => this.#flush(), FLUSH_MS), setInterval(() => this.#look(), HEALTH_MS)];
    this.#look();
    const open = {
      name: 'OpenStats' as const,
      version: STATS_VERSION,
      role: options.role,
      instance: this.#instance,
      started_at: BigInt(this.#startedAt),
      software: project.version,
    };
    this.#ended = reconnecting({
      name: 'stats service',
      log: options.log,
      signal: this.#stopping.signal,
      backoff: BACKOFF,
      connect: (signal) => openStatsConnection(server, open, signal),
      onConnected: (connection) => this.#begin(connection),
    });
  }

  send(event: StatsMessage): void {
    this.#queue.add(event);
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#flush();
    this.#process.close();
    this.#stopping.abort();
    await this.#ended;
  }

  #look(): void {
    this.send(this.#process.look(this.#options.health(), Date.now()));
  }

  #begin(connection: StatsConnection): void {
    this.#safe(connection.taken);
    this.#told = this.#safeSeq;
    for (const event of this.#queue.open) connection.send(event);
    connection.send({ name: 'EventsFollow', first_seq: BigInt(this.#told + 1) });
    connection.onTaken = (taken) => this.#safe(taken);
    connection.onRoom = () => this.#flush();
    void connection.closed.then(() => {
      if (this.#connection === connection) this.#connection = undefined;
    });
    this.#connection = connection;
    this.#flush();
  }

  /** A service has these on its disk, be it one that has lost its disk since. */
  #safe(seq: number): void {
    this.#safeSeq = Math.max(this.#safeSeq, seq);
    this.#queue.taken(this.#safeSeq);
  }

  /** Sends what is new, as far as the service keeps up. */
  #flush(): void {
    for (const event of this.#options.gathered?.() ?? []) this.send(event);
    const connection = this.#connection;
    if (!connection) return;
    const lost = this.#queue.firstSeq - 1 - this.#told;
    if (lost > 0) {
      const { first, last } = this.#queue.goneAt;
      connection.send({ name: 'EventsLost', first_at: first, last_at: last, count: BigInt(lost) });
      this.#told += lost;
      this.#queue.told();
    }
    while (this.#told < this.#queue.lastSeq && connection.queued < MAX_QUEUED_BYTES) {
      const event = this.#queue.at(this.#told + 1);
      if (!event) break;
      this.#pass(connection, event);
      this.#told++;
    }
    connection.flush();
  }

  /** An event that can not be written down is some mistake of ours: it is lost, and the role goes on. */
  #pass(connection: StatsConnection, event: StatsMessage): void {
    try {
      connection.send(event);
    } catch (error) {
      const at = BigInt(Date.now());
      this.#options.log.warn({ err: error }, `an event is not told: ${messageOf(error)}`);
      connection.send({ name: 'EventsLost', first_at: at, last_at: at, count: 1n });
    }
  }
}
