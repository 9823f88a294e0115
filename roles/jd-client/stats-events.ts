import {
  FIRST_OWN_CONNECTION,
  fieldText,
  LINK_STATES,
  type LinkState,
  type StatsMessageOf,
} from '../../protocols/stats/messages.ts';
import type { RoleContext } from '../../runtime/lifecycle.ts';
import { VENDOR } from '../../runtime/sv2/setup.ts';
import { connectionEvents } from '../../services/mining-server/connection-events.ts';
import type { MiningEvents } from '../../services/mining-server/house.ts';
import { openStatsClient, type StatsClient } from '../../services/stats/client/client.ts';
import { ShareSums } from '../../services/stats/client/share-sums.ts';
import type { Blocks } from './blocks/blocks.ts';
import type { JdClientConfig } from './config.ts';
import type { JobCounts } from './job-counts.ts';
import type { PassingDesk } from './share-desk.ts';
import type { PoolStanding } from './takers.ts';

const SUMS_MS = 2_000;
/** More do not fit into a message. */
const MAX_POOLS = 16;

/** How the role is, beside its miners. */
export interface StatsView {
  /** In words. */
  text(): string;
  /** Whether anybody pays for shares, and why not. */
  pay(): { readonly state: LinkState; readonly why: string };
  /** Channels that are open. */
  channels(): number;
  pools(): readonly PoolStanding[];
  readonly jobs: JobCounts;
  readonly desk: Pick<PassingDesk, 'counts' | 'size'>;
  readonly blocks: Pick<Blocks, 'found' | 'unseen'>;
}

export interface JdClientStats {
  /** What miners do, to be hung on their server. */
  readonly mining: Omit<MiningEvents, 'onBlock'>;
  /** Tells of the role too, from now on. */
  show(view: StatsView): void;
  close(): Promise<void>;
}

/** Reports to the stats service that the config names; nothing where it names none. */
export function openJdClientStats({
  config,
  log,
}: Pick<RoleContext<JdClientConfig, unknown>, 'config' | 'log'>): JdClientStats {
  let view: StatsView | undefined;
  const sums = new ShareSums('pool');
  const client = openStatsClient({
    role: 'jd-client',
    config: config.stats,
    log,
    gathered: () => sums.take(),
    health() {
      const status = view?.text() ?? 'starting';
      const links = view ? [{ name: 'pool', ...view.pay() }] : [];
      const { channels, desk } = view ?? {};
      return { status, openConnections: channels?.() ?? 0, outboxDepth: desk?.size ?? 0, links };
    },
  });
  let told = '';
  const tell = (): void => {
    if (!view) return;
    const sums = ownJobSums(view);
    const key = JSON.stringify(sums, (_, value) => (typeof value === 'bigint' ? String(value) : value));
    if (key === told) return;
    told = key;
    client.send({ name: 'OwnJobSums', at: BigInt(Date.now()), ...sums });
  };
  const timer = setInterval(tell, SUMS_MS);
  return {
    mining: miningEvents(client, sums),
    show(shown) {
      view = shown;
      tell();
    },
    async close() {
      clearInterval(timer);
      tell();
      await client.close();
    },
  };
}

/** Tells of miners that connect by themselves: those of a translator it tells of itself. */
function miningEvents(client: StatsClient, sums: ShareSums): JdClientStats['mining'] {
  const direct = new Set<number>();
  const connections = connectionEvents(client, FIRST_OWN_CONNECTION);
  const flushFull = (): void => {
    if (sums.isFull) for (const event of sums.take()) client.send(event);
  };
  return {
    onConnected(connection, remote, setup) {
      if (setup.vendor === VENDOR) return;
      direct.add(connection);
      connections.onConnected(connection, remote, setup);
    },
    onDisconnected(connection) {
      if (direct.delete(connection)) connections.onDisconnected(connection);
    },
    onChannelOpened(connection, channel) {
      if (direct.has(connection)) connections.onChannelOpened(connection, channel);
    },
    onChannelClosed(connection, channel) {
      if (direct.has(connection)) connections.onChannelClosed(connection, channel);
    },
    onAccepted(connection, { channel, worker = '', k, since }, { hashLe }) {
      if (!direct.has(connection)) return;
      const source = { connection: FIRST_OWN_CONNECTION + connection, channel: channel.id, worker };
      const ms = performance.now() - since;
      sums.accepted(source, { at: Date.now(), difficulty: k, hashLe, ms });
      flushFull();
    },
    onRejected(error, connection, channel) {
      if (!direct.has(connection)) return;
      const source = { connection: FIRST_OWN_CONNECTION + connection, channel, worker: '' };
      sums.rejected(source, Date.now(), error);
      flushFull();
    },
  };
}

function ownJobSums({
  pools,
  jobs,
  desk,
  blocks,
}: StatsView): Omit<StatsMessageOf<'OwnJobSums'>, 'name' | 'at'> {
  return {
    pools: pools()
      .slice(0, MAX_POOLS)
      .map(({ name, isUsed, state, why }) => ({
        name: fieldText(name),
        is_used: isUsed ? 1 : 0,
        state: LINK_STATES.indexOf(state),
        why: fieldText(why),
      })),
    made: BigInt(jobs.made),
    accepted: BigInt(jobs.accepted),
    refused: [...jobs.refused].map(([reason, count]) => ({
      reason: fieldText(reason),
      count: BigInt(count),
    })),
    shares_accepted: BigInt(desk.counts.accepted),
    shares_refused: BigInt(desk.counts.refused),
    shares_lost: BigInt(desk.counts.lost),
    shares_waiting: desk.size,
    blocks: BigInt(blocks.found),
    blocks_unseen: blocks.unseen,
  };
}
