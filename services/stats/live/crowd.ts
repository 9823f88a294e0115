import type { StatsMessageOf } from '../../../protocols/stats/messages.ts';
import { CHANNEL_KINDS, FIRST_OWN_CONNECTION } from '../../../protocols/stats/messages.ts';
import { type KnownMiner, type KnownMiners, rowOf } from './known-miners.ts';
import type { Recorder } from './recorder.ts';
import { type LiveWorker, LiveWorkers } from './workers.ts';

/** Clients whose address and software are kept. */
const MAX_CONNECTIONS = 50_000;

interface Parts {
  readonly recorder: Pick<Recorder, 'miner'>;
  readonly miners: KnownMiners;
  /** Unix ms. */
  readonly clock: () => number;
}

/** Who is connected to the role that sees all shares, or to a jd-client beside it, and whose each channel is. */
export class Crowd {
  readonly workers = new LiveWorkers();
  readonly #parts: Parts;
  readonly #connections = new Map<number, { address: string; software: string }>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Clients that are connected. */
  get connections(): number {
    return this.#connections.size;
  }

  connected({ downstream_id, address, software }: StatsMessageOf<'DownstreamConnected'>): void {
    if (this.#connections.size < MAX_CONNECTIONS) this.#connections.set(downstream_id, { address, software });
  }

  /** All of a connection is gone. */
  disconnected(id: number): void {
    this.#connections.delete(id);
    for (const worker of this.workers.take((connection) => connection === id)) this.#gone(worker);
  }

  channelOpened(message: StatsMessageOf<'ChannelOpened'>): void {
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

  channelClosed({ downstream_id, channel_id }: StatsMessageOf<'ChannelClosed'>): void {
    this.#gone(this.workers.close(downstream_id, channel_id));
  }

  minerConnected(message: StatsMessageOf<'MinerConnected'>): void {
    const { miner_id, address, software, worker } = message;
    this.connected({ ...message, name: 'DownstreamConnected', downstream_id: miner_id, flags: 0 });
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

  /** Forgets what is open on a role. */
  forget(role: string): void {
    const isOwn = role === 'jd-client';
    const isOf = (connection: number): boolean => connection >= FIRST_OWN_CONNECTION === isOwn;
    for (const id of [...this.#connections.keys()].filter(isOf)) this.#connections.delete(id);
    for (const worker of this.workers.take(isOf)) this.#gone(worker);
  }

  /** The miner whose shares come on a channel under a worker's name. */
  minerOf(worker: LiveWorker, workerName: string): KnownMiner | undefined {
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

  /** A pool names nobody with a share that it rejects: it is the channel's own miner's, where there is one alone. */
  senderOf(worker: LiveWorker, workerName: string): KnownMiner | undefined {
    const [only, ...others] = worker.miners.values();
    if (workerName === '' && others.length === 0 && only) return only;
    return this.minerOf(worker, workerName);
  }

  difficulty(worker: LiveWorker | undefined, difficulty: number): void {
    if (!worker) return;
    worker.difficulty = difficulty;
    for (const miner of worker.miners.values()) miner.difficulty = difficulty;
  }

  #open(
    opened: Omit<LiveWorker, 'miners' | 'name' | 'accepted' | 'rejected' | 'work' | 'lastShareAt'>,
  ): void {
    this.#gone(this.workers.close(opened.connection, opened.channel));
    const none = { accepted: 0, rejected: 0, work: 0n, lastShareAt: undefined };
    const worker = { ...opened, name: opened.identity, miners: new Map<string, KnownMiner>(), ...none };
    if (this.workers.open(worker)) this.minerOf(worker, '');
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
}

/** A channel's identity and the machine that a share names: at the proxy a worker's name is whole. */
function minerName({ kind, identity }: LiveWorker, workerName: string): string {
  if (kind === 'sv1') return workerName || identity;
  return workerName === '' ? identity : `${identity}.${workerName}`;
}
