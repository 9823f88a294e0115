import { randomInt } from 'node:crypto';
import { ActiveWorkers } from '../../domain/channels/active-workers.ts';
import { MinerTags } from '../../domain/channels/miner-tag.ts';
import type { MiningChannel } from '../../domain/channels/mining-channel.ts';
import { payableExponents } from '../../domain/channels/open-channel.ts';
import { ResumableChannels } from '../../domain/channels/resumable-channels.ts';
import { ExtranonceAllocator } from '../../domain/extranonce/allocator.ts';
import type { ExtranonceLayout } from '../../domain/extranonce/layout.ts';
import type { DifficultyWish } from '../../domain/job-declaration/shared-difficulty.ts';
import { MAX_FUTURE_JOBS } from '../../domain/jobs/channel-jobs.ts';
import type { ExtendedJob, LiveJob } from '../../domain/jobs/extended-job.ts';
import { FIRST_SESSION } from '../../domain/shares/seen-shares.ts';
import type { UsefulExponent } from '../../domain/vardiff/difficulty-limits.ts';
import { DifficultyMemory } from '../../domain/vardiff/difficulty-memory.ts';
import { equalBytes } from '../../protocols/bytes.ts';
import type { Hash } from '../../protocols/crypto/hash.ts';
import { RESUME_LIMIT_MS } from '../../protocols/ehash/extension.ts';
import { messageOf } from '../../protocols/errors.ts';
import { judgeSetup, MINING_PROTOCOL } from '../../protocols/sv2/common.ts';
import {
  miningProtocol,
  REQUIRES_FIXED_VERSION,
  REQUIRES_STANDARD_JOBS,
  REQUIRES_VERSION_ROLLING,
  REQUIRES_WORK_SELECTION,
} from '../../protocols/sv2/mining.ts';
import type { HandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import type { Sv2Limits } from '../../runtime/sv2/limits.ts';
import { listenSv2 } from '../../runtime/sv2/listen.ts';
import type { Log } from '../../runtime/sv2/log.ts';
import { Acks } from './acks.ts';
import type { WorkUpdate } from './channel-work.ts';
import type { MiningEvents, MiningFigures, MiningHouse, MiningPolicy, NumberedUpdate } from './house.ts';
import { MiningSession } from './session.ts';
import { type DeskEvents, ShareCommits, type ShareDesk, type ShareSink } from './share-commits.ts';

/** No message of a miner comes near it. */
const FRAME_CAP = 64 * 1024;
const VARDIFF_INTERVAL_MS = 2_000;
/** Connections that are told of new work before others get a turn on the thread. */
const SLICE = 250;
/** A job for a tip to come is of no use before it, and most often its tip follows at once. */
const ANNOUNCE_DELAY_MS = 20;
/** Code under which channels are closed whose extranonces do not fit any more. */
const LAYOUT_CHANGED = 'extranonce-size-changed';

export interface MiningServerOptions {
  readonly host: string;
  readonly port: number;
  readonly keys: { readonly publicKey: Uint8Array; readonly secretKey: Uint8Array };
  readonly certificateSeconds: number;
  readonly workers: HandshakeWorkers;
  readonly hash: Hash;
  readonly log: Log;
  /** Leased to this server alone, unsigned 16-bit; see {@link MiningServer.setServerId}. */
  readonly serverId: number;
  /** Shares that one `SubmitShares.Success` acknowledges at most. */
  readonly shareBatchSize: number;
  readonly policy: MiningPolicy;
  /** What clients may cost, where it is not the usual. */
  readonly limits?: Partial<Sv2Limits>;
  /** Where shares become durable, or the desk that passes them on. */
  readonly sink: ShareSink | { desk(events: DeskEvents): ShareDesk };
  readonly events: MiningEvents;
  /** A job of the current template that is newer than `jobId`, for channels whose target changed. */
  renew(jobId: number): LiveJob | undefined;
}

export interface MiningServer {
  readonly address: { readonly host: string; readonly port: number };
  readonly figures: Readonly<MiningFigures>;
  readonly connections: number;
  /** Workers that shares of the last ten minutes name. */
  readonly activeWorkers: number;
  /** Prefixes that no other channel can get now. */
  readonly extranoncesInUse: number;
  /** What is paid; no channel is opened before. */
  setMinimumDifficulty(minimumDifficulty: number): void;
  /**
   * What the shares of an upstream are: channels are eased to it, by three powers at most, and told of it at once.
   * Undefined: there is no upstream any more.
   */
  setUseful(useful: UsefulExponent | undefined): void;
  /** What the open channels ask for. */
  wishes(): DifficultyWish[];
  /** A job for a tip to come. */
  announce(job: ExtendedJob): void;
  /** A new tip, with its first job. */
  activate(live: LiveJob): void;
  /** A better job on the current tip. */
  add(live: LiveJob): void;
  /**
   * All channels get extranonce prefixes of another server id, and a job for them; jobs sent before keep theirs, so
   * announced ones must be made and announced anew. Channels of cut links end.
   * @returns false where that is the server id already
   */
  setServerId(serverId: number): boolean;
  /**
   * Extranonces are laid out like that from the next job on. Where that is not how they are, all channels are closed, for
   * their extranonces would not fit.
   */
  layOut(layout: ExtranonceLayout): void;
  /** Closes all channels, those of cut links too, under that code, and opens none until {@link MiningServer.resume}. */
  suspend(reason: string): void;
  /** What {@link MiningServer.suspend} gave as the reason is over. */
  resume(reason: string): void;
  /** Miners' tags have so many bytes from now on. Jobs are to be made and announced anew, for the groups as they are then. */
  setMinerTagLength(length: number): void;
  /**
   * Asks all clients to connect elsewhere, for a planned move. The server there must have the same authority key.
   * @param to left out: here again
   */
  reconnect(to?: { readonly host: string; readonly port: number }): void;
  /** Commits and answers what is pending, then hangs up on all. */
  close(): Promise<void>;
}

/**
 * A Stratum V2 mining server: lets clients in, hands out work, and takes shares. A share is answered only after
 * `sink` has it.
 * @throws HashpoolError 'cannot-listen', 'bad-authority-key'
 */
export async function openMiningServer(options: MiningServerOptions): Promise<MiningServer> {
  const sessions = new Set<MiningSession>();
  const deliveries = new Deliveries(sessions, options.events, options.log);
  const house = miningHouse(options, sessions, deliveries.pending);
  const flags = setupFlags(options.policy.versionMask);
  const listener = await listenSv2({
    ...options,
    protocol: miningProtocol,
    frameCap: FRAME_CAP,
    accept: (setup) =>
      judgeSetup(setup, { protocol: MINING_PROTOCOL, supportedFlags: flags.supported }, flags.accepted),
    onConnection(connection) {
      const session = new MiningSession(connection, house);
      sessions.add(session);
      void connection.closed.then(() => sessions.delete(session));
    },
  });
  const adjustAll = (): void => {
    const now = performance.now();
    for (const session of sessions) session.adjust(now);
    house.resumable.expire(now);
  };
  const timer = setInterval(adjustAll, VARDIFF_INTERVAL_MS);

  return {
    address: listener.address,
    figures: house.figures,
    get connections() {
      return sessions.size;
    },
    get activeWorkers() {
      return house.workers.count(performance.now());
    },
    get extranoncesInUse() {
      return house.allocator.inUse;
    },
    setMinimumDifficulty(minimumDifficulty) {
      house.range = payableExponents(minimumDifficulty);
      adjustAll();
    },
    setUseful(useful) {
      house.useful = useful;
      adjustAll();
    },
    wishes() {
      return [...sessions].flatMap((session) => session.wishes());
    },
    announce(job) {
      house.announced = [...house.announced, job].slice(-MAX_FUTURE_JOBS);
      deliveries.add({ kind: 'announce', job });
    },
    activate(live) {
      const before = house.current?.tip;
      if (before && !equalBytes(before.prevHashLe, live.tip.prevHashLe)) {
        house.allocator.freeRetired();
        house.policy.customJobs?.passed(before);
      }
      house.announced = [];
      house.current = live;
      deliveries.add({ kind: 'activate', live });
    },
    add(live) {
      house.current = live;
      deliveries.add({ kind: 'add', live });
    },
    setServerId(serverId) {
      if (serverId === house.allocator.serverId) return false;
      house.allocator.move(serverId);
      house.announced = [];
      house.resumable.expire(Number.POSITIVE_INFINITY);
      deliveries.add({ kind: 'move' });
      return true;
    },
    layOut(layout) {
      if (layout === house.allocator.layout) return;
      house.allocator.layOut(layout);
      house.resumable.expire(Number.POSITIVE_INFINITY);
      deliveries.add({ kind: 'close', reason: LAYOUT_CHANGED });
    },
    suspend(reason) {
      if (house.obstacles.has(reason)) return;
      options.log.warn({ reason }, 'all channels are closed, and none is opened');
      house.obstacles.add(reason);
      house.resumable.expire(Number.POSITIVE_INFINITY);
      deliveries.add({ kind: 'close', reason });
    },
    resume(reason) {
      house.obstacles.delete(reason);
    },
    setMinerTagLength(length) {
      house.tags.setMaxLength(length);
      house.announced = [];
      deliveries.add({ kind: 'regroup' });
    },
    reconnect(to = { host: '', port: 0 }) {
      for (const each of sessions) each.reconnect(to.host, to.port);
    },
    async close() {
      clearInterval(timer);
      await house.commits.drain();
      house.acks.flush();
      await listener.close();
    },
  };
}

/** Of `SetupConnection` and its answer. */
function setupFlags(versionMask: number): { supported: number; accepted: number } {
  const kinds = REQUIRES_STANDARD_JOBS | REQUIRES_WORK_SELECTION;
  return versionMask === 0
    ? { supported: kinds, accepted: REQUIRES_FIXED_VERSION }
    : { supported: kinds | REQUIRES_VERSION_ROLLING, accepted: 0 };
}

function miningHouse(
  options: MiningServerOptions,
  sessions: Set<MiningSession>,
  pending: readonly NumberedUpdate[],
): MiningHouse {
  const { log, policy, events, hash } = options;
  const held: (() => void)[] = [];
  let session = FIRST_SESSION;
  let connection = 0;
  const { sink } = options;
  const deskEvents: DeskEvents = {
    failed(error) {
      log.warn(
        { err: error },
        `shares could not be stored, all channels are closed unanswered: ${messageOf(error)}`,
      );
      for (const each of sessions) each.close('shares cannot be stored');
    },
    room() {
      for (const resume of held.splice(0)) resume();
    },
  };
  const commits = 'desk' in sink ? sink.desk(deskEvents) : new ShareCommits(sink, deskEvents);
  const allocator = new ExtranonceAllocator(options.serverId, randomInt(2 ** 32));
  const tags = new MinerTags(policy.minerTagLength ?? 0);
  const retire = ({ prefix, tag }: MiningChannel): void => {
    allocator.retire(prefix);
    tags.release(tag);
  };
  const house: MiningHouse = {
    policy,
    events,
    hash,
    log,
    commits,
    allocator,
    workers: new ActiveWorkers(),
    tags,
    resumable: new ResumableChannels<MiningChannel>(RESUME_LIMIT_MS, retire),
    acks: new Acks(options.shareBatchSize),
    figures: { channels: 0, accepted: 0, rejected: 0, tooMany: 0, exhausted: 0 },
    memory: new DifficultyMemory(),
    range: undefined,
    useful: undefined,
    obstacles: new Set(),
    current: undefined,
    announced: [],
    pending,
    nextSession: () => session++,
    nextConnection: () => ++connection,
    retire,
    isPoint: (key) => options.workers.call('isPoint', key),
    renew(jobId) {
      const live = options.renew(jobId);
      if (live) house.current = live;
      return live;
    },
    hold: (resume) => void held.push(resume),
  };
  return house;
}

/** Brings updates of work to all connections, in order and in slices, so that ten thousand don't stall the shares. */
class Deliveries {
  readonly #sessions: ReadonlySet<MiningSession>;
  readonly #events: MiningEvents;
  readonly #log: Log;
  readonly #pending: NumberedUpdate[] = [];
  #last = 0;
  #running = false;
  #waiting: NodeJS.Timeout | undefined;

  constructor(sessions: ReadonlySet<MiningSession>, events: MiningEvents, log: Log) {
    this.#sessions = sessions;
    this.#events = events;
    this.#log = log;
  }

  /** What has not reached everybody yet. */
  get pending(): readonly NumberedUpdate[] {
    return this.#pending;
  }

  add(update: WorkUpdate): void {
    this.#pending.push({ number: ++this.#last, update });
    if (update.kind === 'announce') this.#waiting ??= setTimeout(() => this.#start(), ANNOUNCE_DELAY_MS);
    else this.#start();
  }

  #start(): void {
    clearTimeout(this.#waiting);
    this.#waiting = undefined;
    if (this.#running) return;
    this.#running = true;
    this.#run().catch((error: unknown) => this.#log.warn({ err: error }, 'new work did not reach everybody'));
  }

  /** Each round brings every connection all that it lacks, so that it goes out in one write. */
  async #run(): Promise<void> {
    while (this.#pending.length > 0) {
      const updates = [...this.#pending];
      const began = performance.now();
      let sent = 0;
      for (const session of this.#sessions) {
        for (const update of updates) this.#deliver(session, update);
        if (++sent % SLICE === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      this.#pending.splice(0, updates.length);
      for (const { update } of updates) {
        if ('live' in update) this.#events.onWork?.(update.live, performance.now() - began);
      }
    }
    this.#running = false;
  }

  /** One connection's trouble keeps no work from the others. */
  #deliver(session: MiningSession, { number, update }: NumberedUpdate): void {
    try {
      session.deliver(number, update);
    } catch (error) {
      this.#log.warn({ err: error }, 'a connection could not be told of new work');
      session.close('it could not be told of new work');
    }
  }
}
