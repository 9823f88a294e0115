import type { TestContext } from 'node:test';
import { pino } from 'pino';
import { powerTarget, targetToLeBytes } from '../../../../protocols/bitcoin/target.ts';
import type { KnownDifficulties } from '../../../../roles/translator/known-difficulties.ts';
import { LockKeys } from '../../../../roles/translator/lock-keys.ts';
import { SharedChannels } from '../../../../roles/translator/shared-channels/shared-channels.ts';
import type { SessionSettings } from '../../../../roles/translator/sv1-server/miner-session.ts';
import { Sv1Server, type Sv1ServerOptions } from '../../../../roles/translator/sv1-server/server.ts';
import { newShareCounts } from '../../../../roles/translator/sv1-server/share-answer.ts';
import type { Upstream, UpstreamChannel } from '../../../../roles/translator/sv1-server/upstream.ts';
import { loadCrypto } from '../../../../runtime/crypto.ts';
import type { ActiveJob, Work } from '../../../../services/mining-client/active-job.ts';
import type { ChannelOwner, ChannelWish, Share } from '../../../../services/mining-client/channel.ts';
import type { Answered, ShareVerdict } from '../../../../services/mining-client/pending-shares.ts';
import { type OpenRequest, openRefused } from '../../../../services/mining-client/session.ts';
import type { ShareOwner } from '../../../../services/mining-client/share-owner.ts';
import { connectSv1, type Sv1Client } from '../../../harness/sv1-client.ts';

/** Difficulty bits of the jobs: a share every 256 hashes. */
export const TEST_BITS = 8;

/** A share that the translator sent up, to be answered by the test. */
export interface SentShare {
  readonly share: Share;
  readonly owner: ShareOwner;
  answer(verdict: ShareVerdict): void;
}

/** A channel as the test's pool has it. */
export class TestChannel implements UpstreamChannel {
  readonly extranoncePrefix: Uint8Array;
  readonly extranonceSize: number;
  isResumable = true;
  readonly request: OpenRequest;
  readonly owner: ChannelOwner<UpstreamChannel>;
  readonly shares: SentShare[] = [];
  readonly updates: ChannelWish[] = [];
  closedFor: string | undefined;
  /** What every share is answered with at once; undefined: the test answers. */
  verdict: ShareVerdict | undefined = { kind: 'accepted' };

  constructor(request: OpenRequest, owner: ChannelOwner<UpstreamChannel>, prefix: Uint8Array, size: number) {
    this.request = request;
    this.owner = owner;
    this.extranoncePrefix = prefix;
    this.extranonceSize = size;
  }

  submit(share: Share, owner: ShareOwner, answered: Answered): void {
    // A share is answered once, however often the test says so.
    let left: Answered | undefined = answered;
    const answer = (verdict: ShareVerdict): void => {
      const tell = left;
      left = undefined;
      tell?.(verdict);
    };
    this.shares.push({ share, owner, answer });
    if (this.verdict !== undefined) answer(this.verdict);
  }

  update(wish: ChannelWish): void {
    this.updates.push(wish);
  }

  leave(reason: string): void {
    this.closedFor = reason;
  }

  job(jobId: number, changes: Partial<PlainJob> = {}): void {
    const { extranoncePrefix } = this;
    const { targetLe, ...work } = { ...plainJob, jobId };
    const { targetLe: otherTarget, extranoncePrefix: otherPrefix, ...otherWork } = changes;
    const job = { work: { ...work, ...otherWork }, targetLe: otherTarget ?? targetLe };
    this.owner.job(job, otherPrefix ?? extranoncePrefix);
  }

  /** The pool loses the channel, as when the link is cut. */
  lose(reason: string): void {
    for (const { answer } of this.shares) answer({ kind: 'lost', reason });
    this.owner.closed(reason);
  }
}

/** A job with what its channel makes of it, in one. */
type PlainJob = Work & Omit<ActiveJob, 'work'> & { readonly extranoncePrefix: Uint8Array };

export const plainJob: Work & Pick<ActiveJob, 'targetLe'> = {
  jobId: 1,
  version: 0x20000000,
  versionRollingAllowed: true,
  coinbasePrefix: new Uint8Array(58).fill(1),
  coinbaseSuffix: new Uint8Array(64).fill(2),
  merklePath: [new Uint8Array(32).fill(3), new Uint8Array(32).fill(4)],
  prevHashLe: Uint8Array.from({ length: 32 }, (_, index) => index),
  nbits: 0x1d00ffff,
  minNtime: 1_700_000_000,
  targetLe: targetToLeBytes(powerTarget(TEST_BITS)),
  cleanJobs: true,
};

/** A pool in the test's hands. */
export class TestUpstream implements Upstream {
  isUp = true;
  speaksEhash = true;
  extranonceSize = 4;
  /** Given to new channels; by default another one each time. */
  prefix: Uint8Array | undefined;
  /** Told instead of opening a channel. */
  refusal: string | undefined;
  refusals = 0;
  /** False: the test opens the channels. */
  opens = true;
  readonly channels: TestChannel[] = [];

  open(request: OpenRequest, owner: ChannelOwner<UpstreamChannel>): void {
    if (this.refusal !== undefined) {
      this.refusals++;
      owner.refused(openRefused(this.refusal));
      return;
    }
    const prefix = this.prefix ?? Uint8Array.of(1, 0, 0, this.channels.length + 1);
    // A channel that many share is asked for with more, and gets that.
    const size = request.miners === undefined ? this.extranonceSize : request.minExtranonceSize;
    const channel = new TestChannel(request, owner, prefix, size);
    this.channels.push(channel);
    if (this.opens) owner.opened(channel);
  }

  /** The channel opened last. */
  get last(): TestChannel {
    const channel = this.channels.at(-1);
    if (channel === undefined) throw new Error('no channel was opened');
    return channel;
  }

  cut(): void {
    this.isUp = false;
    for (const channel of this.channels)
      if (channel.closedFor === undefined) channel.lose('the link was cut');
  }
}

/** A key of the test's wallet, told apart by its last byte. */
export const walletKey = (index: number) => Uint8Array.of(2, ...new Uint8Array(31), index);

const settings: SessionSettings = {
  userIdentity: 'hashpool',
  extranonce2Size: 4,
  minIndividualMinerHashrate: 1e12,
  sharesPerMinute: 6,
  easiestBits: 32,
  jobKeepaliveMs: 30_000,
  walletTakesUnnamed: true,
  subscribeDeadlineMs: 60_000,
};

/** An SV1 server on a free port over a pool in the test's hands. */
export async function translatorUnderTest(
  t: TestContext,
  options: Partial<Omit<Sv1ServerOptions, 'services'>> & {
    settings?: Partial<SessionSettings>;
    /** Whether miners share channels. */
    aggregate?: boolean;
    difficulties?: KnownDifficulties;
  } = {},
) {
  const { curve, hash } = await loadCrypto();
  const upstream = new TestUpstream();
  const shares = newShareCounts();
  const clock = { now: 0, wall: 1000 * plainJob.minNtime };
  const wallet = { keys: 0 };
  let tokens = 0;
  const lockKeys = new LockKeys({ keyForChannel: async () => walletKey(++wallet.keys) });
  const sessionSettings = { ...settings, ...options.settings };
  const log = pino({ level: 'silent' });
  const now = () => performance.now() + clock.now;
  const resumeToken = () => Uint8Array.of(...new Uint8Array(15), ++tokens);
  const { userIdentity, sharesPerMinute } = sessionSettings;
  const sharing = new SharedChannels({
    source: upstream,
    userIdentity,
    sharesPerMinute,
    resumeToken,
    now,
    log,
  });
  t.after(() => sharing.close());
  const server = new Sv1Server({
    maxConnections: 100,
    maxConnectionsPerAddress: 100,
    ...options,
    services: {
      upstream: options.aggregate === true ? sharing : upstream,
      hash,
      isPoint: async (key) => curve.isPoint(key),
      lockKeys,
      settings: sessionSettings,
      ...(options.difficulties && { difficulties: options.difficulties }),
      shares,
      now,
      wallClock: () => clock.wall,
      resumeToken,
      log,
    },
  });
  await server.listen('127.0.0.1', 0);
  t.after(() => server.close());
  const connect = async (): Promise<Sv1Client> => {
    const client = await connectSv1(server.port);
    t.after(() => client.close());
    return client;
  };
  /** A client that is subscribed, authorized and has job 1. */
  const miner = async (username = 'name.rig1'): Promise<{ client: Sv1Client; channel: TestChannel }> => {
    const client = await connect();
    await client.subscribe();
    const channel = upstream.last;
    await client.authorize(username);
    channel.job(1);
    await client.waitForJob();
    return { client, channel };
  };
  return { server, upstream, sharing, shares, clock, wallet, lockKeys, connect, miner };
}
