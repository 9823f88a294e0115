import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { MiningClientOptions } from '../../../../services/mining-client/client.ts';
import { eventually, type FakePool, fakePool, sendJob } from '../../../harness/fake-pool.ts';
import {
  accept,
  channelOf,
  grant,
  Owner,
  openChannel,
  request,
  share,
  startWithin,
  submitted,
  whose,
  workers,
} from './fixture.ts';

/** A client of two pools, mining for the first. */
async function twoPools(t: TestContext, options: Partial<MiningClientOptions> = {}) {
  const primary = await fakePool(t, workers);
  const second = await fakePool(t, workers);
  const limits = { resumeLimitMs: 10_000, ...options };
  const { client, events } = startWithin(t, limits, { port: primary.port }, { port: second.port });
  const link = await primary.link();
  await eventually(() => client.isUp, 'the link');
  const owner = await openChannel(client, link);
  sendJob(link, 5, 1);
  await eventually(() => owner.jobs.length === 1, 'the job');
  return { primary, second, client, events, link, owner };
}

const moves = (events: readonly string[]) => events.filter((event) => /^(up|moved|down)$/.test(event));

async function isServed(pool: FakePool, events: readonly string[], last: string): Promise<void> {
  await eventually(() => events.filter((event) => /^(up|moved)$/.test(event)).at(-1) === last, last);
  assert.ok(pool.links.length > 0);
}

test('a pool that is gone is followed by the next; its shares are sent again when it is back', async (t) => {
  const { primary, second, client, events, link, owner } = await twoPools(t, { returnAfterMs: 600 });
  const channel = channelOf(owner);
  const waiting = submitted(channel, share, whose);
  await link.take('SubmitSharesExtended');
  primary.mood = 'no work';
  link.connection.close('cut by the test');
  await isServed(second, events, 'moved');
  const there = await openChannel(client, await second.link(), 6);
  channel.leave('moved-to-another-pool');
  assert.deepEqual(owner.told, ['opened', 'job 1'], 'a channel that was left tells its owner nothing');

  // The primary is asked for its channel while it is not mined for.
  const back = await primary.link(1);
  const { message } = await back.take('OpenExtendedMiningChannel');
  grant(back, message.request_id, 9, { extranonce_prefix: Uint8Array.of(1, 2, 3, 5) });
  accept(back, 9, (await back.take('SubmitSharesExtended')).message.sequence_number);
  assert.equal((await waiting).kind, 'accepted');
  assert.equal((await back.take('CloseChannel')).message.channel_id, 9);
  assert.equal(client.isUp, true);

  // It has work again, and is returned to once it has had it for a while.
  const wellAt = performance.now();
  primary.mood = 'well';
  await eventually(() => events.filter((event) => event === 'moved').length === 2, 'the return');
  assert.ok(performance.now() - wellAt >= 600);
  const atPrimary = await openChannel(client, back, 10);
  channelOf(there).leave('moved-to-another-pool');
  assert.equal(channelOf(atPrimary).isCut, false);
  await eventually(() => second.links[0]?.connection.isOpen === false, 'the second to be let go');
  assert.deepEqual(moves(events), ['up', 'down', 'moved', 'moved']);
});

test('stale-work and server-id-in-use send the miners to the next pool before their channels close', async (t) => {
  for (const code of ['stale-work', 'server-id-in-use']) {
    const { primary, second, client, events, link, owner } = await twoPools(t);
    primary.mood = 'no work';
    link.send({ name: 'CloseChannel', channel_id: 5, reason_code: code });
    await eventually(() => owner.told.length === 3, 'the close');
    assert.equal(owner.told[2], `closed: the pool closed the channel: ${code}`);
    link.closeProbe(code);
    await isServed(second, events, 'moved');
    assert.equal(client.isUp, true);
    assert.equal(link.connection.isOpen, true, 'it is asked on for work');
  }
});

test('a pool without work is passed over at the start, and asked on', async (t) => {
  const primary = await fakePool(t, workers);
  primary.mood = 'no work';
  const second = await fakePool(t, workers);
  const { events } = startWithin(t, { returnAfterMs: 100 }, { port: primary.port }, { port: second.port });
  await isServed(second, events, 'up');
  primary.mood = 'well';
  await isServed(primary, events, 'moved');
  assert.equal(primary.links.length, 1, 'over the same link');
});

test('a pool that has fallen silent is left for the next, though TCP knows nothing of it', async (t) => {
  const { primary, second, client, events, owner } = await twoPools(t, { silenceLimitMs: 1500 });
  await new Promise((resolve) => setTimeout(resolve, 2500));
  assert.deepEqual(moves(events), ['up'], 'a pool that has nothing to tell answers when it is asked');
  primary.mood = 'silent';
  await isServed(second, events, 'moved');
  assert.equal(channelOf(owner).isCut, true);
  assert.equal(client.isUp, true);
});

test('with no pool left nothing is moved, and channels wait to be resumed', async (t) => {
  const { primary, second, client, events, link, owner } = await twoPools(t);
  await second.close();
  primary.mood = 'no work';
  link.connection.close('cut by the test');
  const back = await primary.link(1);
  await eventually(() => events.includes('down'), 'the outage');
  const refused = new Owner();
  client.open(request, refused);
  assert.match(refused.told[0] ?? '', /link to the pool is down/);
  const waiting = submitted(channelOf(owner), share, whose);
  const { message } = await back.take('OpenExtendedMiningChannel');
  grant(back, message.request_id, 5, { extranonce_prefix: Uint8Array.of(1, 2, 3, 5) });
  primary.mood = 'well';
  accept(back, 5, (await back.take('SubmitSharesExtended')).message.sequence_number);
  assert.equal((await waiting).kind, 'accepted');
  await eventually(() => client.isUp, 'the pool to be well');
  assert.deepEqual(moves(events), ['up', 'down', 'up']);
});

test('a channel that is left is closed after its last answer', async (t) => {
  const { link, owner } = await twoPools(t);
  const channel = channelOf(owner);
  const verdicts = [1, 2].map((nonce) => submitted(channel, { ...share, nonce }, whose));
  await link.take('SubmitSharesExtended', 1);
  channel.leave('miner-disconnected');
  accept(link, 5, 1);
  assert.equal((await verdicts[0])?.kind, 'accepted');
  assert.equal(
    link.received.some(({ message }) => message.name === 'CloseChannel'),
    false,
  );
  link.send({ name: 'SubmitShares.Error', channel_id: 5, sequence_number: 2, error_code: 'stale-share' });
  assert.deepEqual(await verdicts[1], { kind: 'refused', code: 'stale-share' });
  assert.equal((await link.take('CloseChannel')).message.channel_id, 5);
  assert.equal((await submitted(channel, share, whose)).kind, 'lost');
});
