import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { equalBytes } from '../../../../protocols/bytes.ts';
import type { MiningClientOptions } from '../../../../services/mining-client/client.ts';
import { OPEN_TIMEOUT_MS } from '../../../../services/mining-client/session.ts';
import { ShareOwner } from '../../../../services/mining-client/share-owner.ts';
import { eventually, fakePool, sendJob } from '../../../harness/fake-pool.ts';
import {
  accept,
  channelOf,
  connected,
  grant,
  key,
  openChannel,
  request,
  SHORT_RESUME_LIMIT_MS,
  share,
  startWithin,
  submitted,
  whose,
  workers,
} from './fixture.ts';

/** A channel with one answered share and one that waits, whose link is cut; then the next link. */
async function cutLink(t: TestContext, options: Partial<MiningClientOptions> = {}) {
  const { client, pool, link } = await connected(t, options);
  const owner = await openChannel(client, link);
  const channel = channelOf(owner);
  sendJob(link, 5, 1);
  const answered = submitted(channel, share, whose);
  const waiting = submitted(channel, { ...share, nonce: 8 }, whose);
  await link.take('SubmitSharesExtended', 1);
  accept(link, 5, 1);
  assert.equal((await answered).kind, 'accepted');
  link.connection.close('cut by the test');
  await eventually(() => channel.isCut, 'the cut');
  const meanwhile = submitted(channel, { ...share, nonce: 9 }, whose);
  const next = await pool.link(1);
  return { client, pool, owner, channel, waiting, meanwhile, next };
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

test('a difficulty wished for while the channel is asked back is told once it, or another, is there', async (t) => {
  for (const extranonce_prefix of [Uint8Array.of(1, 2, 3, 5), Uint8Array.of(7, 7, 7, 7)]) {
    const { channel, next } = await cutLink(t);
    const { message } = await next.take('OpenExtendedMiningChannel');
    channel.update({ nominalHashRate: 2e12, maximumTargetLe: new Uint8Array(32).fill(3) });
    grant(next, message.request_id, 9, { extranonce_prefix });
    const update = (await next.take('UpdateChannel')).message;
    assert.deepEqual([update.channel_id, update.maximum_target], [9, new Uint8Array(32).fill(3)]);
  }
});

test('a pool that answers no share any more is left, and gets the shares on another link', async (t) => {
  const pool = await fakePool(t, workers);
  const { client } = startWithin(t, { answerLimitMs: 1000 }, { port: pool.port });
  const link = await pool.link();
  await eventually(() => client.isUp, 'the link');
  const channel = channelOf(await openChannel(client, link));
  const verdict = submitted(channel, share, whose);
  const next = await pool.link(1);
  const { message } = await next.take('OpenExtendedMiningChannel');
  grant(next, message.request_id, 5, { extranonce_prefix: Uint8Array.of(1, 2, 3, 5) });
  accept(next, 5, (await next.take('SubmitSharesExtended')).message.sequence_number);
  assert.equal((await verdict).kind, 'accepted');
  await new Promise((resolve) => setTimeout(resolve, 2000));
  assert.equal(pool.links.length, 2, 'a channel without waiting shares is silent for good reason');
});

test('a foreign pool may take its time over a batch of shares', async (t) => {
  const pool = await fakePool(t, workers, { supported: [] });
  const { client } = startWithin(t, { answerLimitMs: 100 }, { port: pool.port, paysEhash: false });
  const link = await pool.link();
  await eventually(() => client.isUp, 'the link');
  const channel = channelOf(await openChannel(client, link));
  const verdict = submitted(channel, share, whose);
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
  assert.equal((await submitted(channel, share, whose)).kind, 'lost');
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

test('a pool that takes its time to give a channel back is asked once, and shares are sent again all the same', async (t) => {
  const pool = await fakePool(t, workers);
  const { client } = startWithin(t, { resumeLimitMs: 4 * OPEN_TIMEOUT_MS }, { port: pool.port });
  const link = await pool.link();
  await eventually(() => client.isUp, 'the link');
  const channel = channelOf(await openChannel(client, link));
  const waiting = submitted(channel, share, whose);
  link.connection.close('cut by the test');
  const next = await pool.link(1);
  const { message } = await next.take('OpenExtendedMiningChannel');
  await new Promise((resolve) => setTimeout(resolve, OPEN_TIMEOUT_MS + 500));
  grant(next, message.request_id, 5, { extranonce_prefix: Uint8Array.of(1, 2, 3, 5) });
  accept(next, 5, (await next.take('SubmitSharesExtended')).message.sequence_number);
  assert.equal((await waiting).kind, 'accepted');
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
  const limit = { resumeLimitMs: SHORT_RESUME_LIMIT_MS };
  const { owner, waiting, meanwhile } = await cutLink(t, limit);
  assert.equal((await waiting).kind, 'lost');
  assert.equal((await meanwhile).kind, 'lost');
  assert.match(owner.told.at(-1) ?? '', /^closed: /);
});

test('a cut link loses channels without a token, tells their owners, and comes back', async (t) => {
  const { client, events, pool, link } = await connected(t);
  const owner = await openChannel(client, link, 5, 0, { ...request, resumeToken: undefined });
  const verdict = submitted(channelOf(owner), share, new ShareOwner('', key));
  await link.take('SubmitSharesExtended');
  link.connection.close('cut by the test');
  assert.equal((await verdict).kind, 'lost');
  await pool.link(1);
  await eventually(() => events.filter((event) => event === 'up').length === 2, 'the second link');
  assert.match(owner.told.at(-1) ?? '', /^closed: /);
  assert.equal((await submitted(channelOf(owner), share, new ShareOwner('', key))).kind, 'lost');
  assert.deepEqual(
    events.filter((event) => event === 'up' || event === 'down'),
    ['up', 'down', 'up'],
  );
});
