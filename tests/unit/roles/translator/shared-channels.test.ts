import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  exponentAtMost,
  leBytesToTarget,
  powerTarget,
  targetToLeBytes,
} from '../../../../protocols/bitcoin/target.ts';
import { concatBytes, toHex } from '../../../../protocols/bytes.ts';
import { EMPTY_MS } from '../../../../roles/translator/shared-channels/shared-channels.ts';
import type { Sv1Client } from '../../../harness/sv1-client.ts';
import { type SentShare, type TestChannel, translatorUnderTest } from './test-upstream.ts';

const BITS = 8;
/** Hashes per second at which a miner is given so many bits at 6 shares a minute. */
const settings = { minIndividualMinerHashrate: 30, easiestBits: 0 };

const exponentOf = ({ request }: TestChannel): number =>
  exponentAtMost(leBytesToTarget(request.maximumTargetLe));
const shared = (channels: readonly TestChannel[]): TestChannel[] =>
  channels.filter(({ request }) => request.miners !== undefined);

/** Shares that are too many where hardly one is wanted: more than 64 times as many. */
const FLOOD = 128;

/** A job at the target that the channel was asked for. */
function work(channel: TestChannel, jobId: number, changes: Parameters<TestChannel['job']>[1] = {}): void {
  channel.job(jobId, { targetLe: channel.request.maximumTargetLe, ...changes });
}

async function scene(t: TestContext) {
  const translator = await translatorUnderTest(t, { aggregate: true, settings });
  /** A miner that takes a new extranonce, in the channel for all, with a job. */
  const sharer = async (name: string): Promise<Sv1Client> => {
    const client = await translator.connect();
    await client.subscribe();
    await client.authorize(name);
    await client.request('mining.extranonce.subscribe');
    const [channel] = shared(translator.upstream.channels);
    assert.ok(channel);
    if (client.job === undefined) work(channel, 1);
    await client.waitForJob();
    return client;
  };
  return { ...translator, sharer };
}

test('miners that take a new extranonce share a channel, each in its own part of it; another one has its own', async (t) => {
  const { upstream, sharer, connect } = await scene(t);
  const miners = [await sharer('name.a'), await sharer('name.b')];
  const lone = await connect();
  await lone.subscribe();
  await lone.authorize('name.c');
  const [own] = upstream.channels.slice(-1);
  const [channel, ...others] = shared(upstream.channels);
  assert.ok(own && channel);
  assert.equal(others.length, 0);
  assert.equal(own.request.miners, undefined);
  assert.equal(exponentOf(channel), BITS);
  assert.equal(channel.request.isFixed, true);
  assert.equal(channel.request.userIdentity, 'hashpool.k8');
  assert.equal(channel.request.minExtranonceSize, 6);
  assert.notEqual(miners[0]?.extranonce1, miners[1]?.extranonce1);
  for (const [i, client] of miners.entries()) {
    assert.equal(client.extranonce2Size, 4);
    assert.ok(client.extranonce1.startsWith(toHex(channel.extranoncePrefix)));
    const share = client.mineShare();
    assert.equal((await client.submit(`name.${'ab'[i]}`, share)).result, true);
    const sent: SentShare | undefined = channel.shares[i];
    assert.ok(sent);
    assert.equal(sent.owner.worker, `name.${'ab'[i]}`);
    const full = toHex(concatBytes(channel.extranoncePrefix, sent.share.extranonce));
    assert.equal(full, client.extranonce1 + share.extranonce2);
  }
  const left = upstream.channels.filter(({ closedFor }) => closedFor !== undefined);
  assert.equal(left.length, 2, 'the channels of their own that the sharers began with');
});

test('a miner that finds too much is moved to a harder channel, alone; what it found before counts', async (t) => {
  const { upstream, sharer } = await scene(t);
  const [slow, quick] = [await sharer('name.slow'), await sharer('name.quick')];
  const late = quick.mineShare();
  const before = quick.extranonce1;
  const [channel] = shared(upstream.channels);
  assert.ok(channel);
  while (shared(upstream.channels).length === 1) await quick.submit('name.quick', quick.mineShare());
  const [, harder] = shared(upstream.channels);
  assert.ok(harder);
  assert.ok(exponentOf(harder) > BITS);
  work(harder, 2);
  await quick.waitForJob(quick.job);
  assert.notEqual(quick.extranonce1, before);
  assert.equal(quick.difficulty, 2 ** (exponentOf(harder) - 32));
  assert.equal(quick.closed, false);
  const already = channel.shares.length;
  assert.equal(
    (await quick.submit('name.quick', late)).result,
    true,
    "the old job's share at its own difficulty",
  );
  assert.equal(channel.shares.length, already + 1);
  assert.equal((await slow.submit('name.slow', slow.mineShare())).result, true);
  assert.equal(slow.difficulty, 2 ** (BITS - 32));
});

test('fd= stays where it is at many times the shares that are wanted, and not for a flood', async (t) => {
  const { upstream, sharer, sharing, clock } = await scene(t);
  const miner = await sharer('name.a');
  await miner.authorize('name.a', `x,fd=${2 ** (BITS - 32)}`);
  for (let i = 0; i < FLOOD / 2; i++) await miner.submit('name.a', miner.mineShare());
  clock.now += 3000;
  sharing.tick();
  assert.equal(shared(upstream.channels).length, 1);
  let sent = 0;
  while (shared(upstream.channels).length === 1 && sent < 4 * FLOOD) {
    await miner.submit('name.a', miner.mineShare());
    sent++;
  }
  const [, harder] = shared(upstream.channels);
  assert.ok(harder && sent > FLOOD / 4, `${sent} more were let by`);
  assert.equal(exponentOf(harder), BITS + 1);
  work(harder, 2);
  await miner.waitForJob(miner.job);
  assert.equal(miner.difficulty, 2 ** (BITS + 1 - 32));
  assert.equal(miner.closed, false);
  await miner.authorize('name.a', `x,fd=${2 ** (BITS - 32)}`);
  assert.equal(miner.difficulty, 2 ** (BITS + 1 - 32), 'asking again does not take it back');
});

test('a silent miner is moved to an easier channel, and the one that it left is closed', async (t) => {
  const { upstream, sharer, sharing, clock } = await scene(t);
  const miner = await sharer('name.a');
  const [channel] = shared(upstream.channels);
  clock.now += 90_000;
  sharing.tick();
  const [, easier] = shared(upstream.channels);
  assert.ok(channel && easier);
  assert.ok(exponentOf(easier) < BITS);
  work(easier, 2);
  await miner.waitForJob(miner.job);
  sharing.tick();
  clock.now += EMPTY_MS;
  sharing.tick();
  assert.equal(channel.closedFor, 'no-miners');
  assert.equal(easier.closedFor, undefined);
});

test('answers that come late, and many at once, move nobody: a share counts when it is found', async (t) => {
  const { upstream, sharer, sharing, clock } = await scene(t);
  const miner = await sharer('name.a');
  const [channel] = shared(upstream.channels);
  assert.ok(channel);
  channel.verdict = undefined;
  const answers: Promise<unknown>[] = [];
  for (let minute = 0; minute < 2; minute++) {
    for (let i = 0; i < 9; i++) {
      answers.push(miner.submit('name.a', miner.mineShare()));
      await miner.until(() => channel.shares.length === answers.length, 'the share');
      clock.now += 60_000 / 9;
      sharing.tick();
    }
  }
  assert.equal(shared(upstream.channels).length, 1, 'a cut is not taken for silence');
  for (const { answer } of channel.shares) answer({ kind: 'accepted' });
  await Promise.all(answers);
  sharing.tick();
  assert.equal(shared(upstream.channels).length, 1, 'nor what is answered after it for a flood');
});

test('the pool hears how many share the channel', async (t) => {
  const { upstream, sharer } = await scene(t);
  for (const name of ['a', 'b', 'c', 'd', 'e']) await sharer(`name.${name}`);
  const [channel] = shared(upstream.channels);
  assert.deepEqual(
    channel?.updates.map(({ miners: told }) => told),
    [2, 4, 8],
  );
});

test('where the pool opens no channel to share, each miner gets its own', async (t) => {
  const { upstream, connect, sharing } = await scene(t);
  const client = await connect();
  await client.subscribe();
  await client.authorize('name.a');
  upstream.refusal = 'min-extranonce-size-too-large';
  const asked = client.request('mining.extranonce.subscribe');
  assert.equal((await asked).result, true);
  assert.equal(sharing.isShared, false);
  upstream.refusal = undefined;
  const other = await connect();
  await other.request('mining.extranonce.subscribe');
  await other.subscribe();
  await other.authorize('name.b');
  upstream.last.job(1);
  await other.waitForJob();
  assert.equal((await other.submit('name.b', other.mineShare())).result, true);
  assert.equal(shared(upstream.channels).length, 0);
});

test('a pool that pays no ehash would not leave a target alone: nobody shares a channel there', async (t) => {
  const { upstream, connect } = await scene(t);
  upstream.speaksEhash = false;
  const client = await connect();
  await client.request('mining.extranonce.subscribe');
  await client.subscribe();
  assert.equal(shared(upstream.channels).length, 0);
  assert.equal(upstream.channels.length, 1);
});

test('a channel that the pool closes: its miners are told of another one, and none is hung up on', async (t) => {
  const { upstream, sharer } = await scene(t);
  const miners = [await sharer('name.a'), await sharer('name.b')];
  const jobs = miners.map(({ job }) => job);
  shared(upstream.channels)[0]?.lose('the pool closed the channel: bye');
  const [, next] = shared(upstream.channels);
  assert.ok(next);
  work(next, 2);
  for (const [i, client] of miners.entries()) {
    await client.waitForJob(jobs[i]);
    assert.ok(client.extranonce1.startsWith(toHex(next.extranoncePrefix)));
    assert.equal((await client.submit(`name.${'ab'[i]}`, client.mineShare())).result, true);
    assert.equal(client.closed, false);
  }
});

test('another channel after a cut: its miners get their places anew', async (t) => {
  const { upstream, sharer } = await scene(t);
  const miner = await sharer('name.a');
  const [channel] = shared(upstream.channels);
  assert.ok(channel);
  const first = miner.job;
  upstream.open(channel.request, channel.owner);
  const next = upstream.last;
  work(next, 7);
  await miner.waitForJob(first);
  assert.ok(miner.extranonce1.startsWith(toHex(next.extranoncePrefix)));
  assert.equal((await miner.submit('name.a', miner.mineShare())).result, true);
  assert.equal(next.shares.length, 1);
});

test('the pool has nothing so easy: the channel is of the exponent that it has, and later miners go there', async (t) => {
  const { upstream, connect, sharing } = await scene(t);
  const client = await connect();
  await client.request('mining.extranonce.subscribe');
  await client.subscribe();
  await client.authorize('name.a');
  const [channel] = shared(upstream.channels);
  assert.ok(channel);
  work(channel, 1, { targetLe: targetToLeBytes(powerTarget(BITS + 2)) });
  await client.waitForJob();
  assert.equal(client.difficulty, 2 ** (BITS + 2 - 32));
  const other = await connect();
  await other.request('mining.extranonce.subscribe');
  await other.subscribe();
  await other.authorize('name.b');
  await other.waitForJob();
  assert.equal(sharing.size, 1);
  assert.equal(shared(upstream.channels).length, 1);
});

test('the prefix of a shared channel changes for later jobs: each miner is told its own', async (t) => {
  const { upstream, sharer } = await scene(t);
  const miners = [await sharer('name.a'), await sharer('name.b')];
  const jobs = miners.map(({ job }) => job);
  const [channel] = shared(upstream.channels);
  assert.ok(channel);
  work(channel, 2, { extranoncePrefix: Uint8Array.of(9, 9, 9, 9) });
  for (const [i, client] of miners.entries()) {
    await client.waitForJob(jobs[i]);
    assert.match(client.extranonce1, /^09090909/);
    assert.equal((await client.submit(`name.${'ab'[i]}`, client.mineShare())).result, true);
  }
  assert.notEqual(miners[0]?.extranonce1, miners[1]?.extranonce1);
});

test('a connection that broke brings its place back, with the jobs that are still good', async (t) => {
  const { upstream, sharer, connect } = await scene(t);
  const miner = await sharer('name.a');
  const share = miner.mineShare();
  const { extranonce1 } = miner;
  const opened = upstream.channels.length;
  const [[, sessionId]] = (await miner.request('mining.subscribe', ['again'])).result as [
    [unknown, [string, string]],
  ];
  miner.socket.destroy();
  const back = await connect();
  await back.request('mining.subscribe', ['again', String(sessionId[1])]);
  await back.authorize('name.a');
  await back.request('mining.extranonce.subscribe');
  await back.waitForJob();
  Object.assign(back, { extranonce1, extranonce2Size: miner.extranonce2Size });
  const answer = await back.submit('name.a', share);
  assert.equal(answer.result, true, `found before the cut: ${answer.error}`);
  assert.equal((await back.submit('name.a', back.mineShare())).result, true);
  assert.equal(upstream.channels.length, opened, 'no channel more');
});
