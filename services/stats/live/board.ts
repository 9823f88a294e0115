import { luckOf, workOfShares } from '../../../domain/stats/hashrate.ts';
import { toHex } from '../../../protocols/bytes.ts';
import type { OpenStats, StatsMessage, StatsMessageOf } from '../../../protocols/stats/messages.ts';
import { knownReason } from '../api/reject-words.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { Crowd } from './crowd.ts';
import type { EventLog } from './events.ts';
import { judgeMiner, type KnownMiner, type KnownMiners, noteShares, rowOf } from './known-miners.ts';
import type { Recorder } from './recorder.ts';
import { Reports, type RoleReport } from './reports.ts';
import { SideNews } from './side-news.ts';
import type { LiveWorker } from './workers.ts';

/** A role's clock may be this far ahead of ours before its times are not believed, in ms. */
const MAX_AHEAD_MS = 10_000;

/** In so long a role that has just connected tells who is there, and miners of one that was restarted come back. */
const SETTLE_MS = 5_000;

/** The role that sees all shares of a side: while it reports, what it does not tell of was not. */
const SHARE_ROLE = { pool: 'pool', proxy: 'translator' } as const;

/** Roles that miners connect to; those of a jd-client that mine at the translator are told of by that. */
const CROWD_ROLES: ReadonlySet<string> = new Set(['pool', 'translator', 'jd-client']);

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
  readonly crowd: Crowd;
  readonly news: SideNews;
  readonly #parts: BoardParts;
  #lastShareAt: number | undefined;
  /** When the role that sees all shares has connected, Unix ms. */
  #seeingSince = 0;

  constructor(parts: BoardParts) {
    this.#parts = parts;
    this.crowd = new Crowd(parts);
    this.news = new SideNews({
      ...parts,
      timeOf: (event) => this.#at(event),
      finderOf: ({ downstream_id, channel_id, worker: name }) => {
        const worker = this.crowd.workers.of(downstream_id, channel_id);
        return worker && this.crowd.minerOf(worker, name);
      },
    });
  }

  /** Whether the role that sees all shares reports. */
  get isSeeing(): boolean {
    return this.reports.of(SHARE_ROLE[this.#parts.side])?.connected === true;
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
    if (CROWD_ROLES.has(open.role)) this.crowd.forget(open.role);
    if (open.role === SHARE_ROLE[side]) this.#seeingSince = clock();
    return this.reports.opened(open, instance, clock());
  }

  closed(report: RoleReport): void {
    const { clock } = this.#parts;
    this.reports.closed(report, clock());
    if (CROWD_ROLES.has(report.role)) this.crowd.forget(report.role);
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
        this.crowd.connected(message);
        break;
      case 'DownstreamDisconnected':
        this.crowd.disconnected(message.downstream_id);
        break;
      case 'ChannelOpened':
        this.crowd.channelOpened(message);
        break;
      case 'ChannelClosed':
        this.crowd.channelClosed(message);
        break;
      case 'MinerConnected':
        this.crowd.minerConnected(message);
        break;
      case 'MinerDisconnected':
        this.crowd.disconnected(message.miner_id);
        break;
      case 'MinerHashrateUpdate':
        this.crowd.difficulty(this.crowd.workers.of(message.miner_id, 0), message.difficulty);
        break;
      case 'ShareSubmitted':
        this.#accepted(message, this.crowd.workers.of(message.downstream_id, message.channel_id));
        break;
      case 'MinerShareSubmitted':
        this.#accepted(message, this.crowd.workers.of(message.miner_id, 0));
        break;
      case 'ShareRejected':
        this.#rejected(message, this.crowd.workers.of(message.downstream_id, message.channel_id));
        break;
      case 'MinerShareRejected':
        this.#rejected(message, this.crowd.workers.of(message.miner_id, 0));
        break;
      default:
        this.news.take(message);
    }
  }

  /** Looks at each miner's state; to be called every few seconds. */
  judge(): void {
    const now = this.#parts.clock();
    for (const miner of this.#parts.miners.all) this.#judge(miner, now);
  }

  #judge(miner: KnownMiner, now: number): void {
    const { events, recorder } = this.#parts;
    const state = judgeMiner(miner, now);
    // Who is gone is not known while the role that sees it is away, and until it has told who is there.
    const knowsWhoIsGone = this.isSeeing && now - this.#seeingSince >= SETTLE_MS;
    if (state === miner.state || (state === 'offline' && !knowsWhoIsGone)) return;
    const before = miner.state;
    miner.state = state;
    miner.stateSince = now;
    if (miner.lastShareAt !== undefined) recorder.miner(rowOf(miner));
    const words = { ok: 'is well', low: 'is below 70 % of its own day', offline: 'is offline' }[state];
    if (before === 'offline' && state === 'ok') return;
    events.add({
      kind: `miner-${state}`,
      severity: state === 'ok' ? 'info' : 'warning',
      subject: miner.name,
      miner_id: miner.id,
      text: `${miner.name} ${words}`,
    });
  }

  #accepted(
    message: StatsMessageOf<'ShareSubmitted' | 'MinerShareSubmitted'>,
    worker: LiveWorker | undefined,
  ): void {
    const { recorder, metrics } = this.#parts;
    const { count, difficulty, best_hash, slowest_us } = message;
    const at = this.#at(message);
    const work = workOfShares(difficulty, count);
    const miner = worker && this.crowd.minerOf(worker, message.worker);
    recorder.accepted(at, miner?.id ?? 0, work);
    metrics.observe('share', slowest_us / 1e6, count);
    this.#lastShareAt = Math.max(this.#lastShareAt ?? 0, at);
    if (miner) {
      noteShares(miner, at, work, luckOf(best_hash));
      // Nobody is to be shown as offline beside the share that has just come.
      if (miner.state === 'offline') this.#judge(miner, this.#parts.clock());
      recorder.miner(rowOf(miner));
    }
    if (!worker) return;
    worker.accepted += count;
    worker.work += work.work;
    worker.lastShareAt = at;
    if (worker.difficulty !== difficulty) this.crowd.difficulty(worker, difficulty);
  }

  #rejected(
    message: StatsMessageOf<'ShareRejected' | 'MinerShareRejected'>,
    worker: LiveWorker | undefined,
  ): void {
    const { recorder, metrics } = this.#parts;
    const miner = worker && this.crowd.senderOf(worker, message.worker);
    const reason = knownReason(message.error_code);
    metrics.rejected(reason, message.count);
    // Only who has a row may be counted in others' tables.
    const minerId = miner?.lastShareAt === undefined ? 0 : miner.id;
    recorder.rejected(this.#at(message), minerId, message.count, reason);
    miner?.recentRejects.add(this.#at(message), workOfShares(0, message.count));
    if (worker) worker.rejected += message.count;
  }

  /** When something was: nothing is in the future, whatever a role's clock says. */
  #at({ at }: { readonly at: bigint }): number {
    const now = this.#parts.clock();
    const told = Number(at);
    return told > now + MAX_AHEAD_MS ? now : told;
  }
}
