import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { equalBytes, utf8 } from '../../../../protocols/bytes.ts';
import { EHASH_EXTENSION, WORKER_NAME_EXTENSION } from '../../../../protocols/ehash/extension.ts';
import type { HashpoolError } from '../../../../protocols/errors.ts';
import { REQUIRES_VERSION_ROLLING } from '../../../../protocols/sv2/mining.ts';
import { type HandshakeWorkers, openHandshakeWorkers } from '../../../../runtime/sv2/handshake-workers.ts';
import type { ActiveJob } from '../../../../services/mining-client/active-job.ts';
import type { ChannelOwner, MiningChannel, Share } from '../../../../services/mining-client/channel.ts';
import { MiningClient, type MiningUpstream } from '../../../../services/mining-client/client.ts';
import type { OpenRequest } from '../../../../services/mining-client/session.ts';
import {
  eventually,
  FAKE_POOL_KEY,
  type FakePool,
  type FakePoolLink,
  fakePool,
} from '../../../harness/fake-pool.ts';

let workers: HandshakeWorkers;
before(async () => {
  workers = await openHandshakeWorkers();
});
after(() => workers.close());

const target = new Uint8Array(32).fill(0x7f);
const key = Uint8Array.of(2, ...new Uint8Array(32).fill(5));
const request: OpenRequest = {
  userIdentity: 'hashpool',
  nominalHashRate: 1e12,
  maximumTargetLe: target,
  minExtranonceSize: 4,
  lockingKey: key,
  resumeToken: new Uint8Array(16).fill(9),
};
const RESUME_LIMIT_MS = 1500;
const share: Share = {
  jobId: 1,
  version: 0x20000000,
  ntime: 100,
  nonce: 7,
  extranonce: Uint8Array.of(0, 0, 0, 1),
};

/** A channel's owner that keeps what it is told. */
class Owner implements ChannelOwner {
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
    this.told.push(`job ${job.jobId}`);
  }
  closed(reason: string): void {
    this.told.push(`closed: ${reason}`);
  }
}

/** A client of `pools`, connected to the first of them that works. */
function start(t: TestContext, ...pools: [Partial<MiningUpstream>, ...Partial<MiningUpstream>[]]) {
  return startWithin(t, undefined, ...pools);
}

function startWithin(
  t: TestContext,
  answerLimitMs: number | undefined,
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
    flags: REQUIRES_VERSION_ROLLING,
    deviceId: 'test',
    workers,
    log: pino({ level: 'silent' }),
    backoff: { firstMs: 10, maxMs: 50 },
    resumeLimitMs: RESUME_LIMIT_MS,
    ...(answerLimitMs === undefined ? {} : { answerLimitMs }),
  }).run({
    onUp: () => events.push('up'),
    onDown: () => events.push('down'),
    onStatus: (text) => events.push(text),
  });
  t.after(() => client.close());
  return { client, events };
}

async function openChannel(
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

function grant(
  link: FakePoolLink,
  request_id: number,
  channel_id: number,
  changes: { extranonce_prefix: Uint8Array; group_channel_id?: number },
): void {
  const name = 'OpenExtendedMiningChannel.Success';
  link.send({ name, request_id, channel_id, target, extranonce_size: 4, group_channel_id: 0, ...changes });
}

function sendJob(link: FakePoolLink, channelId: number, jobId: number): void {
  link.send({
    name: 'NewExtendedMiningJob',
    channel_id: channelId,
    job_id: jobId,
    min_ntime: null,
    version: 0x20000000,
    version_rolling_allowed: true,
    merkle_path: [],
    coinbase_tx_prefix: new Uint8Array(60).fill(7),
    coinbase_tx_suffix: new Uint8Array(60).fill(7),
  });
  const prev_hash = new Uint8Array(32).fill(jobId);
  link.send({
    name: 'SetNewPrevHash',
    channel_id: channelId,
    job_id: jobId,
    prev_hash,
    min_ntime: 100,
    nbits: 1,
  });
}

async function connected(
  t: TestContext,
): Promise<{ client: MiningClient; events: string[]; pool: FakePool; link: FakePoolLink }> {
  const pool = await fakePool(t, workers);
  const { client, events } = start(t, { port: pool.port });
  const link = await pool.link();
  await eventually(() => client.isUp, 'the link');
  return { client, events, pool, link };
}

function channelOf(owner: Owner): MiningChannel {
  assert.ok(owner.channel);
  return owner.channel;
}

test('it sets up with version rolling, agrees on worker names and ehash, and opens a channel with its key', async (t) => {
  const { client, link } = await connected(t);
  assert.equal(link.connection.setup.flags, REQUIRES_VERSION_ROLLING);
  assert.deepEqual([...link.connection.extensions], [WORKER_NAME_EXTENSION, EHASH_EXTENSION]);
  assert.equal(client.speaksEhash, true);
  const owner = await openChannel(client, link);
  const { message, tlvs } = await link.take('OpenExtendedMiningChannel');
  assert.equal(message.user_identity, 'hashpool');
  assert.equal(message.min_extranonce_size, 4);
  assert.deepEqual(tlvs, [
    { extension: EHASH_EXTENSION, field: 1, value: key },
    { extension: EHASH_EXTENSION, field: 2, value: request.resumeToken },
  ]);
  assert.deepEqual(channelOf(owner).extranoncePrefix, Uint8Array.of(1, 2, 3, 5));
});

test('a share carries the worker first and then the key, and is answered by what the pool says', async (t) => {
  const { client, link } = await connected(t);
  const channel = channelOf(await openChannel(client, link));
  const own = Uint8Array.of(3, ...new Uint8Array(32).fill(6));
  const verdicts = [1, 2, 3].map(() => channel.submit(share, { worker: 'rig1', lockingKey: own }));
  const { message, tlvs } = await link.take('SubmitSharesExtended', 2);
  assert.equal(message.sequence_number, 3);
  assert.deepEqual(tlvs, [
    { extension: WORKER_NAME_EXTENSION, field: 1, value: utf8('rig1') },
    { extension: EHASH_EXTENSION, field: 1, value: own },
  ]);
  const { channel_id } = message;
  link.send({ name: 'SubmitShares.Error', channel_id, sequence_number: 2, error_code: 'duplicate-share' });
  link.send({
    name: 'SubmitShares.Success',
    channel_id,
    last_sequence_number: 3,
    new_submits_accepted_count: 2,
    new_shares_sum: 2n,
  });
  assert.deepEqual(await Promise.all(verdicts), [
    { kind: 'accepted' },
    { kind: 'refused', code: 'duplicate-share' },
    { kind: 'accepted' },
  ]);
  assert.equal(channel.pendingShares, 0);
});

test('jobs reach the channel they are for, or every channel of the group', async (t) => {
  const { client, link } = await connected(t);
  const first = await openChannel(client, link, 5, 1);
  const second = await openChannel(client, link, 6, 1);
  const other = await openChannel(client, link, 7, 2);
  sendJob(link, 5, 10);
  sendJob(link, 1, 11);
  link.send({ name: 'SetGroupChannel', group_channel_id: 1, channel_ids: [7] });
  sendJob(link, 1, 12);
  sendJob(link, 99, 13);
  await eventually(() => other.jobs.length === 1 && first.jobs.length === 3, 'the jobs');
  assert.deepEqual(first.told, ['opened', 'job 10', 'job 11', 'job 12']);
  assert.deepEqual(second.told, ['opened', 'job 11', 'job 12']);
  assert.deepEqual(other.told, ['opened', 'job 12']);
});

const whose = { worker: '', lockingKey: key };

/** A channel with one answered share and one that waits, whose link is cut; then the next link. */
async function cutLink(t: TestContext) {
  const { client, pool, link } = await connected(t);
  const owner = await openChannel(client, link);
  const channel = channelOf(owner);
  sendJob(link, 5, 1);
  const answered = channel.submit(share, whose);
  const waiting = channel.submit({ ...share, nonce: 8 }, whose);
  await link.take('SubmitSharesExtended', 1);
  accept(link, 5, 1);
  assert.equal((await answered).kind, 'accepted');
  link.connection.close('cut by the test');
  await eventually(() => channel.isCut, 'the cut');
  const meanwhile = channel.submit({ ...share, nonce: 9 }, whose);
  const next = await pool.link(1);
  return { client, pool, owner, channel, waiting, meanwhile, next };
}

function accept(link: FakePoolLink, channel_id: number, last_sequence_number: number): void {
  const counts = { new_submits_accepted_count: 1, new_shares_sum: 1n };
  link.send({ name: 'SubmitShares.Success', channel_id, last_sequence_number, ...counts });
}

test('a channel is resumed by its token: shares are sent again, and known jobs not told again', async (t) => {
  const { owner, channel, waiting, meanwhile, next } = await cutLink(t);
  const { message, tlvs } = await next.take('OpenExtendedMiningChannel');
  assert.ok(tlvs.some(({ field, value }) => field === 2 && equalBytes(value, request.resumeToken ?? key)));
  grant(next, message.request_id, 9, { extranonce_prefix: Uint8Array.of(1, 2, 3, 5) });
  sendJob(next, 9, 1);
  sendJob(next, 9, 2);
  const again = await next.take('SubmitSharesExtended', 1);
  const nonces = [(await next.take('SubmitSharesExtended')).message, again.message].map(({ nonce }) => nonce);
  assert.deepEqual(nonces, [8, 9], 'what was answered is not sent again');
  accept(next, 9, again.message.sequence_number);
  assert.deepEqual([(await waiting).kind, (await meanwhile).kind], ['accepted', 'accepted']);
  await eventually(() => owner.jobs.length === 2, 'the new job');
  assert.deepEqual(owner.told, ['opened', 'job 1', 'job 2']);
  assert.equal(channel.id, 9);
});

test('a difficulty wished for while the channel is asked back is told once it is there', async (t) => {
  const { channel, next } = await cutLink(t);
  const { message } = await next.take('OpenExtendedMiningChannel');
  channel.update(2e12, new Uint8Array(32).fill(3));
  grant(next, message.request_id, 9, { extranonce_prefix: Uint8Array.of(1, 2, 3, 5) });
  const update = (await next.take('UpdateChannel')).message;
  assert.deepEqual([update.channel_id, update.maximum_target], [9, new Uint8Array(32).fill(3)]);
});

test('a pool that answers no share any more is left, and gets the shares on another link', async (t) => {
  const pool = await fakePool(t, workers);
  const { client } = startWithin(t, 200, { port: pool.port });
  const link = await pool.link();
  await eventually(() => client.isUp, 'the link');
  const channel = channelOf(await openChannel(client, link));
  const verdict = channel.submit(share, whose);
  const next = await pool.link(1);
  const { message } = await next.take('OpenExtendedMiningChannel');
  grant(next, message.request_id, 5, { extranonce_prefix: Uint8Array.of(1, 2, 3, 5) });
  accept(next, 5, (await next.take('SubmitSharesExtended')).message.sequence_number);
  assert.equal((await verdict).kind, 'accepted');
  await new Promise((resolve) => setTimeout(resolve, 400));
  assert.equal(pool.links.length, 2, 'a channel without waiting shares is silent for good reason');
});

test('a foreign pool may take its time over a batch of shares', async (t) => {
  const pool = await fakePool(t, workers, { supported: [] });
  const { client } = startWithin(t, 100, { port: pool.port, paysEhash: false });
  const link = await pool.link();
  await eventually(() => client.isUp, 'the link');
  const channel = channelOf(await openChannel(client, link));
  const verdict = channel.submit(share, whose);
  await new Promise((resolve) => setTimeout(resolve, 400));
  accept(link, 5, 1);
  assert.equal((await verdict).kind, 'accepted');
  assert.equal(pool.links.length, 1);
});

test('where the pool gives another channel, the shares are stale and the owner gets that channel', async (t) => {
  const { client, owner, channel, waiting, meanwhile, next } = await cutLink(t);
  const { message } = await next.take('OpenExtendedMiningChannel');
  grant(next, message.request_id, 2, { extranonce_prefix: Uint8Array.of(7, 7, 7, 7) });
  for (const verdict of [waiting, meanwhile]) {
    assert.deepEqual(await verdict, { kind: 'refused', code: 'stale-share' });
  }
  await eventually(() => owner.channel !== channel, 'the other channel');
  assert.deepEqual(owner.told, ['opened', 'job 1', 'opened']);
  assert.equal((await channel.submit(share, whose)).kind, 'lost');
  assert.equal(client.isUp, true);
});

test('a pool that has no work yet is asked again, one that refuses ends the channel', async (t) => {
  const { owner, waiting, next } = await cutLink(t);
  for (const [index, error_code] of ['pool-not-ready', 'unknown-user'].entries()) {
    const { message } = await next.take('OpenExtendedMiningChannel', index);
    next.send({ name: 'OpenMiningChannel.Error', request_id: message.request_id, error_code });
  }
  assert.equal((await waiting).kind, 'lost');
  assert.match(owner.told.at(-1) ?? '', /^closed: .*unknown-user/);
});

test('a second cut before the answer changes nothing, and a channel closed meanwhile is not taken', async (t) => {
  const { pool, owner, channel, waiting, next } = await cutLink(t);
  await next.take('OpenExtendedMiningChannel');
  next.connection.close('cut again');
  const third = await pool.link(2);
  const { message } = await third.take('OpenExtendedMiningChannel');
  channel.close('miner-disconnected');
  assert.equal((await waiting).kind, 'lost');
  grant(third, message.request_id, 9, { extranonce_prefix: Uint8Array.of(1, 2, 3, 5) });
  assert.equal((await third.take('CloseChannel')).message.channel_id, 9);
  assert.deepEqual(owner.told, ['opened', 'job 1']);
});

test('a channel that cannot be resumed in time is lost, and its owner told', async (t) => {
  const { owner, waiting, meanwhile } = await cutLink(t);
  assert.equal((await waiting).kind, 'lost');
  assert.equal((await meanwhile).kind, 'lost');
  assert.match(owner.told.at(-1) ?? '', /^closed: /);
});

test('a cut link loses channels without a token, tells their owners, and comes back', async (t) => {
  const { client, events, pool, link } = await connected(t);
  const owner = await openChannel(client, link, 5, 0, { ...request, resumeToken: undefined });
  const verdict = channelOf(owner).submit(share, { worker: '', lockingKey: key });
  await link.take('SubmitSharesExtended');
  link.connection.close('cut by the test');
  assert.equal((await verdict).kind, 'lost');
  await pool.link(1);
  await eventually(() => events.filter((event) => event === 'up').length === 2, 'the second link');
  assert.match(owner.told.at(-1) ?? '', /^closed: /);
  assert.equal((await channelOf(owner).submit(share, { worker: '', lockingKey: key })).kind, 'lost');
  assert.deepEqual(
    events.filter((event) => event === 'up' || event === 'down'),
    ['up', 'down', 'up'],
  );
});

test('what a pool refuses, closes or does not know reaches the owner in words', async (t) => {
  const { client, link } = await connected(t);
  const refused = new Owner();
  client.open(request, refused);
  const { message } = await link.take('OpenExtendedMiningChannel');
  const { request_id } = message;
  link.send({ name: 'OpenMiningChannel.Error', request_id, error_code: 'unknown-user' });
  await eventually(() => refused.told.length === 1, 'the refusal');
  assert.match(refused.told[0] ?? '', /did not open a channel: unknown-user/);
  link.send({ name: 'OpenMiningChannel.Error', request_id, error_code: 'again' });
  const owner = await openChannel(client, link);
  link.send({ name: 'SetNewPrevHash', channel_id: 5, job_id: 77, prev_hash: target, min_ntime: 1, nbits: 1 });
  link.send({ name: 'SubmitShares.Error', channel_id: 5, sequence_number: 77, error_code: 'stale-share' });
  link.send({ name: 'UpdateChannel.Error', channel_id: 5, error_code: 'invalid-nominal-hashrate' });
  link.send({ name: 'CloseChannel', channel_id: 5, reason_code: 'bye' });
  await eventually(() => owner.told.length === 2, 'the close');
  assert.deepEqual(owner.told, ['opened', 'closed: the pool closed the channel: bye']);
  assert.equal(refused.told.length, 1);
  assert.equal(client.isUp, true);
});

test('closing a channel tells the pool, loses what waits, and tells its owner nothing', async (t) => {
  const { client, link } = await connected(t);
  const owner = await openChannel(client, link);
  const channel = channelOf(owner);
  const verdict = channel.submit(share, { worker: '', lockingKey: key });
  channel.update(5e11, target);
  channel.close('miner-disconnected');
  channel.close('again');
  assert.deepEqual(await verdict, { kind: 'lost', reason: 'miner-disconnected' });
  assert.equal((await link.take('UpdateChannel')).message.nominal_hash_rate, Math.fround(5e11));
  assert.equal((await link.take('CloseChannel')).message.channel_id, 5);
  sendJob(link, 5, 3);
  link.send({ name: 'CloseChannel', channel_id: 5, reason_code: 'too' });
  await openChannel(client, link, 6);
  assert.deepEqual(owner.told, ['opened']);
});

test('a pool that does not agree to ehash is not mined with, and the next one is tried', async (t) => {
  const foreign = await fakePool(t, workers, { supported: [WORKER_NAME_EXTENSION] });
  const own = await fakePool(t, workers);
  const { client, events } = start(t, { port: foreign.port }, { port: own.port });
  await eventually(() => client.isUp, 'the second pool');
  assert.equal(own.links.length, 1);
  assert.ok(events.some((event) => event.includes('did not agree to the ehash extension')));
});

test('a foreign pool may keep silent about extensions: then shares carry none', async (t) => {
  const pool = await fakePool(t, workers, { supported: 'silent' });
  const { client } = start(t, { port: pool.port, paysEhash: false });
  const link = await pool.link();
  await eventually(() => client.isUp, 'the link');
  assert.equal(client.speaksEhash, false);
  const channel = channelOf(await openChannel(client, link));
  void channel.submit(share, { worker: 'rig1', lockingKey: key });
  assert.deepEqual((await link.take('OpenExtendedMiningChannel')).tlvs, []);
  assert.deepEqual((await link.take('SubmitSharesExtended')).tlvs, []);
});

test('a wrong authority key is said in words, and without a link nothing can be opened', async (t) => {
  const pool = await fakePool(t, workers);
  const { client, events } = start(t, { port: pool.port, authorityKey: new Uint8Array(32).fill(3) });
  await eventually(() => events.some((event) => event.includes('authority')), 'words about the key');
  const owner = new Owner();
  client.open(request, owner);
  assert.match(owner.told[0] ?? '', /link to the pool is down/);
});
