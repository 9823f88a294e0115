import { exponentAtMost, leBytesToTarget } from '../../protocols/bitcoin/target.ts';
import { fieldText, LINK_STATES } from '../../protocols/stats/messages.ts';
import type { RoleContext } from '../../runtime/lifecycle.ts';
import type { PoolView } from '../../services/mining-client/client.ts';
import { openStatsClient, type StatsClient } from '../../services/stats/client/client.ts';
import { ShareSums } from '../../services/stats/client/share-sums.ts';
import type { TranslatorConfig } from './config.ts';
import { type MinerTeller, TELLS_NOBODY } from './sv1-server/miner-teller.ts';

const MOST = (1n << 64n) - 1n;
const POOLS_MS = 2_000;
/** More do not fit into a message. */
const MAX_POOLS = 16;

/** What the translator is asked for, beside what its miners do. */
interface Parts {
  /** The link to the pool, in words; those that begin with "waiting" are trouble. */
  link(): string;
  /** Shares that no pool has answered. */
  waiting(): number;
  miners(): number;
  /** Those of the list, in its order. */
  pools(): readonly PoolView[];
}

export interface TranslatorStats {
  readonly teller: (remote: string) => MinerTeller;
  close(): Promise<void>;
}

/** Reports to the stats service that the config names; nothing where it names none. */
export function openTranslatorStats(
  { config, log }: Pick<RoleContext<TranslatorConfig, unknown>, 'config' | 'log'>,
  { link, waiting, miners, pools }: Parts,
): TranslatorStats {
  if (config.stats.stats_server_address === undefined) {
    return { teller: () => TELLS_NOBODY, close: async () => undefined };
  }
  const sharesPerMinute = BigInt(config.downstream_difficulty_config.shares_per_minute);
  const sums = new ShareSums('proxy');
  const client = openStatsClient({
    role: 'translator',
    config: config.stats,
    log,
    gathered: () => sums.take(),
    health() {
      const words = link();
      const silent = pools().find(({ isUsed, state }) => isUsed && state === 'failing');
      const state = silent || words.startsWith('waiting') ? 'failing' : 'ok';
      const why = silent ? `${silent.name} ${silent.why}` : words;
      const links = [{ name: 'pool', state, why }] as const;
      return { status: words, openConnections: miners(), outboxDepth: waiting(), links };
    },
  });
  const stopTelling = tellPools(client, pools);
  let last = 0;
  return {
    teller: (remote) => new Teller({ id: ++last, remote, client, sums, sharesPerMinute }),
    async close() {
      stopTelling();
      await client.close();
    },
  };
}

/** Tells how the pools are whenever that has changed; returns what ends it. */
function tellPools(client: StatsClient, pools: Parts['pools']): () => void {
  let told = '';
  const tell = (): void => {
    const views = pools();
    const key = JSON.stringify(views);
    if (key === told) return;
    told = key;
    const wall = (time: number) => BigInt(Math.round(performance.timeOrigin + time));
    client.send({
      name: 'UpstreamStates',
      at: BigInt(Date.now()),
      upstreams: views.slice(0, MAX_POOLS).map(({ name, isUsed, state, why, since, failure }) => ({
        name: fieldText(name),
        is_used: isUsed ? 1 : 0,
        state: LINK_STATES.indexOf(state),
        since: wall(since),
        why: fieldText(why),
        failed_at: failure ? wall(failure.at) : 0n,
        failure: fieldText(failure?.why ?? ''),
      })),
    });
  };
  const timer = setInterval(tell, POOLS_MS);
  tell();
  return () => clearInterval(timer);
}

interface TellerParts {
  readonly id: number;
  readonly remote: string;
  readonly client: StatsClient;
  readonly sums: ShareSums;
  /** What the pool's difficulty aims at. */
  readonly sharesPerMinute: bigint;
}

/** One miner's connection, as it is reported. */
class Teller implements MinerTeller {
  readonly #parts: TellerParts;
  #isTold = false;
  #difficulty: { readonly targetLe: Uint8Array; readonly bits: number } | undefined;

  constructor(parts: TellerParts) {
    this.#parts = parts;
  }

  authorized(username: string, software: string): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#parts.client.send({
      name: 'MinerConnected',
      at: BigInt(Date.now()),
      miner_id: this.#parts.id,
      address: fieldText(this.#parts.remote),
      software: fieldText(software),
      worker: fieldText(username),
    });
  }

  accepted(username: string, targetLe: Uint8Array, ms: number): void {
    const source = { connection: this.#parts.id, channel: 0, worker: username };
    // Shares are hashed by the pool: here it is known that they meet their target, and no more.
    const share = { at: Date.now(), difficulty: this.#bitsOf(targetLe), hashLe: targetLe, ms };
    this.#parts.sums.accepted(source, share);
    this.#flushFull();
  }

  rejected(username: string, reason: string): void {
    const source = { connection: this.#parts.id, channel: 0, worker: username };
    this.#parts.sums.rejected(source, Date.now(), reason.replaceAll('_', '-'));
    this.#flushFull();
  }

  gone(): void {
    if (!this.#isTold) return;
    for (const event of this.#parts.sums.take()) this.#parts.client.send(event);
    this.#parts.client.send({ name: 'MinerDisconnected', at: BigInt(Date.now()), miner_id: this.#parts.id });
  }

  /** The exponent of a job's target; it changes seldom, and its bytes are the same array until then. */
  #bitsOf(targetLe: Uint8Array): number {
    if (this.#difficulty?.targetLe === targetLe) return this.#difficulty.bits;
    const bits = exponentAtMost(leBytesToTarget(targetLe));
    const isNews = this.#difficulty?.bits !== bits;
    this.#difficulty = { targetLe, bits };
    if (!isNews) return bits;
    // What the difficulty is meant for.
    const hashrate = (this.#parts.sharesPerMinute << BigInt(bits)) / 60n;
    this.#parts.client.send({
      name: 'MinerHashrateUpdate',
      at: BigInt(Date.now()),
      miner_id: this.#parts.id,
      difficulty: bits,
      hashrate: hashrate < MOST ? hashrate : MOST,
    });
    return bits;
  }

  #flushFull(): void {
    if (this.#parts.sums.isFull) for (const event of this.#parts.sums.take()) this.#parts.client.send(event);
  }
}
