import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { meetsPower, powerTarget, targetToLeBytes } from '../../../../protocols/bitcoin/target.ts';
import { EHASH_EXTENSION, LOCKING_KEY_FIELD } from '../../../../protocols/ehash/extension.ts';
import { encodeHpub } from '../../../../protocols/ehash/key.ts';
import { REQUIRES_VERSION_ROLLING } from '../../../../protocols/sv2/mining.ts';
import { KEY, OTHER_KEY, testPool } from './fixture.ts';

const target = (k: number) => targetToLeBytes(powerTarget(k));
const customJob = {
  name: 'SetCustomMiningJob',
  request_id: 4,
  mining_job_token: new Uint8Array(0),
  version: 0,
  prev_hash: new Uint8Array(32),
  min_ntime: 0,
  nbits: 0,
  coinbase_tx_version: 2,
  coinbase_prefix: new Uint8Array(0),
  coinbase_tx_input_nSequence: 0,
  coinbase_tx_outputs: new Uint8Array(0),
  coinbase_tx_locktime: 0,
  merkle_path: [],
} as const;
const badPoint = new Uint8Array(33).fill(5);

describe('channels at the mining server', () => {
  it('open with Success, a future job, and its prev hash, in this order', async (t) => {
    const pool = await testPool(t);
    const miner = await pool.connect({ flags: REQUIRES_VERSION_ROLLING });
    assert.equal(miner.connection.accepted.flags, 0);
    const channel = await miner.open({ min_extranonce_size: 6 });
    assert.deepEqual(
      miner.received.map(({ name }) => name),
      ['OpenExtendedMiningChannel.Success', 'NewExtendedMiningJob', 'SetNewPrevHash'],
    );
    const [opened, job, tip] = miner.received;
    assert.ok(opened?.name === 'OpenExtendedMiningChannel.Success' && job?.name === 'NewExtendedMiningJob');
    assert.ok(tip?.name === 'SetNewPrevHash' && tip.job_id === job.job_id && job.min_ntime === null);
    assert.equal(opened.group_channel_id, 1);
    assert.equal(opened.extranonce_size, 6);
    assert.equal(opened.extranonce_prefix.length + opened.extranonce_size, 20);
    assert.deepEqual([...opened.extranonce_prefix.subarray(0, 2)], [1, 2], 'the server id');
    assert.equal(pool.server.figures.channels, 1);
    const other = await miner.open();
    assert.notDeepEqual(other.prefix.subarray(0, 6), channel.prefix.subarray(0, 6));
  });

  it('are refused with the code that fits', async (t) => {
    const pool = await testPool(t, { houseKey: undefined });
    const miner = await pool.connect();
    const hpub = encodeHpub(KEY);
    const cases: [string, Parameters<typeof miner.ask>[0]][] = [
      ['invalid-user-identity', { user_identity: 'alice' }],
      ['invalid-ehash-key', { user_identity: `${hpub}x` }],
      ['invalid-ehash-key', { user_identity: `05${'11'.repeat(32)}` }],
      ['invalid-nominal-hashrate', { user_identity: hpub, nominal_hash_rate: -1 }],
      ['max-target-out-of-range', { user_identity: hpub, max_target: new Uint8Array(32) }],
      ['max-target-out-of-range', { user_identity: hpub, max_target: target(63) }],
      ['min-extranonce-size-too-large', { user_identity: hpub, min_extranonce_size: 15 }],
      ['unsupported-min-extranonce-size', { user_identity: hpub, min_extranonce_size: 33 }],
    ];
    for (const [code, wish] of cases) {
      const answer = await miner.ask(wish);
      assert.equal(answer.name === 'OpenMiningChannel.Error' && answer.error_code, code);
    }
    const field = [{ extension: EHASH_EXTENSION, field: LOCKING_KEY_FIELD, value: badPoint }];
    const speaker = await pool.connect({ extensions: [EHASH_EXTENSION] });
    const answer = await speaker.ask({ user_identity: hpub }, field);
    assert.equal(answer.name === 'OpenMiningChannel.Error' && answer.error_code, 'invalid-ehash-key');
    assert.equal(
      (await miner.ask({ user_identity: `${hpub}.rig` })).name,
      'OpenExtendedMiningChannel.Success',
    );
  });

  it('are not opened before terms and a template are known', async (t) => {
    const pool = await testPool(t, { idle: true });
    const answer = await (await pool.connect()).ask();
    assert.equal(answer.name === 'OpenMiningChannel.Error' && answer.error_code, 'pool-not-ready');
  });

  it('take no job of a client while there is no job declaration', async (t) => {
    const pool = await testPool(t);
    const miner = await pool.connect();
    const channel = await miner.open();
    for (const [channel_id, code] of [
      [channel.id, 'jd-not-supported'],
      [77, 'invalid-channel-id'],
    ] as const) {
      miner.send({ ...customJob, channel_id });
      const refused = await miner.next(
        'SetCustomMiningJob.Error',
        (error) => error.channel_id === channel_id,
      );
      assert.deepEqual([refused.request_id, refused.error_code], [4, code]);
    }
  });

  it('get the next harder power of two where their maximum is none', async (t) => {
    const pool = await testPool(t);
    const miner = await pool.connect();
    const between = targetToLeBytes(powerTarget(5) - 1n);
    assert.deepEqual((await miner.open({ max_target: between })).target, target(6));
    assert.deepEqual((await miner.open({ max_target: target(5) })).target, target(5));
    assert.deepEqual((await miner.open({ nominal_hash_rate: 1024 })).target, target(10));
  });

  it('never go below minimum_difficulty', async (t) => {
    const pool = await testPool(t, { minimumDifficulty: 9 });
    const channel = await (await pool.connect()).open({ nominal_hash_rate: 1 });
    assert.deepEqual(channel.target, target(9));
    pool.server.setMinimumDifficulty(11);
    await channel.miner.next('SetTarget');
    assert.deepEqual(channel.target, target(11));
  });

  it('follow UpdateChannel with a target and a job of its own, and leave the old job its target', async (t) => {
    const pool = await testPool(t);
    const miner = await pool.connect();
    const channel = await miner.open({ nominal_hash_rate: 16 });
    const old = channel.job;
    const easy = channel.mine((hashLe) => meetsPower(hashLe, 4) && !meetsPower(hashLe, 8));
    miner.send({
      name: 'UpdateChannel',
      channel_id: channel.id,
      nominal_hash_rate: 256,
      maximum_target: target(0),
    });
    const job = await miner.next('NewExtendedMiningJob', ({ min_ntime }) => min_ntime !== null);
    assert.deepEqual(channel.target, target(8));
    assert.notDeepEqual(job.coinbase_tx_prefix, old.coinbase_tx_prefix, 'another search space');
    assert.equal(await channel.submit(easy), 'accepted');
    assert.equal(
      await channel.submit(channel.mine((hashLe) => !meetsPower(hashLe, 8))),
      'difficulty-too-low',
    );
    assert.equal(await channel.submit(channel.mine()), 'accepted');
    assert.deepEqual(
      pool.sink.records.map(({ k }) => k),
      [4, 8],
    );
  });

  it('answer a wrong UpdateChannel with its error, and one that changes nothing with the target', async (t) => {
    const pool = await testPool(t);
    const miner = await pool.connect();
    const channel = await miner.open();
    const cases: [string, number, number, Uint8Array][] = [
      ['invalid-channel-id', 77, 1, target(0)],
      ['invalid-nominal-hashrate', channel.id, -1, target(0)],
      ['max-target-out-of-range', channel.id, 1, new Uint8Array(32)],
    ];
    for (const [code, channel_id, nominal_hash_rate, maximum_target] of cases) {
      const from = miner.received.length;
      miner.send({ name: 'UpdateChannel', channel_id, nominal_hash_rate, maximum_target });
      assert.equal((await miner.next('UpdateChannel.Error', () => true, from)).error_code, code);
    }
    miner.send({
      name: 'UpdateChannel',
      channel_id: channel.id,
      nominal_hash_rate: 0,
      maximum_target: target(0),
    });
    assert.deepEqual((await miner.next('SetTarget')).maximum_target, target(0));
    miner.send({
      name: 'UpdateChannel',
      channel_id: channel.id,
      nominal_hash_rate: 0,
      maximum_target: target(3),
    });
    await miner.next('SetTarget', ({ maximum_target }) => Buffer.from(target(3)).equals(maximum_target));
  });

  it('close alone, as a group, and with their connection', async (t) => {
    const pool = await testPool(t);
    const miner = await pool.connect();
    const first = await miner.open();
    const second = await miner.open();
    await miner.open();
    miner.send({ name: 'CloseChannel', channel_id: first.id, reason_code: '' });
    assert.equal(await first.submit(first.mine()), 'invalid-channel-id');
    assert.equal(await second.submit(second.mine()), 'accepted');
    assert.equal(pool.server.figures.channels, 2);
    miner.send({ name: 'CloseChannel', channel_id: 1, reason_code: '' });
    assert.equal(await second.submit(second.mine()), 'invalid-channel-id');
    assert.equal(pool.server.figures.channels, 0);
    const other = await pool.connect();
    await other.open();
    other.connection.close();
    await other.connection.closed;
    await miner.open();
    assert.equal(pool.server.figures.channels, 1);
  });

  it('all get new work, each once and in order', async (t) => {
    const pool = await testPool(t);
    const miners = await Promise.all([pool.connect(), pool.connect()]);
    const channels = await Promise.all(miners.map((miner) => miner.open()));
    pool.newTemplate(2n);
    pool.newTip(3n, 3);
    pool.newTemplate(4n);
    for (const channel of channels) {
      await channel.miner.next('NewExtendedMiningJob', ({ job_id }) => job_id === pool.work.current?.job.id);
      assert.deepEqual(
        channel.miner.received
          .slice(3)
          .map((message) => [message.name, 'min_ntime' in message && message.min_ntime !== null]),
        [
          ['NewExtendedMiningJob', true],
          ['NewExtendedMiningJob', false],
          ['SetNewPrevHash', true],
          ['NewExtendedMiningJob', true],
        ],
      );
    }
  });

  it('of one client are untouched by what another sends', async (t) => {
    const pool = await testPool(t);
    const good = await (await pool.connect()).open({ user_identity: encodeHpub(OTHER_KEY) });
    const bad = await pool.connect();
    for (let i = 0; i < 50; i++) bad.send({ name: 'CloseChannel', channel_id: i, reason_code: 'x' });
    bad.send({
      name: 'SetupConnection',
      protocol: 0,
      min_version: 2,
      max_version: 2,
      flags: 0,
      endpoint_host: '',
      endpoint_port: 0,
      vendor: '',
      hardware_version: '',
      firmware: '',
      device_id: '',
    });
    assert.equal(await good.submit(good.mine()), 'accepted');
    assert.deepEqual(pool.sink.records[0]?.key, OTHER_KEY);
  });
});
