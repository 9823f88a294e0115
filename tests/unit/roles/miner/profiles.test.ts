import assert from 'node:assert/strict';
import { test } from 'node:test';
import { notifyLine } from '../../../../protocols/sv1/messages.ts';
import type { Profile } from '../../../../roles/miner/profiles/profile.ts';
import { profileOf, profiles } from '../../../../roles/miner/profiles/profiles.ts';
import { testFleet } from '../../../harness/fleet.ts';
import { eventually } from './eventually.ts';
import { scriptedPool } from './scripted-pool.ts';
import { testJob } from './test-job.ts';

/** Each firmware's first connection as it stands on the wire, and the first line of its second one. */
const handshakes: Readonly<Record<string, readonly string[]>> = {
  bitaxe: [
    '{"id":1,"method":"mining.configure","params":[["version-rolling"],{"version-rolling.mask":"ffffffff"}]}',
    '{"id":2,"method":"mining.subscribe","params":["bitaxe/BM1370/v2.13.1"]}',
    '{"id":3,"method":"mining.authorize","params":["name","x"]}',
    '{"id":4,"method":"mining.suggest_difficulty","params":[0.5]}',
    '{"id":1,"method":"mining.configure","params":[["version-rolling"],{"version-rolling.mask":"ffffffff"}]}',
  ],
  s19: [
    '{"id": 0, "method": "mining.subscribe", "params": ["Antminer S19j Pro/Fri Oct 15 11:25:11 CST 2021"]}',
    '{"id": 1, "method": "mining.authorize", "params": ["name", "123,d=0.5"]}',
    '{"id": 2, "method": "mining.configure", "params": [["version-rolling", "subscribe-extranonce"], {"version-rolling.mask": "1fffe000", "version-rolling.min-bit-count": 16}]}',
    '{"id": 3, "method": "mining.subscribe", "params": ["Antminer S19j Pro/Fri Oct 15 11:25:11 CST 2021", "5e55"]}',
  ],
  braiins: [
    '{"id":0,"method":"mining.configure","params":[["version-rolling"],{"version-rolling.mask":"1fffe000","version-rolling.min-bit-count":16}]}',
    '{"id":1,"method":"mining.subscribe","params":["2022-09-27-0-26ba61b9-22.08.1-plus;bosminer-plus-am1-s9 0.9.0-26ba61b9",null,"ADDRESS",null]}',
    '{"id":2,"method":"mining.authorize","params":["name","d=0.5"]}',
    '{"id":0,"method":"mining.configure","params":[["version-rolling"],{"version-rolling.mask":"1fffe000","version-rolling.min-bit-count":16}]}',
  ],
  cgminer: [
    '{"id": 0, "method": "mining.subscribe", "params": ["cgminer/4.11.1"]}',
    '{"id": 1, "method": "mining.authorize", "params": ["name", "x"]}',
    '{"id": 2, "method": "mining.suggest_difficulty", "params": [0.5]}',
    '{"id": 3, "method": "mining.subscribe", "params": ["cgminer/4.11.1", "5e55"]}',
  ],
  nerdminer: [
    '{"id": 1, "method": "mining.subscribe", "params": ["NerdMinerV2/V1.8.3"]}',
    '{"params": ["name", "x"], "id": 2, "method": "mining.authorize"}',
    '{"id":3,"method":"mining.suggest_difficulty","params":[0.5]}',
    '{"id": 1, "method": "mining.subscribe", "params": ["NerdMinerV2/V1.8.3"]}',
  ],
  hashpool: [
    '{"id":1,"method":"mining.configure","params":[["version-rolling"],{"version-rolling.mask":"1fffe000","version-rolling.min-bit-count":2}]}',
    '{"id":2,"method":"mining.subscribe","params":["hashpool-miner/1"]}',
    '{"id":3,"method":"mining.extranonce.subscribe","params":[]}',
    '{"id":4,"method":"mining.suggest_difficulty","params":[0.5]}',
    '{"id":5,"method":"mining.authorize","params":["name","x"]}',
    '{"id":1,"method":"mining.configure","params":[["version-rolling"],{"version-rolling.mask":"1fffe000","version-rolling.min-bit-count":2}]}',
  ],
};

const SUBSCRIBED = [
  [
    ['mining.set_difficulty', 'd1ff'],
    ['mining.notify', '5e55'],
  ],
  'abcd',
  4,
];
const soon = { end: [1, 1], unwelcome: [1, 1], failure: [1, 1] } as const;

test('every profile has its handshake written down', () => {
  assert.deepEqual(profiles.map(({ name }) => name).sort(), Object.keys(handshakes).sort());
  assert.equal(profileOf('toaster'), undefined);
});

function granted(method: string): unknown {
  if (method === 'mining.subscribe') return SUBSCRIBED;
  return method === 'mining.configure'
    ? { 'version-rolling': true, 'version-rolling.mask': '1fffe000' }
    : true;
}

for (const profile of profiles) {
  test(`${profile.name} greets as its firmware does, and comes again as it does`, async (t) => {
    const expected = handshakes[profile.name] ?? [];
    const pool = await scriptedPool(t, ({ id, method }, { send, hangUp }) => {
      send({ id, result: granted(method), error: null });
      if (pool.lines.length === expected.length - 1) setTimeout(hangUp, 50);
    });
    await testFleet(t, {
      port: pool.port,
      user: 'name',
      profiles: [{ ...profile, reconnectsAfter: soon }],
      hashrate: 1000,
      difficulty: 0.5,
    });
    await eventually(() => pool.lines.length >= expected.length, 'the second connection');
    const seen = pool.lines.slice(0, expected.length);
    assert.deepEqual(
      seen.map((line) => line.replace(`127.0.0.1:${pool.port}`, 'ADDRESS')),
      expected,
    );
  });
}

/** A pool at which a machine of that profile has a job; the script of what else it says is the test's. */
async function mining(t: Parameters<typeof scriptedPool>[0], profile: Profile) {
  const sent = Promise.withResolvers<(line: string) => void>();
  const pool = await scriptedPool(t, ({ id, method }, { send, raw }) => {
    if (id !== undefined) send({ id, result: granted(method), error: null });
    if (method !== 'mining.authorize') return;
    raw('{"id":null,"method":"mining.set_difficulty","params":[0.0000000298023223876953125]}');
    raw(notifyLine(testJob).trim());
    sent.resolve(raw);
  });
  const { fleet, answers } = await testFleet(t, {
    port: pool.port,
    user: 'name',
    profiles: [{ ...profile, reconnectsAfter: soon }],
    hashrate: 5000,
  });
  const say = await sent.promise;
  const [machine] = fleet.machines;
  assert.ok(machine !== undefined);
  await eventually(() => machine.isMining, 'the handshake');
  return { pool, machine, answers, say };
}

const replies: Readonly<Record<string, readonly string[]>> = {
  bitaxe: ['{"id":70,"method":"pong","params":[]}', '{"id":71,"result":"v2.13.1","error":null}'],
  cgminer: [
    '{"id": 70, "result": "pong", "error": null}',
    '{"id": 71, "result": "cgminer/4.11.1", "error": null}',
  ],
  nerdminer: [],
};

for (const [name, expected] of Object.entries(replies)) {
  test(`${name} answers the pool's own requests as its firmware does`, async (t) => {
    const profile = profileOf(name);
    assert.ok(profile !== undefined);
    const { pool, say, answers, machine } = await mining(t, profile);
    say('{"id":70,"method":"mining.ping","params":[]}');
    say('{"id":71,"method":"client.get_version","params":[]}');
    say('{"id":72,"method":"mining.unheard_of","params":[]}');
    await eventually(
      () => pool.lines.filter((line) => /"id": ?7[012]/.test(line)).length === expected.length,
      'replies',
    );
    await eventually(() => answers.length > 0, 'a share');
    assert.deepEqual(
      pool.lines.filter((line) => /"id": ?7[012]/.test(line)),
      expected,
    );
    assert.equal(machine.tally.reconnects, 0);
  });
}

test('who obeys client.reconnect comes again, a NerdMiner stays', async (t) => {
  for (const profile of profiles) {
    const { pool, say, machine, answers } = await mining(t, profile);
    say('{"id":null,"method":"client.reconnect","params":[]}');
    const { length } = answers;
    if (profile.obeysReconnect) await eventually(() => pool.connections === 2, 'the second connection');
    else await eventually(() => answers.length > length + 2, 'shares');
    assert.equal(pool.connections, profile.obeysReconnect ? 2 : 1, profile.name);
    assert.equal(machine.tally.reconnectsAsked, 1);
  }
});

test('a silent pool is left by whoever listens for it, and a suggestion keeps a NerdMiner alive', async (t) => {
  for (const profile of profiles) {
    const { pool, machine } = await mining(t, profile);
    const before = pool.lines.length;
    machine.tick(performance.now() + 95_000);
    const leaves = profile.silence?.of === 'line' && profile.silence.ms <= 95_000;
    if (leaves) await eventually(() => machine.tally.reconnects === 1, 'another try');
    else if (profile.keepaliveMs !== undefined) await eventually(() => pool.lines.length > before, 'a line');
    assert.equal(
      pool.lines.slice(before).some((line) => /suggest_difficulty/.test(line)),
      profile.name === 'nerdminer',
      profile.name,
    );
    assert.equal(machine.tally.reconnects, leaves ? 1 : 0, profile.name);
  }
});

test('a harder difficulty holds a NerdMiner back at once, a new job for the others', async (t) => {
  for (const name of ['nerdminer', 'cgminer']) {
    const profile = profileOf(name);
    assert.ok(profile !== undefined);
    const { say, machine, answers } = await mining(t, profile);
    await eventually(() => answers.length > 0, 'a share');
    say('{"id":null,"method":"mining.set_difficulty","params":[1000000]}');
    if (name === 'nerdminer') await eventually(() => machine.tally.dropped > 3, 'shares that are held back');
    const { sent } = machine.tally;
    if (name === 'cgminer') await eventually(() => machine.tally.sent > sent + 3, 'shares all the same');
    else assert.equal(machine.tally.sent, sent);
  }
});

test('with a new job a Bitaxe goes on with the old one for a while, unless that is void; a NerdMiner never', async (t) => {
  const submitsOf = (pool: { lines: readonly string[] }, jobId: string) =>
    pool.lines.flatMap((line, i) => (/mining\.submit/.test(line) && line.includes(`"${jobId}"`) ? [i] : []));
  for (const [name, cleanJobs, goesOn] of [
    ['bitaxe', false, true],
    ['bitaxe', true, false],
    ['nerdminer', false, false],
  ] as const) {
    const profile = profileOf(name);
    assert.ok(profile !== undefined);
    const { pool, say, machine } = await mining(t, { ...profile, lingersMs: profile.lingersMs && 60_000 });
    say(notifyLine({ ...testJob, jobId: 'new', cleanJobs }).trim());
    if (goesOn) {
      await eventually(() => machine.tally.accepted > 10, 'shares');
      assert.equal(submitsOf(pool, 'new').length, 0);
    } else {
      await eventually(() => submitsOf(pool, 'new').length > 3, 'shares of the new job');
      const last = submitsOf(pool, '1a').at(-1) ?? 0;
      assert.ok(last < (submitsOf(pool, 'new')[0] ?? 0), `${name}, clean ${cleanJobs}`);
    }
  }
});
