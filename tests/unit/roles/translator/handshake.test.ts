import assert from 'node:assert/strict';
import { test } from 'node:test';
import { powerTarget, targetToLeBytes } from '../../../../protocols/bitcoin/target.ts';
import { fromHex, toHex } from '../../../../protocols/bytes.ts';
import { encodeHpub } from '../../../../protocols/ehash/key.ts';
import { RESUMABLE_MS } from '../../../../roles/translator/sv1-server/seats.ts';
import { MAX_WORKERS } from '../../../../roles/translator/sv1-server/workers.ts';
import { ShareOwner } from '../../../../services/mining-client/share-owner.ts';
import { plainJob, TEST_BITS, translatorUnderTest, walletKey } from './test-upstream.ts';

/** The generator of secp256k1, a valid point. */
const G = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';
const key = fromHex(G);
const le = (bits: number) => targetToLeBytes(powerTarget(bits));

test('subscribe opens a channel, with the wallet key of that channel, and hands on its prefix', async (t) => {
  const { upstream, connect } = await translatorUnderTest(t);
  const client = await connect();
  const answer = await client.subscribe();
  const session = '01'.padStart(32, '0');
  assert.deepEqual(answer, {
    id: 1,
    result: [
      [
        ['mining.set_difficulty', session],
        ['mining.notify', session],
      ],
      '01000001',
      4,
    ],
    error: null,
  });
  const { request } = upstream.last;
  assert.deepEqual(request.lockingKey, walletKey(1));
  assert.deepEqual(request.maximumTargetLe, le(32), 'no fraction is given unasked');
  assert.equal(request.minExtranonceSize, 4);
  assert.deepEqual((await client.subscribe()).result, answer.result, 'again is the same');
  assert.equal(upstream.channels.length, 1);
});

test('a miner that authorizes first hears of a job no sooner than of its extranonce', async (t) => {
  const { upstream, connect } = await translatorUnderTest(t);
  upstream.opens = false;
  const client = await connect();
  assert.equal((await client.authorize('name.rig1')).result, true);
  let received = '';
  client.socket.on('data', (text: string) => {
    received += text;
  });
  const subscribing = client.subscribe();
  await client.until(() => upstream.channels.length === 1, 'the opening');
  // A pool's first answer and its first job come in one read of the socket.
  upstream.last.owner.opened(upstream.last);
  upstream.last.job(1);
  assert.equal((await subscribing).error, null);
  await client.waitForJob();
  assert.ok(received.indexOf('"result"') < received.indexOf('mining.set_difficulty"'), received);
  assert.equal((await client.submit('name.rig1', client.mineShare())).result, true);
});

test('where the pool gives more extranonce than a miner rolls, zeros fill it up', async (t) => {
  const { upstream, miner } = await translatorUnderTest(t);
  upstream.extranonceSize = 7;
  const { client, channel } = await miner();
  assert.equal(client.extranonce1, '01000001000000');
  assert.equal(client.extranonce2Size, 4);
  const share = client.mineShare();
  assert.equal((await client.submit('name.rig1', share)).result, true);
  assert.equal(toHex(channel.shares[0]?.share.extranonce ?? new Uint8Array()), `000000${share.extranonce2}`);
});

test('a pool that leaves too little extranonce, or opens no channel, is told of in words', async (t) => {
  const { upstream, connect } = await translatorUnderTest(t);
  upstream.extranonceSize = 1;
  const first = await connect();
  assert.deepEqual((await first.subscribe()).error, [
    20,
    'The pool leaves 1 bytes of extranonce: too few',
    null,
  ]);
  await first.untilClosed();
  upstream.refusal = 'unknown-user';
  const second = await connect();
  assert.deepEqual((await second.subscribe()).error, [
    20,
    'the pool did not open a channel: unknown-user',
    null,
  ]);
  await second.untilClosed();
});

test('a key locks the shares to itself, and names its worker', async (t) => {
  const { miner } = await translatorUnderTest(t);
  const { client, channel } = await miner(`${encodeHpub(key)}.rig7`);
  assert.equal((await client.submit(`${encodeHpub(key)}.rig7`, client.mineShare())).result, true);
  assert.deepEqual(channel.shares[0]?.owner, new ShareOwner('rig7', key));
  assert.equal(
    client.notes.some(({ method }) => method === 'client.show_message'),
    false,
  );
});

test('a key in hex is taken, with a warning; a name is paid to the wallet, and told so', async (t) => {
  const { miner } = await translatorUnderTest(t);
  const hex = await miner(G);
  assert.match(String((await hex.client.note('client.show_message', 0)).params[0]), /hex has no checksum/);
  await hex.client.submit(G, hex.client.mineShare());
  assert.deepEqual(hex.channel.shares[0]?.owner, new ShareOwner('', key));
  const named = await miner('name.rig1');
  assert.match(
    String((await named.client.note('client.show_message', 0)).params[0]),
    /"name" is no key: .* wallet/,
  );
  await named.client.submit('name.rig1', named.client.mineShare());
  const { lockingKey } = named.channel.request;
  assert.deepEqual(named.channel.shares[0]?.owner, new ShareOwner('name.rig1', lockingKey));
});

test('a mistyped key is refused in words and pays nobody', async (t) => {
  const { connect } = await translatorUnderTest(t);
  const client = await connect();
  await client.subscribe();
  const hpub = encodeHpub(key);
  const mistyped = [
    `${hpub.slice(0, -1)}${hpub.endsWith('q') ? 'p' : 'q'}`,
    G.slice(0, 64),
    `${G}00`,
    `05${G.slice(2)}`,
    `02${'00'.repeat(32)}`,
    encodeHpub(Uint8Array.of(2, ...new Uint8Array(32))),
  ];
  for (const username of mistyped) {
    const { result, error } = await client.authorize(username);
    assert.equal(result, null);
    assert.equal(error?.[0], 24, username);
    assert.match(String(error?.[1]), /mistyped/);
    assert.ok(String(error?.[1]).length <= 120);
  }
  assert.equal(
    (await client.request('mining.submit', [hpub, '1', '00000000', '65000000', '00000000'])).error?.[0],
    24,
  );
});

test('where the wallet takes no names, they are refused with what to do', async (t) => {
  const { connect } = await translatorUnderTest(t, { settings: { walletTakesUnnamed: false } });
  const client = await connect();
  await client.subscribe();
  const { error } = await client.authorize('name');
  assert.equal(error?.[0], 24);
  assert.match(String(error?.[1]), /must be your key, hpub1/);
  assert.equal((await client.authorize(encodeHpub(key))).result, true);
});

test('several workers on one connection are paid each on its own, up to a limit', async (t) => {
  const { miner } = await translatorUnderTest(t);
  const { client, channel } = await miner('name');
  const keyed = encodeHpub(key);
  await client.authorize(keyed);
  await client.submit(keyed, client.mineShare());
  await client.submit('name', client.mineShare());
  assert.deepEqual(
    channel.shares.map(({ owner }) => owner.lockingKey),
    [key, walletKey(1)],
  );
  for (let index = 2; index < MAX_WORKERS; index++) await client.authorize(`name.${index}`);
  assert.equal((await client.authorize('one.more')).error?.[0], 24);
  assert.equal((await client.authorize('name')).result, true, 'who is in stays in');
});

test('configure grants version bits within the mask, and answers every extension', async (t) => {
  const { upstream, connect } = await translatorUnderTest(t);
  const client = await connect();
  const answer = await client.request('mining.configure', [
    ['version-rolling', 'minimum-difficulty', 'subscribe-extranonce', 'info', 'teleportation'],
    {
      'version-rolling.mask': 'ffffffff',
      'version-rolling.min-bit-count': 2,
      'minimum-difficulty.value': 1000,
      'info.sw-version': '1.0',
    },
  ]);
  assert.deepEqual(answer.result, {
    'version-rolling': true,
    'version-rolling.mask': '1fffe000',
    'minimum-difficulty': true,
    'subscribe-extranonce': true,
    info: true,
    teleportation: false,
  });
  await client.subscribe();
  assert.deepEqual(upstream.last.request.maximumTargetLe, le(42), 'no share is worth less than 1000');
  const huge = { 'minimum-difficulty.value': 2 ** 40 };
  const refused = await client.request('mining.configure', [['minimum-difficulty'], huge]);
  assert.deepEqual(refused.result, { 'minimum-difficulty': false });
  const none = await client.configure('00000001');
  assert.deepEqual(none.result, { 'version-rolling': false, 'version-rolling.mask': '00000000' });
  assert.equal((await client.request('mining.configure', ['x'])).error?.[1], 'Invalid configuration message');
});

test('a wrong parameter of an extension is said in its result, and what has no id has no answer', async (t) => {
  const { upstream, connect } = await translatorUnderTest(t);
  const client = await connect();
  const { result } = await client.request('mining.configure', [
    ['version-rolling', 'minimum-difficulty'],
    { 'version-rolling.mask': 'x', 'minimum-difficulty.value': 'much' },
  ]);
  assert.deepEqual(result, {
    'version-rolling': 'version-rolling.mask must be 8 hex digits',
    'minimum-difficulty': 'minimum-difficulty.value must be a number from 0',
  });
  client.sendRaw(
    '{"method":"mining.suggest_difficulty","params":[1024]}\n{"id":1,"method":"pong","params":[]}\n',
  );
  client.sendRaw('{"id":null,"method":"mining.nonsense"}\n{"id":5,"result":true,"error":null}\n');
  await client.subscribe();
  assert.deepEqual(client.strayAnswers, []);
  assert.deepEqual(upstream.last.request.maximumTargetLe, le(42), 'but it is done');
});

test('fd= in the password fixes the target at the pool, and a foreign pool is said to have its own ways', async (t) => {
  const { upstream, server, connect, clock } = await translatorUnderTest(t);
  const client = await connect();
  await client.subscribe();
  clock.now += 2000;
  await client.authorize('name', 'x,fd=4');
  const { maximumTargetLe, isFixed } = upstream.last.updates.at(-1) ?? {};
  assert.deepEqual([maximumTargetLe, isFixed], [le(34), true]);
  upstream.speaksEhash = false;
  await client.request('mining.extranonce.subscribe');
  server.linkUp(true);
  await client.until(
    () => client.notes.some(({ params }) => /fd= counts as d=/.test(String(params[0]))),
    'the words',
  );
  assert.equal(upstream.last.request.isFixed, true);
});

test('a suggested difficulty goes to the pool: with the channel, or as an update, at most once a second', async (t) => {
  const { upstream, connect, clock } = await translatorUnderTest(t);
  const client = await connect();
  assert.equal((await client.request('mining.suggest_difficulty', [0.01])).result, true);
  await client.subscribe();
  const channel = upstream.last;
  assert.deepEqual(channel.request.maximumTargetLe, le(25));
  assert.ok((channel.request.nominalHashRate * 60) / 6 < 2 ** 25);
  clock.now += 2000;
  await client.request('mining.suggest_difficulty', [1024]);
  await client.request('mining.suggest_difficulty', [2048]);
  assert.deepEqual(
    channel.updates.map(({ maximumTargetLe }) => maximumTargetLe),
    [le(42)],
  );
  clock.now += 2000;
  await client.authorize('name', 'x,d=4');
  assert.deepEqual(channel.updates.at(-1)?.maximumTargetLe, le(34));
  assert.equal((await client.request('mining.suggest_difficulty', [-1])).error?.[0], 20);
});

test('every request is answered, the unknown in words', async (t) => {
  const { connect } = await translatorUnderTest(t);
  const client = await connect();
  assert.equal((await client.request('mining.ping')).result, 'pong');
  assert.equal((await client.request('mining.extranonce.subscribe')).result, true);
  assert.equal(typeof (await client.request('client.get_version')).result, 'string');
  assert.deepEqual((await client.request('mining.nonsense')).error, [
    20,
    'Unknown method mining.nonsense',
    null,
  ]);
  assert.deepEqual((await client.request('mining.authorize', [])).error, [20, 'No username', null]);
  assert.equal((await client.request('mining.submit', [])).error?.[0], 25);
});

test('with the pool away a subscription waits, and is refused in words when its time is over', async (t) => {
  const { upstream, server, connect } = await translatorUnderTest(t, {
    settings: { subscribeDeadlineMs: 1000 },
  });
  upstream.isUp = false;
  const late = await connect();
  assert.deepEqual((await late.subscribe()).error, [20, 'The pool has no work to give just now', null]);
  await late.untilClosed();
  const patient = await connect();
  const answer = patient.subscribe();
  await patient.until(() => true, 'nothing');
  upstream.isUp = true;
  server.linkUp();
  assert.ok(Array.isArray((await answer).result));
});

test('a pool that is not ready yet is asked again until it is', async (t) => {
  const { upstream, connect, clock } = await translatorUnderTest(t);
  upstream.refusal = 'pool-not-ready';
  const client = await connect();
  const answer = client.subscribe();
  await client.until(() => upstream.refusals === 1, 'the first try');
  clock.now += 1000;
  await client.until(() => upstream.refusals === 2, 'the second try');
  upstream.refusal = undefined;
  clock.now += 1000;
  assert.ok(Array.isArray((await answer).result));
});

test('a pool without a job yet: miners wait subscribed, and get it when it comes', async (t) => {
  const { upstream, connect, server } = await translatorUnderTest(t);
  const client = await connect();
  await client.subscribe();
  await client.authorize('name');
  assert.equal(client.job, undefined);
  assert.equal(server.minerCount, 1);
  upstream.last.job(1);
  const job = await client.waitForJob();
  assert.equal(client.difficulty, 2 ** (TEST_BITS - 32));
  assert.equal(job.cleanJobs, true);
  assert.equal(job.ntime, plainJob.minNtime.toString(16));
  const methods = client.notes.map(({ method }) => method).filter((method) => method.startsWith('mining.'));
  assert.deepEqual(
    methods,
    ['mining.set_difficulty', 'mining.notify'],
    'the difficulty comes before its job',
  );
});

test('a channel of a miner that left is closed, and a key that locked nothing serves the next', async (t) => {
  const { server, upstream, connect, miner, wallet, clock } = await translatorUnderTest(t);
  const idle = await connect();
  await idle.subscribe();
  idle.close();
  await idle.until(() => upstream.last.closedFor !== undefined, 'the channel to close');
  const { client } = await miner();
  assert.equal(wallet.keys, 1);
  await client.submit('name.rig1', client.mineShare());
  client.close();
  await client.until(() => server.minerCount === 0, 'the connection to be gone');
  clock.now += RESUMABLE_MS + 1000;
  await client.until(() => upstream.last.closedFor !== undefined, 'the channel to close');
  await miner();
  assert.equal(wallet.keys, 2);
});

test('once an epoch has begun, the shares of a name are locked to another key of the wallet, on the same channel', async (t) => {
  const { miner, lockKeys } = await translatorUnderTest(t);
  const { client, channel } = await miner('name.rig1');
  lockKeys.noteUnits(['hash_1']);
  const keys: unknown[] = [];
  for (const units of [['hash_1'], ['hash_2'], ['hash_2']]) {
    lockKeys.noteUnits(units);
    await client.submit('name.rig1', client.mineShare());
    keys.push(channel.shares.at(-1)?.owner.lockingKey);
  }
  assert.deepEqual(keys, [walletKey(1), walletKey(1), walletKey(2)]);
});
