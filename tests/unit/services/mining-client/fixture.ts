import assert from 'node:assert/strict';
import { after, before, type TestContext } from 'node:test';
import { pino } from 'pino';
import type { HashpoolError } from '../../../../protocols/errors.ts';
import { REQUIRES_VERSION_ROLLING } from '../../../../protocols/sv2/mining.ts';
import { type HandshakeWorkers, openHandshakeWorkers } from '../../../../runtime/sv2/handshake-workers.ts';
import type { ActiveJob } from '../../../../services/mining-client/active-job.ts';
import type { ChannelOwner, MiningChannel, Share } from '../../../../services/mining-client/channel.ts';
import {
  MiningClient,
  type MiningClientOptions,
  type MiningUpstream,
} from '../../../../services/mining-client/client.ts';
import type { ShareVerdict } from '../../../../services/mining-client/pending-shares.ts';
import type { OpenRequest } from '../../../../services/mining-client/session.ts';
import { ShareOwner } from '../../../../services/mining-client/share-owner.ts';
import {
  eventually,
  FAKE_POOL_KEY,
  type FakePool,
  type FakePoolLink,
  fakePool,
  PROBE,
} from '../../../harness/fake-pool.ts';

export let workers: HandshakeWorkers;
before(async () => {
  workers = await openHandshakeWorkers();
});
after(() => workers.close());

export const target = new Uint8Array(32).fill(0x7f);
export const key = Uint8Array.of(2, ...new Uint8Array(32).fill(5));
export const request: OpenRequest = {
  userIdentity: 'hashpool',
  nominalHashRate: 1e12,
  maximumTargetLe: target,
  minExtranonceSize: 4,
  lockingKey: key,
  resumeToken: new Uint8Array(16).fill(9),
};
/** For tests that wait until it is too late; the others have all the time of a busy machine. */
export const SHORT_RESUME_LIMIT_MS = 1500;
export const share: Share = {
  jobId: 1,
  version: 0x20000000,
  ntime: 100,
  nonce: 7,
  extranonce: Uint8Array.of(0, 0, 0, 1),
};

/** A channel's owner that keeps what it is told. */
export class Owner implements ChannelOwner {
  channel: MiningChannel | undefined;
  readonly told: string[] = [];
  readonly jobs: ActiveJob[] = [];

  opened(channel: MiningChannel): void {
    this.channel = channel;
    this.told.push('opened');
  }
  refused(error: HashpoolError): void {
    this.told.push(error.message);
  }
  job(job: ActiveJob): void {
    this.jobs.push(job);
    this.told.push(`job ${job.work.jobId}`);
  }
  closed(reason: string): void {
    this.told.push(`closed: ${reason}`);
  }
}

/** A client of `pools`, connected to the first of them that works. */
export function start(t: TestContext, ...pools: [Partial<MiningUpstream>, ...Partial<MiningUpstream>[]]) {
  return startWithin(t, {}, ...pools);
}

export function startWithin(
  t: TestContext,
  options: Partial<MiningClientOptions>,
  ...pools: [Partial<MiningUpstream>, ...Partial<MiningUpstream>[]]
) {
  const upstream = (pool: Partial<MiningUpstream>): MiningUpstream => ({
    host: '127.0.0.1',
    port: 1,
    authorityKey: FAKE_POOL_KEY,
    paysEhash: true,
    ...pool,
  });
  const [first, ...others] = pools;
  const events: string[] = [];
  const client = new MiningClient({
    upstreams: [upstream(first), ...others.map(upstream)],
    probe: PROBE,
    flags: REQUIRES_VERSION_ROLLING,
    deviceId: 'test',
    workers,
    log: pino({ level: 'silent' }),
    backoff: { firstMs: 10, maxMs: 50 },
    ...options,
  }).run({
    onUp: (moved) => events.push(moved ? 'moved' : 'up'),
    onDown: () => events.push('down'),
    onStatus: (text) => events.push(text),
  });
  t.after(() => client.close());
  return { client, events };
}

export async function openChannel(
  client: MiningClient,
  link: FakePoolLink,
  channelId = 5,
  groupId = 0,
  opening = request,
): Promise<Owner> {
  const owner = new Owner();
  const index = link.received.filter(({ message }) => message.name === 'OpenExtendedMiningChannel').length;
  client.open(opening, owner);
  const { message } = await link.take('OpenExtendedMiningChannel', index);
  const extranonce_prefix = Uint8Array.of(1, 2, 3, channelId);
  grant(link, message.request_id, channelId, { group_channel_id: groupId, extranonce_prefix });
  await eventually(() => owner.channel !== undefined, 'the channel');
  return owner;
}

export function grant(
  link: FakePoolLink,
  request_id: number,
  channel_id: number,
  changes: { extranonce_prefix: Uint8Array; group_channel_id?: number },
): void {
  const name = 'OpenExtendedMiningChannel.Success';
  link.send({ name, request_id, channel_id, target, extranonce_size: 4, group_channel_id: 0, ...changes });
}

export async function connected(
  t: TestContext,
  options: Partial<MiningClientOptions> = {},
): Promise<{ client: MiningClient; events: string[]; pool: FakePool; link: FakePoolLink }> {
  const pool = await fakePool(t, workers);
  const { client, events } = startWithin(t, options, { port: pool.port });
  const link = await pool.link();
  await eventually(() => client.isUp, 'the link');
  return { client, events, pool, link };
}

/** @returns what the share was answered with */
export function submitted(channel: MiningChannel, share: Share, owner: ShareOwner): Promise<ShareVerdict> {
  return new Promise((resolve) => channel.submit(share, owner, resolve));
}

export function channelOf(owner: Owner): MiningChannel {
  assert.ok(owner.channel);
  return owner.channel;
}

export const whose = new ShareOwner('', key);

export function accept(link: FakePoolLink, channel_id: number, last_sequence_number: number): void {
  const counts = { new_submits_accepted_count: 1, new_shares_sum: 1n };
  link.send({ name: 'SubmitShares.Success', channel_id, last_sequence_number, ...counts });
}
