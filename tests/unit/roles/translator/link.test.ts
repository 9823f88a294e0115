import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_OUTAGE_MS } from '../../../../roles/translator/sv1-server/miner-channel.ts';
import { openRefused } from '../../../../services/mining-client/session.ts';
import { translatorUnderTest } from './test-upstream.ts';

const NAME = 'name.rig1';

test('when the link is cut miners stay, and shares without an answer get one in words', async (t) => {
  const { upstream, miner } = await translatorUnderTest(t);
  const { client, channel } = await miner(NAME);
  channel.verdict = undefined;
  const waiting = client.submit(NAME, client.mineShare());
  await client.until(() => channel.shares.length === 1, 'the share');
  upstream.cut();
  assert.deepEqual((await waiting).error, [20, 'No answer from the pool: the link was cut', null]);
  assert.deepEqual((await client.submit(NAME, client.mineShare())).error, [
    20,
    'No answer from the pool: the link to it is down',
    null,
  ]);
  assert.equal((await client.request('mining.ping')).result, 'pong');
  assert.equal(client.closed, false);
});

test('a miner that gets its extranonce back mines on, its old jobs stale', async (t) => {
  const { upstream, server, miner } = await translatorUnderTest(t);
  const { client, channel } = await miner(NAME);
  const old = client.job;
  const oldShare = client.mineShare();
  upstream.cut();
  upstream.isUp = true;
  upstream.prefix = channel.extranoncePrefix;
  server.linkUp();
  await client.until(() => upstream.channels.length === 2, 'the second channel');
  assert.deepEqual(upstream.last.request.resumeToken, channel.request.resumeToken);
  assert.deepEqual(upstream.last.request.lockingKey, channel.request.lockingKey);
  upstream.last.job(1);
  const job = await client.waitForJob(old);
  assert.equal(job.cleanJobs, true);
  assert.deepEqual((await client.submit(NAME, oldShare)).error, [21, 'Stale', null]);
  assert.equal((await client.submit(NAME, client.mineShare())).result, true);
});

test('a new extranonce is told to a miner that asked for it; another is hung up on', async (t) => {
  const { upstream, server, miner } = await translatorUnderTest(t);
  const told = await miner(NAME);
  await told.client.request('mining.extranonce.subscribe');
  const untold = await miner(NAME);
  const old = told.client.job;
  upstream.cut();
  upstream.isUp = true;
  server.linkUp();
  await untold.client.untilClosed();
  const channel = upstream.channels[2];
  assert.ok(channel);
  assert.deepEqual((await told.client.note('mining.set_extranonce', 0)).params, ['01000003', 4]);
  channel.job(1);
  await told.client.waitForJob(old);
  assert.equal((await told.client.submit(NAME, told.client.mineShare())).result, true);
  assert.equal(channel.shares.length, 1);
});

test('a prefix that the pool changes for later jobs is told before the first of them', async (t) => {
  const { miner } = await translatorUnderTest(t);
  const { client, channel } = await miner(NAME);
  await client.request('mining.extranonce.subscribe');
  channel.job(2, { extranoncePrefix: Uint8Array.of(9, 9, 9, 9) });
  await client.until(() => client.job?.jobId === '2', 'job 2');
  assert.equal(client.extranonce1, '09090909');
  assert.equal((await client.submit(NAME, client.mineShare())).result, true);
});

test('a channel that the pool closes, its link being up, sends its miner away and no other', async (t) => {
  const { miner } = await translatorUnderTest(t);
  const first = await miner(NAME);
  const second = await miner(NAME);
  first.channel.lose('the pool closed the channel: bye');
  await first.client.untilClosed();
  assert.equal((await second.client.submit(NAME, second.client.mineShare())).result, true);
});

test('a link cut while a channel is being opened: the subscription waits for the next link', async (t) => {
  const { upstream, server, connect } = await translatorUnderTest(t);
  upstream.opens = false;
  const client = await connect();
  const answer = client.subscribe();
  await client.until(() => upstream.channels.length === 1, 'the opening');
  upstream.isUp = false;
  upstream.last.owner.refused(openRefused('cut'));
  upstream.isUp = true;
  upstream.opens = true;
  server.linkUp();
  assert.ok(Array.isArray((await answer).result));
});

test('a channel that opens for a miner that has left is closed', async (t) => {
  const { upstream, connect } = await translatorUnderTest(t);
  upstream.opens = false;
  const client = await connect();
  client.sendRaw('{"id":1,"method":"mining.subscribe","params":[]}\n');
  await client.until(() => upstream.channels.length === 1, 'the opening');
  client.close();
  await new Promise((resolve) => setTimeout(resolve, 50));
  upstream.last.owner.opened(upstream.last);
  assert.equal(upstream.last.closedFor, 'miner-disconnected');
});

test('with the pool away for long, miners are sent away: they may have another pool', async (t) => {
  const { upstream, miner, clock } = await translatorUnderTest(t);
  const { client } = await miner(NAME);
  upstream.cut();
  clock.now += MAX_OUTAGE_MS - 5000;
  await new Promise((resolve) => setTimeout(resolve, 1100));
  assert.equal(client.closed, false);
  clock.now += 5000;
  await client.untilClosed();
});
