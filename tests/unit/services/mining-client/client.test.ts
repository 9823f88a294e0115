import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../../../protocols/bytes.ts';
import {
  decodeFixedTarget,
  EHASH_EXTENSION,
  FIXED_TARGET_FIELD,
  WORKER_NAME_EXTENSION,
} from '../../../../protocols/ehash/extension.ts';
import { REQUIRES_VERSION_ROLLING } from '../../../../protocols/sv2/mining.ts';
import { ShareOwner } from '../../../../services/mining-client/share-owner.ts';
import { eventually, fakePool, sendFutureJob, sendJob, sendPrevHash } from '../../../harness/fake-pool.ts';
import {
  channelOf,
  connected,
  key,
  Owner,
  openChannel,
  request,
  share,
  start,
  submitted,
  target,
  workers,
} from './fixture.ts';

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

test('a channel that many share says how many they are, at its opening and when they are more', async (t) => {
  const { client, link } = await connected(t);
  const channel = channelOf(await openChannel(client, link, 5, 0, { ...request, isFixed: true, miners: 1 }));
  const { nominalHashRate, maximumTargetLe } = request;
  channel.update({ nominalHashRate, maximumTargetLe, isFixed: true, miners: 4096 });
  channel.update({ nominalHashRate, maximumTargetLe, isFixed: true });
  channel.update({ nominalHashRate, maximumTargetLe });
  const said = [(await link.take('OpenExtendedMiningChannel')).tlvs];
  for (const i of [0, 1, 2]) said.push((await link.take('UpdateChannel', i)).tlvs);
  const values = said.map((tlvs) => tlvs.find(({ field }) => field === FIXED_TARGET_FIELD)?.value);
  assert.deepEqual(values, [
    Uint8Array.of(1, 0, 0, 0),
    Uint8Array.of(0, 16, 0, 0),
    new Uint8Array(0),
    undefined,
  ]);
  assert.deepEqual(
    [...values, Uint8Array.of(0, 0, 0, 0), Uint8Array.of(0, 0, 0, 255), Uint8Array.of(9)].map((value) =>
      decodeFixedTarget(value ?? new Uint8Array(0)),
    ),
    [1, 4096, 1, 1, 1, 65_536, 1],
  );
});

test('a share carries the worker first and then the key, and is answered by what the pool says', async (t) => {
  const { client, link } = await connected(t);
  const channel = channelOf(await openChannel(client, link));
  const own = Uint8Array.of(3, ...new Uint8Array(32).fill(6));
  const verdicts = [1, 2, 3].map(() => submitted(channel, share, new ShareOwner('rig1', own)));
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

  test('a job for a tip to come is mined by who was in the group when it came, wherever the tip is told', async (t) => {
    const { client, link } = await connected(t);
    const alone = await openChannel(client, link, 5, 1);
    const moved = await openChannel(client, link, 6, 1);
    sendFutureJob(link, 1, 10);
    sendPrevHash(link, 5, 10);
    link.send({ name: 'SetGroupChannel', group_channel_id: 2, channel_ids: [6] });
    sendPrevHash(link, 2, 10);
    await eventually(() => moved.jobs.length === 1, 'the jobs');
    assert.deepEqual(alone.told, ['opened', 'job 10']);
    assert.deepEqual(moved.told, ['opened', 'job 10']);
  });
  sendJob(link, 1, 12);
  sendJob(link, 99, 13);
  await eventually(() => other.jobs.length === 1 && first.jobs.length === 3, 'the jobs');
  assert.deepEqual(first.told, ['opened', 'job 10', 'job 11', 'job 12']);
  assert.deepEqual(second.told, ['opened', 'job 11', 'job 12']);
  assert.deepEqual(other.told, ['opened', 'job 12']);
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
  const verdict = submitted(channel, share, new ShareOwner('', key));
  channel.update({ nominalHashRate: 5e11, maximumTargetLe: target });
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
  void submitted(channel, share, new ShareOwner('rig1', key));
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
