import { ehashAmount } from '../../protocols/ehash/amount.ts';
import type { RoleContext } from '../../runtime/lifecycle.ts';
import { connectionEvents } from '../../services/mining-server/connection-events.ts';
import type { MiningEvents } from '../../services/mining-server/house.ts';
import type { MiningServer } from '../../services/mining-server/server.ts';
import { openStatsClient, type StatsClient } from '../../services/stats/client/client.ts';
import type { RoleHealth } from '../../services/stats/client/process-health.ts';
import { QuoteClock } from '../../services/stats/client/quote-clock.ts';
import { ShareSums } from '../../services/stats/client/share-sums.ts';
import type { PoolConfig, PoolShared } from './config.ts';
import { jobFacts } from './job-facts.ts';
import type { Outbox } from './outbox/outbox.ts';
import type { QuotePathEvents } from './quote-path.ts';
import type { PoolStatus } from './status.ts';

/** What the pool tells its stats service, hung on what happens; it changes nothing. */
export interface PoolStats {
  readonly mining: Omit<MiningEvents, 'onBlock' | 'onStored' | 'onChannels'>;
  readonly quotes: Pick<QuotePathEvents, 'created' | 'answered' | 'failed'>;
  close(): Promise<void>;
}

interface Parts {
  readonly context: Pick<RoleContext<PoolConfig, PoolShared>, 'config' | 'log'>;
  readonly outbox: Outbox;
  /** How the pool is, beside what is measured here. */
  look(): Pick<RoleHealth, 'status' | 'openConnections' | 'links'>;
}

const NOBODY: PoolStats = {
  mining: {},
  quotes: { created: () => undefined, answered: () => undefined, failed: () => undefined },
  close: async () => undefined,
};

/** Reports to the stats service that the config names; nothing where it names none. */
export function openPoolStats({ context, outbox, look }: Parts): PoolStats {
  const { config, log } = context;
  if (config.stats.stats_server_address === undefined) return NOBODY;
  const sums = new ShareSums('pool');
  const quotes = new QuoteClock(outbox.storedSeq, { last: outbox.lastSeq, at: Date.now() });
  const client = openStatsClient({
    role: 'pool',
    config: config.stats,
    log,
    gathered: () => sums.take(),
    health: () => ({
      ...look(),
      queueDepth: outbox.pending,
      outboxDepth: outbox.lastSeq - outbox.storedSeq,
      oldestUnsentMs: quotes.oldestAt === undefined ? 0 : Date.now() - quotes.oldestAt,
    }),
  });
  const flushFull = () => {
    if (sums.isFull) for (const event of sums.take()) client.send(event);
  };
  return {
    mining: {
      ...connectionEvents(client),
      onAccepted(connection, { channel, worker = '', k, since }, { hashLe, isBlock }) {
        const at = Date.now();
        const source = { connection, channel: channel.id, worker };
        sums.accepted(source, { at, difficulty: k, hashLe, ms: performance.now() - since });
        const { terms } = outbox;
        if (terms) sums.quoted(connection, at, ehashAmount(terms.policy, terms.minimumDifficulty, k, hashLe));
        flushFull();
        if (!isBlock) return;
        const block = { block_hash: hashLe, downstream_id: connection, channel_id: channel.id, worker };
        client.send({ name: 'BlockFound', at: BigInt(at), ...block });
      },
      onRejected(error, connection, channel) {
        sums.rejected({ connection, channel, worker: '' }, Date.now(), error);
        flushFull();
      },
      onWork: (live, ms) => client.send(jobFacts(live, ms, Date.now())),
    },
    quotes: quoteEvents(client, quotes),
    close: () => client.close(),
  };
}

function quoteEvents(client: StatsClient, quotes: QuoteClock): PoolStats['quotes'] {
  return {
    created: (_first, last) => quotes.created(last, Date.now()),
    answered(last) {
      const now = Date.now();
      const { count, delayMs } = quotes.answered(last, now);
      if (count === 0) return;
      client.send({ name: 'QuoteAcknowledged', at: BigInt(now), count, refused: 0, delay_ms: delayMs });
    },
    failed: (refusals) =>
      client.send({
        name: 'QuoteAcknowledged',
        at: BigInt(Date.now()),
        count: 0,
        refused: refusals.length,
        delay_ms: 0,
      }),
  };
}

/** How the pool is, as it is reported. @param blocked why no channel can be opened, or no share taken */
export function poolHealth(
  status: PoolStatus,
  server: MiningServer | undefined,
  blocked: string | undefined,
): Pick<RoleHealth, 'status' | 'openConnections' | 'links'> {
  const link = (name: 'mint' | 'source') => {
    const words = status.of(name);
    const state = words === undefined ? 'unknown' : words.startsWith('waiting') ? 'failing' : 'ok';
    return { name, state, why: words ?? 'not connected yet' } as const;
  };
  const trouble = blocked || status.of('outbox') || status.of('chain') || undefined;
  const work = {
    name: 'work',
    state: trouble ? 'failing' : 'ok',
    why: trouble ?? 'miners have work',
  } as const;
  return {
    status: status.text,
    openConnections: server?.connections ?? 0,
    links: [work, link('mint'), link('source')],
  };
}
