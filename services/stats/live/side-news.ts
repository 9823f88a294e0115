import { reversed, toHex } from '../../../protocols/bytes.ts';
import { LINK_STATES, type StatsMessage, type StatsMessageOf } from '../../../protocols/stats/messages.ts';
import type { Declarations } from '../api/schemas/declarations.ts';
import type { Stats } from '../api/schemas/stats.ts';
import type { Upstreams } from '../api/schemas/upstreams.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { blockNews, ChainBoard } from './chain-board.ts';
import { EpochBoard } from './epoch-board.ts';
import type { EventLog } from './events.ts';
import type { KnownMiner } from './known-miners.ts';
import type { Recorder } from './recorder.ts';

interface Parts {
  readonly network: string;
  readonly recorder: Recorder;
  readonly events: EventLog;
  readonly metrics: Pick<Metrics, 'observe'>;
  /** When an event was, Unix ms. */
  readonly timeOf: (event: { readonly at: bigint }) => number;
  /** Who found a block. */
  readonly finderOf: (block: StatsMessageOf<'BlockFound'>) => KnownMiner | undefined;
}

const BLOCK_WORDS = {
  sent: '',
  found: 'is in the chain',
  confirmed: 'is confirmed',
  orphaned: 'is orphaned',
};

/** What roles tell besides shares: quotes, books, blocks, jobs, pools to mine for. */
export class SideNews {
  readonly chain: ChainBoard;
  readonly epochs: EpochBoard;
  readonly #parts: Parts;
  #ledger: Stats['ledger'] = null;
  #declarations: Declarations['sums'] = null;
  #ownJobs: Declarations['own'] = null;
  #upstreams: Upstreams['upstreams'] = [];

  constructor(parts: Parts) {
    this.#parts = parts;
    this.chain = new ChainBoard(parts.network);
    this.epochs = new EpochBoard(parts.events);
  }

  /** The mint's books, as it told them last. */
  get ledger(): Stats['ledger'] {
    return this.#ledger;
  }

  /** The pools of the translator's list. */
  get upstreams(): Upstreams['upstreams'] {
    return this.#upstreams;
  }

  /** What the jd-server's process has done, as it told last. */
  get declarations(): Declarations['sums'] {
    return this.#declarations;
  }

  /** What the jd-client's process has done, as it told last. */
  get ownJobs(): Declarations['own'] {
    return this.#ownJobs;
  }

  take(message: StatsMessage): void {
    const { recorder, metrics, timeOf } = this.#parts;
    switch (message.name) {
      case 'QuoteCreated':
        recorder.created(timeOf(message), message.count, message.amount);
        break;
      case 'QuoteAcknowledged':
        recorder.acknowledged(timeOf(message), message.count, message.refused, message.delay_ms);
        metrics.observe('quote', message.delay_ms / 1000, message.count);
        break;
      case 'TemplateReceived':
        this.chain.template(message);
        if (message.job_delay_us > 0) metrics.observe('job', message.job_delay_us / 1e6, 1);
        break;
      case 'ChainTip':
        this.chain.chainTip(message);
        break;
      case 'LedgerSums':
        this.#ledger = {
          as_of: Number(message.at),
          quotes: String(message.quotes),
          ehash_total: String(message.ehash_total),
          ehash_waiting: String(message.ehash_waiting),
          ehash_issued: String(message.ehash_issued),
        };
        break;
      case 'EpochState':
        this.epochs.epoch(message);
        break;
      case 'SatSums':
        this.epochs.standing(message);
        break;
      case 'ReportSums':
        this.epochs.reported(message);
        break;
      case 'UpstreamStates':
        this.#upstreams = upstreamsOf(message);
        break;
      case 'DeclarationSums':
        this.#declarations = declarationSums(message);
        break;
      case 'OwnJobSums':
        this.#ownJobs = ownJobSums(message);
        break;
      case 'BlockFound':
        this.#blockFound(message);
        break;
      case 'BlockInChain':
      case 'BlockConfirmed':
      case 'BlockOrphaned':
        this.#blockMoved(message);
        break;
    }
  }

  #blockFound(message: StatsMessageOf<'BlockFound'>): void {
    const { recorder, events, finderOf } = this.#parts;
    const miner = finderOf(message);
    const hash = toHex(reversed(message.block_hash));
    recorder.block({ hash, state: 'sent', foundAt: Number(message.at), minerId: miner?.id });
    events.add({
      kind: 'block-sent',
      severity: 'info',
      subject: hash,
      ...(miner ? { miner_id: miner.id } : {}),
      text: `${miner?.name || 'a miner'} found a block; it was handed to the node`,
    });
  }

  #blockMoved(message: StatsMessageOf<'BlockInChain' | 'BlockConfirmed' | 'BlockOrphaned'>): void {
    const { recorder, events } = this.#parts;
    const news = blockNews(message);
    recorder.block(news);
    events.add({
      kind: `block-${news.state}`,
      severity: news.state === 'orphaned' ? 'warning' : 'info',
      subject: news.hash,
      text: `block ${message.height} ${BLOCK_WORDS[news.state]}`,
    });
  }
}

function upstreamsOf({ upstreams }: StatsMessageOf<'UpstreamStates'>): Upstreams['upstreams'] {
  return upstreams.map(({ name, is_used, state, since, why, failed_at, failure }) => ({
    name,
    in_use: is_used === 1,
    state: LINK_STATES[state] ?? 'unknown',
    since: Number(since),
    why,
    failed_at: failed_at === 0n ? null : Number(failed_at),
    failure,
  }));
}

function declarationSums(message: StatsMessageOf<'DeclarationSums'>): Declarations['sums'] {
  const { at, clients, tokens, declared, solutions, refused } = message;
  return {
    at: Number(at),
    clients,
    tokens: String(tokens),
    declared: String(declared),
    solutions: String(solutions),
    refused: refused.map(({ reason, count }) => ({ reason, count: String(count) })),
  };
}

function ownJobSums(message: StatsMessageOf<'OwnJobSums'>): Declarations['own'] {
  const { at, pools, made, accepted, refused, shares_waiting, blocks, blocks_unseen } = message;
  return {
    at: Number(at),
    pools: pools.map(({ name, is_used, state, why }) => ({
      name,
      in_use: is_used === 1,
      state: LINK_STATES[state] ?? 'unknown',
      why,
    })),
    made: String(made),
    accepted: String(accepted),
    refused: refused.map(({ reason, count }) => ({ reason, count: String(count) })),
    shares: {
      accepted: String(message.shares_accepted),
      refused: String(message.shares_refused),
      lost: String(message.shares_lost),
      waiting: shares_waiting,
    },
    blocks: String(blocks),
    blocks_unseen,
  };
}
