import assert from 'node:assert/strict';
import { test } from 'node:test';
import { powerTarget, targetToLeBytes } from '../../../../protocols/bitcoin/target.ts';
import { RESUMABLE_MS } from '../../../../roles/translator/sv1-server/seats.ts';
import type { Sv1Client } from '../../../harness/sv1-client.ts';
import { plainJob, TEST_BITS, translatorUnderTest } from './test-upstream.ts';

const NAME = 'name.rig1';

/** Subscribes as cgminer does that lost its connection. @returns the session id that it is to use next time */
async function subscribe(client: Sv1Client, sessionId?: string): Promise<string> {
  const { result } = await client.request('mining.subscribe', ['cgminer/4.11', sessionId ?? null]);
  const [[, [method, id]], extranonce1, size] = result as [[unknown, [string, string]], string, number];
  assert.equal(method, 'mining.notify');
  client.extranonce1 = extranonce1;
  client.extranonce2Size = size;
  return id;
}

async function settled(t: Parameters<typeof translatorUnderTest>[0]) {
  const scene = await translatorUnderTest(t);
  const client = await scene.connect();
  const sessionId = await subscribe(client);
  await client.authorize(NAME);
  const channel = scene.upstream.last;
  channel.job(1);
  await client.waitForJob();
  return { ...scene, client, channel, sessionId };
}

/** The miner vanishes, and the server has seen it. */
async function leave(client: Sv1Client, server: { readonly minerCount: number }): Promise<void> {
  const before = server.minerCount;
  client.close();
  await client.until(() => server.minerCount < before, 'the connection to be gone');
}

test('who comes back with its session id has its extranonce1, and shares of before still count', async (t) => {
  const { client, connect, channel, sessionId, upstream, server } = await settled(t);
  const share = client.mineShare();
  await leave(client, server);
  channel.job(2, { cleanJobs: false });

  const back = await connect();
  assert.equal(await subscribe(back, sessionId), sessionId);
  assert.equal(back.extranonce1, client.extranonce1);
  assert.equal(upstream.channels.length, 1, 'no other channel was opened');
  assert.equal(back.job, undefined, 'no job before it is authorized');
  await back.authorize(NAME);
  const job = await back.waitForJob();
  assert.deepEqual([back.difficulty, job.cleanJobs], [2 ** (TEST_BITS - 32), true]);
  assert.ok(Number.parseInt(job.ntime, 16) > plainJob.minNtime, 'the same work has another time');
  assert.equal((await back.submit(NAME, share)).result, true);
  assert.equal((await back.submit(NAME, back.mineShare())).result, true);
  assert.deepEqual(
    channel.shares.map(({ share: sent }) => sent.jobId),
    [1, 2],
  );
});

test('a connection that was left half-open is hung up on, and its miner goes on by the new one', async (t) => {
  const { client, connect, channel, sessionId } = await settled(t);
  const back = await connect();
  await subscribe(back, sessionId);
  await client.untilClosed();
  await back.authorize(NAME);
  await back.waitForJob();
  assert.equal((await back.submit(NAME, back.mineShare())).result, true);
  assert.equal(channel.closedFor, undefined);
});

test('what is asked for on the new connection holds, and nothing that the old one asked for but its difficulty', async (t) => {
  const { upstream, connect, server } = await translatorUnderTest(t);
  const client = await connect();
  await client.configure();
  await client.request('mining.suggest_difficulty', [16]);
  await client.request('mining.extranonce.subscribe');
  const sessionId = await subscribe(client);
  await client.authorize(NAME);
  upstream.last.job(1);
  await client.waitForJob();
  await leave(client, server);

  const back = await connect();
  await subscribe(back, sessionId);
  await back.authorize(NAME);
  await back.waitForJob();
  assert.deepEqual(upstream.last.updates, [], 'difficulty stays as it was');
  const share = back.mineShare();
  const rolled = await back.submit(NAME, { ...share, versionBits: '00002000' });
  assert.deepEqual(rolled.error, [20, 'Invalid version mask', null]);
  upstream.last.job(2, { extranoncePrefix: Uint8Array.of(9, 9, 9, 9) });
  assert.equal((await back.note('client.reconnect', 0)).method, 'client.reconnect');
  await back.untilClosed();

  const third = await connect();
  await third.request('mining.suggest_difficulty', [64]);
  assert.notEqual(await subscribe(third, sessionId), sessionId, 'a seat whose miner was sent away is over');
  assert.deepEqual(upstream.last.request.maximumTargetLe, targetToLeBytes(powerTarget(38)));
});

test('a new extranonce that came while the miner was away is told by the answer to subscribe', async (t) => {
  const { client, connect, channel, sessionId, server } = await settled(t);
  await client.request('mining.extranonce.subscribe');
  await leave(client, server);
  channel.job(2, { extranoncePrefix: Uint8Array.of(9, 9, 9, 9) });
  const back = await connect();
  assert.equal(await subscribe(back, sessionId), sessionId);
  assert.equal(back.extranonce1, '09090909');
  await back.authorize(NAME);
  await back.waitForJob();
  assert.equal((await back.submit(NAME, back.mineShare())).result, true);
});

test('an id that nobody has, or whose channel is gone, gets a new channel', async (t) => {
  const { client, connect, channel, sessionId, clock, server, upstream } = await settled(t);
  const stranger = await connect();
  assert.notEqual(await subscribe(stranger, 'ffffffff'), 'ffffffff');
  await leave(client, server);
  clock.now += RESUMABLE_MS + 1000;
  await stranger.until(() => channel.closedFor !== undefined, 'the channel to be closed');
  const late = await connect();
  assert.notEqual(await subscribe(late, sessionId), sessionId);

  const moved = await subscribe(late);
  await late.authorize(NAME);
  upstream.last.job(1);
  await late.waitForJob();
  const kept = upstream.last;
  await leave(late, server);
  server.linkUp(true);
  assert.notEqual(kept.closedFor, undefined, 'a move to another pool ends what waits at the one before');
  const back = await connect();
  assert.notEqual(await subscribe(back, moved), moved);
  upstream.last.job(1, { ...plainJob });
});
