import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_OUTAGE_MS } from '../../../../roles/translator/sv1-server/miner-channel.ts';

import { OUTAGE_TOLD_AFTER_MS } from '../../../../roles/translator/sv1-server/server.ts';
import { newShareCounts } from '../../../../roles/translator/sv1-server/share-answer.ts';
import { ANSWER_LIMIT_MS } from '../../../../roles/translator/sv1-server/share-desk.ts';
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
  assert.deepEqual(upstream.last.request.lockingKey, channel.request.lockingKey);
  upstream.last.job(1);
  const job = await client.waitForJob(old);
  assert.equal(job.cleanJobs, true);
  assert.deepEqual((await client.submit(NAME, oldShare)).error, [21, 'Stale', null]);
  assert.equal((await client.submit(NAME, client.mineShare())).result, true);
});

test('a new extranonce is told to a miner that asked for it; another is told to connect again', async (t) => {
  const { upstream, server, miner } = await translatorUnderTest(t);
  const told = await miner(NAME);
  await told.client.request('mining.extranonce.subscribe');
  const untold = await miner(NAME);
  const old = told.client.job;
  upstream.cut();
  upstream.isUp = true;
  server.linkUp();
  assert.deepEqual((await untold.client.note('client.reconnect', 0)).params, []);
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
  const first = client.job;
  channel.job(2, { extranoncePrefix: Uint8Array.of(9, 9, 9, 9) });
  await client.waitForJob(first);
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

test('at a move to another pool the old channel serves until the new one is there', async (t) => {
  const { upstream, server, miner } = await translatorUnderTest(t);
  const { client, channel } = await miner(NAME);
  await client.request('mining.extranonce.subscribe');
  upstream.opens = false;
  server.linkUp(true);
  await client.until(() => upstream.channels.length === 2, 'the second channel');
  assert.equal((await client.submit(NAME, client.mineShare())).result, true);
  assert.deepEqual([channel.shares.length, channel.closedFor], [1, undefined]);
  const old = client.job;
  upstream.last.owner.opened(upstream.last);
  assert.equal(channel.closedFor, 'moved-to-another-pool');
  upstream.last.job(1);
  assert.deepEqual((await client.note('mining.set_extranonce', 0)).params, ['01000002', 4]);
  assert.equal((await client.waitForJob(old)).cleanJobs, true);
  assert.equal((await client.submit(NAME, client.mineShare())).result, true);
  assert.equal(upstream.last.shares.length, 1);
  assert.equal(client.closed, false);
});

test('at a move a miner without set_extranonce is told to connect again, its shares answered until it goes', async (t) => {
  const { upstream, server, miner } = await translatorUnderTest(t);
  const { client, channel } = await miner(NAME);
  server.linkUp(true);
  assert.deepEqual((await client.note('client.reconnect', 0)).params, []);
  assert.equal((await client.submit(NAME, client.mineShare())).result, true);
  assert.equal(upstream.channels.length, 1, 'it gets its channel at the other pool when it comes again');
  await client.untilClosed();
  await client.until(() => channel.closedFor !== undefined, 'the channel to be left');
  assert.equal(channel.closedFor, 'miner-disconnected');
});

test('a move while a channel is being opened at the pool before ends at the new one', async (t) => {
  const { upstream, server, connect } = await translatorUnderTest(t);
  upstream.opens = false;
  const client = await connect();
  const answer = client.subscribe();
  await client.until(() => upstream.channels.length === 1, 'the opening');
  server.linkUp(true);
  upstream.opens = true;
  const [first] = upstream.channels;
  first?.owner.opened(first);
  await client.until(() => first?.closedFor === 'moved-to-another-pool', 'the second channel');
  assert.equal((await answer).error, null);
});

test('a pool that refuses a channel during a move for want of work is asked again', async (t) => {
  const { upstream, server, miner, clock } = await translatorUnderTest(t);
  const { client, channel } = await miner(NAME);
  await client.request('mining.extranonce.subscribe');
  upstream.refusal = 'pool-not-ready';
  server.linkUp(true);
  await client.until(() => upstream.refusals === 1, 'the refusal');
  upstream.refusal = undefined;
  clock.now += 2000;
  await client.until(() => upstream.channels.length === 2, 'the channel');
  assert.equal(channel.closedFor, 'moved-to-another-pool');
});

test('with no pool left the miners are told so once, and told when one is back', async (t) => {
  const { upstream, server, miner, clock } = await translatorUnderTest(t);
  const { client } = await miner(NAME);
  const shown = () =>
    client.notes.filter(({ method }) => method === 'client.show_message').map(({ params }) => params[0]);
  const before = shown().length;
  upstream.cut();
  server.linkDown();
  clock.now += OUTAGE_TOLD_AFTER_MS;
  await client.until(() => shown().length > before, 'the message');
  server.linkDown();
  await new Promise((resolve) => setTimeout(resolve, 1100));
  upstream.isUp = true;
  server.linkUp();
  await client.until(() => shown().length === before + 2, 'the other message');
  assert.deepEqual(shown().slice(before), [
    'No pool answers. Shares are kept and sent when one is back',
    'A pool is there again',
  ]);
  server.linkDown();
  server.linkUp();
  await client.request('mining.ping');
  assert.equal(shown().length, before + 2, 'a short cut is no news');
});

test('a foreign pool that is silent for 10 s: the miner is told so, and the share counts when it is accepted', async (t) => {
  const { miner, shares, clock } = await translatorUnderTest(t);
  const { client, channel } = await miner(NAME);
  channel.isResumable = false;
  channel.verdict = undefined;
  const waiting = client.submit(NAME, client.mineShare());
  await client.until(() => channel.shares.length === 1, 'the share');
  clock.now += ANSWER_LIMIT_MS;
  assert.deepEqual((await waiting).error, [20, 'No answer from the pool: none for 10 s', null]);
  assert.deepEqual(shares, newShareCounts());
  channel.shares[0]?.answer({ kind: 'accepted' });
  await client.until(() => shares.accepted === 1, 'the count');
  assert.equal((await client.request('mining.ping')).result, 'pong');
  assert.equal(client.answered.length, new Set(client.answered).size, 'no share is answered twice');
});

test('a hashpool is waited for: a cut link may bring the answer later', async (t) => {
  const { miner, clock } = await translatorUnderTest(t);
  const { client, channel } = await miner(NAME);
  channel.verdict = undefined;
  const waiting = client.submit(NAME, client.mineShare());
  await client.until(() => channel.shares.length === 1, 'the share');
  clock.now += 2 * ANSWER_LIMIT_MS;
  await new Promise((resolve) => setTimeout(resolve, 1100));
  channel.shares[0]?.answer({ kind: 'accepted' });
  assert.equal((await waiting).result, true);
});
