import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leBytesToTarget, powerTarget } from '../../../../protocols/bitcoin/target.ts';
import { bitaxe } from '../../../../roles/miner/profiles/bitaxe.ts';
import { cgminer } from '../../../../roles/miner/profiles/cgminer.ts';
import { hashpool } from '../../../../roles/miner/profiles/hashpool.ts';
import { nerdminer } from '../../../../roles/miner/profiles/nerdminer.ts';
import { profiles } from '../../../../roles/miner/profiles/profiles.ts';
import { reportOf } from '../../../../roles/miner/report.ts';
import { testFleet } from '../../../harness/fleet.ts';
import { TEST_BITS, translatorUnderTest } from '../translator/test-upstream.ts';
import { eventually } from './eventually.ts';
import { scriptedPool } from './scripted-pool.ts';

/** As easy as the test's jobs. */
const EASY = 2 ** (TEST_BITS - 32);

for (const profile of profiles) {
  test(`${profile.name} mines at a translator: its shares are true, its wish is heard`, async (t) => {
    const { server, upstream } = await translatorUnderTest(t);
    const { fleet, answers } = await testFleet(t, {
      port: server.port,
      user: 'name',
      profiles: [profile],
      hashrate: 20_000,
      difficulty: EASY,
    });
    await eventually(() => server.minerCount === 1 && fleet.machines[0]?.isMining === true, 'the machine');
    upstream.last.job(1);
    await eventually(() => answers.length >= 3, 'three shares');
    upstream.last.job(2);
    await eventually(() => upstream.last.shares.some(({ share }) => share.jobId === 2), 'the next job');
    assert.equal(fleet.words, `mining at 127.0.0.1:${server.port}`);
    const { total } = reportOf(fleet, 1);
    assert.equal(total.rejected, 0, JSON.stringify(total.rejections));
    assert.equal(total.creditedHashrate, total.accepted * 256);
    // Whoever suggests nothing says it in the password, which comes too late for the channel's opening.
    await eventually(() => {
      const { request, updates } = upstream.last;
      const wished = updates.at(-1)?.maximumTargetLe ?? request.maximumTargetLe;
      return leBytesToTarget(wished) === powerTarget(TEST_BITS);
    }, 'the wish to be told');
    const rolled = upstream.last.shares.filter(({ share }) => share.jobId === 2);
    const versions = new Set(rolled.map(({ share }) => share.version >>> 29));
    assert.deepEqual([...versions], [1]);
  });
}

test('an extranonce that changes: who takes it goes on, the others come again', async (t) => {
  const { server, upstream } = await translatorUnderTest(t);
  const asks = profiles.filter(
    ({ greeting, configure }) =>
      greeting.some(({ send }) => send === 'extranonce') ||
      /subscribe-extranonce/.test(JSON.stringify(configure)),
  );
  assert.deepEqual(
    asks.map(({ name }) => name),
    ['hashpool', 's19'],
  );
  const { fleet } = await testFleet(t, {
    port: server.port,
    user: 'name',
    profiles,
    hashrate: 60_000,
    difficulty: EASY,
  });
  const jobs = (jobId: number) => {
    for (const channel of upstream.channels) if (channel.closedFor === undefined) channel.job(jobId);
  };
  const accepted = () => fleet.machines.map(({ tally }) => tally.accepted);
  await eventually(() => fleet.machines.every(({ isMining }) => isMining), 'all machines');
  jobs(1);
  await eventually(() => accepted().every((count) => count > 0), 'shares of all');
  upstream.cut();
  upstream.isUp = true;
  server.linkUp();
  const before = accepted();
  // Each new channel gets a job; machines that come back later get theirs when they are there.
  await eventually(
    () => {
      jobs(2);
      return accepted().every((count, i) => count > (before[i] ?? 0));
    },
    'shares of all again',
    60_000,
  );
  for (const { profile, tally } of fleet.machines) {
    assert.equal(tally.reconnects > 0, !asks.includes(profile), profile.name);
    assert.equal(tally.extranoncesSet > 0, asks.includes(profile), profile.name);
  }
});

test('a pool that goes away at any moment of the greeting is tried again', async (t) => {
  let left = 0;
  const pool = await scriptedPool(t, ({ id, method }, { send, hangUp, isFirst }) => {
    if (isFirst) left = pool.connections - 1;
    if (left-- > 0) send({ id, result: method === 'mining.subscribe' ? [[], '00', 4] : true, error: null });
    else hangUp();
  });
  const { fleet } = await testFleet(t, {
    port: pool.port,
    user: 'name',
    profiles: [{ ...hashpool, reconnectsAfter: { end: [1, 1], unwelcome: [1, 1], failure: [1, 1] } }],
    hashrate: 1000,
    difficulty: EASY,
  });
  await eventually(() => fleet.machines[0]?.isMining === true, 'the greeting to get through', 30_000);
  assert.equal(pool.connections, 6, 'once for each of the five requests, and the good one');
});

test('a pool that refuses it, hangs up or talks nonsense is said in words, and tried again', async (t) => {
  const greetings = ['', 'nonsense', '{"id":1,"result":null,"error":[24,"Unauthorized worker",null]}'];
  const pool = await scriptedPool(t, (_, { raw, hangUp }) => {
    const line = greetings[(pool.connections - 1) % greetings.length] ?? '';
    if (line === '') hangUp();
    else raw(line);
  });
  const said: string[] = [];
  await testFleet(t, {
    port: pool.port,
    user: 'name',
    profiles: [
      {
        ...cgminer,
        ids: { first: 1, runOn: false },
        reconnectsAfter: { end: [1, 1], unwelcome: [1, 1], failure: [1, 1] },
      },
    ],
    hashrate: 1000,
    said: (_, words) => said.push(words),
  });
  await eventually(() => said.length >= 3, 'three tries');
  assert.match(said[0] ?? '', /not mining: the pool closed the connection/);
  assert.match(said[1] ?? '', /not mining: .*one JSON object/);
  assert.match(said[2] ?? '', /not mining: mining.subscribe was refused: Unauthorized worker/);
});

test('a pool that answers the subscription with anything else first loses a NerdMiner, and no other', async (t) => {
  const pool = await scriptedPool(t, ({ id, method }, { send }) => {
    if (method === 'mining.subscribe') send({ id: null, method: 'mining.set_difficulty', params: [1] });
    send({ id, result: method === 'mining.subscribe' ? [[], '00', 4] : true, error: null });
  });
  const { fleet } = await testFleet(t, {
    port: pool.port,
    user: 'name',
    profiles: [nerdminer, bitaxe],
    hashrate: 1000,
  });
  const [nerd, axe] = fleet.machines;
  await eventually(() => axe?.isMining === true && (nerd?.tally.connections ?? 0) > 2, 'both');
  assert.match([...(nerd?.tally.refusals.keys() ?? [])].join(), /set_difficulty came before the answer/);
  assert.equal(axe?.tally.reconnects, 0);
});

test('a refused name: some leave, others stay and wait', async (t) => {
  const pool = await scriptedPool(t, ({ id, method }, { send }) => {
    const refused = { id, result: null, error: [24, 'Unauthorized worker', null] };
    send(method === 'mining.authorize' ? refused : { id, result: [[], '00', 4], error: null });
  });
  const { fleet } = await testFleet(t, {
    port: pool.port,
    user: 'name',
    profiles: [bitaxe, cgminer],
    hashrate: 1000,
  });
  const [axe, cg] = fleet.machines;
  await eventually(
    () => (axe?.tally.refusals.size ?? 0) > 0 && (cg?.tally.refusals.size ?? 0) > 0,
    'refusals',
  );
  assert.equal(axe?.tally.connections, 1);
  assert.equal(axe?.isMining, false);
  assert.match(fleet.words, /0 of 2 machines are mining; .*refused: Unauthorized worker/);
});
