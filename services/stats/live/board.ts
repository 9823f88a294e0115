import { luckOf, workOfShares } from '../../../domain/stats/hashrate.ts';
import { reversed, toHex } from '../../../protocols/bytes.ts';
import {
  CHANNEL_KINDS,
  type OpenStats,
  type StatsMessage,
  type StatsMessageOf,
} from '../../../protocols/stats/messages.ts';
import { knownReason } from '../api/reject-words.ts';
import type { Stats } from '../api/schemas/stats.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { blockNews, ChainBoard } from './chain-board.ts';
import type { EventLog } from './events.ts';
import { judgeMiner, type KnownMiner, type KnownMiners, noteShares, rowOf } from './known-miners.ts';
import type { Recorder } from './recorder.ts';
import { Reports, type RoleReport } from './reports.ts';
import { type LiveWorker, LiveWorkers } from './workers.ts';

/** Clients whose address and software are kept. */
const MAX_CONNECTIONS = 50_000;
/** A role's clock may be this far ahead of ours before its times are not believed, in ms. */
const MAX_AHEAD_MS = 10_000;

/** The role that sees all shares of a side: while it reports, what it does not tell of was not. */
const SHARE_ROLE = { pool: 'pool', proxy: 'translator' } as const;

export interface BoardParts {
  readonly side: 'pool' | 'proxy';
  readonly network: string;
  readonly recorder: Recorder;
  readonly miners: KnownMiners;
  readonly events: EventLog;
  /** Unix ms. */
  readonly clock: () => number;
  readonly metrics: Pick<Metrics, 'observe' | 'rejected'>;
}

/** The state of a side, as its roles' messages make it. */
export class Board {
  readonly reports = new Reports();
  readonly workers = new LiveWorkers();
  readonly chain: ChainBoard;
  readonly #parts: BoardParts;
  readonly #connections = new Map<number, { address: string; software: string }>();
  #ledger: Stats['ledger'] = null;
  #lastShareAt: number | undefined;

  constructor(parts: BoardParts) {
    this.#parts = parts;
    this.chain = new ChainBoard(parts.network);
  }

  get ledger(): Stats['ledger'] {
    return this.#ledger;
  }

  /** Whether the role that sees all shares reports. */
  get isSeeing(): boolean {
    return this.reports.of(SHARE_ROLE[this.#parts.side])?.connected === true;
  }

  /** Clients of the share role that are connected. */
  get connections(): number {
    return this.#connections.size;
  }

  get lastShareAt(): number | undefined {
    return this.#lastShareAt;
  }

  /** A role has opened its connection: what was open on it is forgotten, and it tells again. */
  opened(open: OpenStats): RoleReport {
    const { clock, side, events } = this.#parts;
    const before = this.reports.of(open.role);
    const instance = toHex(open.instance);
    if (before && before.instance !== instance) {
      events.add({
        kind: 'role-restarted',
        severity: 'info',
        subject: open.role,
        text: `${open.role} was started again`,
      });
    }
    if (open.role === SHARE_ROLE[side]) this.#forgetOpen();
    return this.reports.opened(open, instance, clock());
  }

  closed(report: RoleReport): void {
    const { clock, side } = this.#parts;
    this.reports.closed(report, clock());
    if (report.role === SHARE_ROLE[side]) this.#forgetOpen();
  }

  /** Takes a message of a role that has opened its connection. */
  take(report: RoleReport, message: StatsMessage): void {
    switch (message.name) {
      case 'ProcessHealth':
        this.reports.health(report, message);
        if (report.role === SHARE_ROLE[this.#parts.side]) this.#parts.recorder.known(this.#at(message));
        break;
      case 'EventsLost':
        report.lost += message.count;
        this.#parts.recorder.lost(message.count, Number(message.last_at));
        break;
      case 'DownstreamConnected':
        this.#connected(message);
        break;
      case 'DownstreamDisconnected':
        this.#connections.delete(message.downstream_id);
        for (const worker of this.workers.take(message.downstream_id)) this.#gone(worker);
        break;
      case 'ChannelOpened':
        this.#channelOpened(message);
        break;
      case 'ChannelClosed':
        this.#gone(this.workers.close(message.downstream_id, message.channel_id));
        break;
      case 'MinerConnected':
        this.#minerConnected(message);
        break;
      case 'MinerDisconnected':
        this.#connections.delete(message.miner_id);
        this.#gone(this.workers.close(message.miner_id, 0));
        break;
      case 'MinerHashrateUpdate': {
        const worker = this.workers.of(message.miner_id, 0);
        if (worker) this.#difficulty(worker, message.difficulty);
        break;
      }
      case 'ShareSubmitted':
        this.#accepted(message, this.workers.of(message.downstream_id, message.channel_id));
        break;
      case 'MinerShareSubmitted':
        this.#accepted(message, this.workers.of(message.miner_id, 0));
        break;
      case 'ShareRejected':
        this.#rejected(message, this.workers.of(message.downstream_id, message.channel_id));
        break;
      case 'MinerShareRejected':
        this.#rejected(message, this.workers.of(message.miner_id, 0));
        break;
      default:
        this.#takeOfPool(message);
    }
  }

  /** Looks at each miner's state; to be called every few seconds. */
  judge(): void {
    const { miners, clock, events } = this.#parts;
    const now = clock();
    for (const miner of miners.all) {
      const state = judgeMiner(miner, now);
      if (state === miner.state) continue;
      const before = miner.state;
      miner.state = state;
      miner.stateSince = now;
      const words = { ok: 'is well', low: 'is below 70 % of its own day', offline: 'is offline' }[state];
      if (before === 'offline' && state === 'ok') continue;
      events.add({
        kind: `miner-${state}`,
        severity: state === 'ok' ? 'info' : 'warning',
        subject: miner.name,
        miner_id: miner.id,
        text: `${miner.name} ${words}`,
      });
    }
  }

  #takeOfPool(message: StatsMessage): void {
    const { recorder, metrics, events } = this.#parts;
    switch (message.name) {
      case 'QuoteCreated':
        recorder.created(this.#at(message), message.count, message.amount);
        break;
      case 'QuoteAcknowledged':
        recorder.acknowledged(this.#at(message), message.count, message.refused, message.delay_ms);
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
      case 'BlockFound':
        this.#blockFound(message);
        break;
      case 'BlockInChain':
      case 'BlockConfirmed':
      case 'BlockOrphaned': {
        const news = blockNews(message);
        recorder.block(news);
        const words = {
          sent: '',
          found: 'is in the chain',
          confirmed: 'is confirmed',
          orphaned: 'is orphaned',
        };
        events.add({
          kind: `block-${news.state}`,
          severity: news.state === 'orphaned' ? 'warning' : 'info',
          subject: news.hash,
          text: `block ${message.height} ${words[news.state]}`,
        });
        break;
      }
    }
  }

  #connected({ downstream_id, address, software }: StatsMessageOf<'DownstreamConnected'>): void {
    if (this.#connections.size < MAX_CONNECTIONS) this.#connections.set(downstream_id, { address, software });
  }

  #channelOpened(message: StatsMessageOf<'ChannelOpened'>): void {
    const { downstream_id, channel_id, user_identity, kind, difficulty } = message;
    const { address = '', software = '' } = this.#connections.get(downstream_id) ?? {};
    this.#open({
      kind: CHANNEL_KINDS[kind] ?? 'extended',
      connection: downstream_id,
      channel: channel_id,
      identity: user_identity,
      address,
      software,
      connectedAt: Number(message.at),
      difficulty,
    });
  }

  #minerConnected(message: StatsMessageOf<'MinerConnected'>): void {
    const { miner_id, address, software, worker } = message;
    this.#connected({ ...message, name: 'DownstreamConnected', downstream_id: miner_id, flags: 0 });
    this.#open({
      kind: 'sv1',
      connection: miner_id,
      channel: 0,
      identity: worker,
      address,
      software,
      connectedAt: Number(message.at),
      difficulty: 0,
    });
  }

  #open(
    opened: Omit<LiveWorker, 'miners' | 'name' | 'accepted' | 'rejected' | 'work' | 'lastShareAt'>,
  ): void {
    this.#gone(this.workers.close(opened.connection, opened.channel));
    const none = { accepted: 0, rejected: 0, work: 0n, lastShareAt: undefined };
    const worker = { ...opened, name: opened.identity, miners: new Map<string, KnownMiner>(), ...none };
    if (this.workers.open(worker)) this.#minerOf(worker, '');
  }

  /** The miner whose shares come on a channel under a worker's name. */
  #minerOf(worker: LiveWorker, workerName: string): KnownMiner | undefined {
    const known = worker.miners.get(workerName);
    if (known) return known;
    const { miners, clock } = this.#parts;
    const name = minerName(worker, workerName);
    if (name === '') return undefined;
    // A channel that names its machines is theirs, and not another one beside them.
    const placeholder = worker.miners.get('');
    if (placeholder && workerName !== '' && placeholder.lastShareAt === undefined) this.#leave(worker, '');
    const now = clock();
    const miner = miners.named(name, now);
    if (!miner) return undefined;
    worker.miners.set(workerName, miner);
    worker.name = name;
    if (miner.workers === 0) miner.connectedSince = now;
    miner.workers++;
    miner.lastSeen = now;
    miner.software = worker.software;
    miner.address = worker.address;
    miner.difficulty = worker.difficulty;
    return miner;
  }

  #leave(worker: LiveWorker, workerName: string): void {
    const { miners, recorder, clock } = this.#parts;
    const miner = worker.miners.get(workerName);
    if (!miner) return;
    worker.miners.delete(workerName);
    miner.workers = Math.max(0, miner.workers - 1);
    miner.lastSeen = clock();
    if (miner.workers > 0) return;
    miner.difficulty = undefined;
    if (miner.lastShareAt === undefined) miners.forget(miner);
    else recorder.miner(rowOf(miner));
  }

  #gone(worker: LiveWorker | undefined): void {
    for (const name of worker ? [...worker.miners.keys()] : []) if (worker) this.#leave(worker, name);
  }

  #forgetOpen(): void {
    this.#connections.clear();
    for (const worker of this.workers.take()) this.#gone(worker);
  }

  #difficulty(worker: LiveWorker, difficulty: number): void {
    worker.difficulty = difficulty;
    for (const miner of worker.miners.values()) miner.difficulty = difficulty;
  }

  #accepted(
    message: StatsMessageOf<'ShareSubmitted' | 'MinerShareSubmitted'>,
    worker: LiveWorker | undefined,
  ): void {
    const { recorder, metrics } = this.#parts;
    const { count, difficulty, best_hash, slowest_us } = message;
    const at = this.#at(message);
    const work = workOfShares(difficulty, count);
    const miner = worker && this.#minerOf(worker, message.worker);
    recorder.accepted(at, miner?.id ?? 0, work);
    metrics.observe('share', slowest_us / 1e6, count);
    this.#lastShareAt = Math.max(this.#lastShareAt ?? 0, at);
    if (miner) {
      noteShares(miner, at, work, luckOf(best_hash));
      recorder.miner(rowOf(miner));
    }
    if (!worker) return;
    worker.accepted += count;
    worker.work += work.work;
    worker.lastShareAt = at;
    if (worker.difficulty !== difficulty) this.#difficulty(worker, difficulty);
  }

  #rejected(
    message: StatsMessageOf<'ShareRejected' | 'MinerShareRejected'>,
    worker: LiveWorker | undefined,
  ): void {
    const { recorder, metrics } = this.#parts;
    const miner = worker && this.#senderOf(worker, message.worker);
    const reason = knownReason(message.error_code);
    metrics.rejected(reason, message.count);
    // Only who has a row may be counted in others' tables.
    const minerId = miner?.lastShareAt === undefined ? 0 : miner.id;
    recorder.rejected(this.#at(message), minerId, message.count, reason);
    miner?.recentRejects.add(this.#at(message), workOfShares(0, message.count));
    if (worker) worker.rejected += message.count;
  }

  /** A pool names nobody with a share that it rejects: it is the channel's own miner's, where there is one alone. */
  #senderOf(worker: LiveWorker, workerName: string): KnownMiner | undefined {
    const [only, ...others] = worker.miners.values();
    if (workerName === '' && others.length === 0 && only) return only;
    return this.#minerOf(worker, workerName);
  }

  #blockFound(message: StatsMessageOf<'BlockFound'>): void {
    const { recorder, events } = this.#parts;
    const worker = this.workers.of(message.downstream_id, message.channel_id);
    const miner = worker && this.#minerOf(worker, message.worker);
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

  /** When something was: nothing is in the future, whatever a role's clock says. */
  #at({ at }: { readonly at: bigint }): number {
    const now = this.#parts.clock();
    const told = Number(at);
    return told > now + MAX_AHEAD_MS ? now : told;
  }
}

/** A channel's identity and the machine that a share names: at the proxy a worker's name is whole. */
function minerName({ kind, identity }: LiveWorker, workerName: string): string {
  if (kind === 'sv1') return workerName || identity;
  return workerName === '' ? identity : `${identity}.${workerName}`;
}
