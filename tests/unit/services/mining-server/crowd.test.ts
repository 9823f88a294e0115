import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_CHANNELS_PER_CONNECTION } from '../../../../domain/channels/channel-ids.ts';
import { encodeHpub } from '../../../../protocols/ehash/key.ts';
import { REQUIRES_STANDARD_JOBS } from '../../../../protocols/sv2/mining.ts';
import { OTHER_KEY, testPool } from './fixture.ts';

/** Below what a connection may have waiting for it. */
const ASKED_AT_ONCE = 500;
/** Their jobs together are more than a connection without channels may have waiting. */
const MANY_CHANNELS = 1_000;

describe('a crowd at the mining server', () => {
  it('loses those that open no channel in time, and nobody else', async (t) => {
    const pool = await testPool(t, { firstChannelMs: 150 });
    const good = await (await pool.connect()).open({ user_identity: encodeHpub(OTHER_KEY) });
    const idle = await pool.connect();
    const refused = await pool.connect();
    await refused.ask({ nominal_hash_rate: -1 });
    await Promise.all([idle, refused].map(({ connection }) => connection.closed));
    good.miner.send({ name: 'CloseChannel', channel_id: 99, reason_code: '' });
    assert.equal(await good.submit(good.mine()), 'accepted');
  });

  it('keeps to the connections that the config allows, in all and per address', async (t) => {
    for (const limits of [{ connections: 2 }, { connectionsPerAddress: 2 }]) {
      const pool = await testPool(t, { limits });
      const good = await (await pool.connect()).open();
      await pool.connect();
      await assert.rejects(pool.connect(), { code: 'sv2-closed' });
      assert.equal(await good.submit(good.mine()), 'accepted');
    }
  });

  it('keeps to the channels of one connection; a closed one makes room', async (t) => {
    const pool = await testPool(t);
    const good = await (await pool.connect()).open();
    const greedy = await pool.connect();
    let opened = 1;
    const first = await greedy.open();
    while (opened < MAX_CHANNELS_PER_CONNECTION) {
      const asked = Math.min(ASKED_AT_ONCE, MAX_CHANNELS_PER_CONNECTION - opened);
      const answers = await Promise.all(Array.from({ length: asked }, () => greedy.ask()));
      opened += answers.filter(({ name }) => name === 'OpenExtendedMiningChannel.Success').length;
      greedy.received.length = 0;
    }
    const over = await greedy.ask();
    assert.equal(over.name === 'OpenMiningChannel.Error' && over.error_code, 'too-many-channels');
    greedy.send({ name: 'CloseChannel', channel_id: first.id, reason_code: '' });
    assert.equal((await greedy.ask()).name, 'OpenExtendedMiningChannel.Success');
    assert.equal(await good.submit(good.mine()), 'accepted');
  });

  it('keeps a client with many channels, however much work reaches them at once', async (t) => {
    const pool = await testPool(t, { limits: { queuedBytes: 64 * 1024 } });
    const farm = await pool.connect({ flags: REQUIRES_STANDARD_JOBS });
    for (let i = 1; i < MANY_CHANNELS; i++) farm.send({ name: 'OpenStandardMiningChannel', ...modest });
    const { id: last } = await farm.openStandard();
    farm.received.length = 0;
    pool.newTip(2n, 2);
    await farm.next('SetNewPrevHash', ({ channel_id }) => channel_id === last);
    const tips = farm.received.filter(({ name }) => name === 'SetNewPrevHash');
    assert.equal(tips.length, MANY_CHANNELS);
    assert.ok(farm.connection.isOpen);
  });

  it('drops who reads nothing, while the others get their jobs in time', async (t) => {
    const pool = await testPool(t, { limits: { queuedBytes: 64 * 1024 } });
    const good = await (await pool.connect()).open();
    const slow = await pool.connect();
    await slow.open();
    slow.connection.onMessage = undefined;
    let fill = 1;
    while (pool.server.figures.channels === 2 && fill < 100_000) {
      for (let i = 0; i < 200; i++) slow.send({ name: 'UpdateChannel', ...unknownChannel });
      fill++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(pool.server.figures.channels, 1, 'the slow reader is gone');
    pool.newTip(2n, 2);
    await good.miner.next('SetNewPrevHash', ({ prev_hash }) => prev_hash[0] === 2);
    assert.equal(await good.submit(good.mine()), 'accepted');
  });
});

const modest = {
  request_id: 0,
  user_identity: 'a farm',
  nominal_hash_rate: 0,
  max_target: new Uint8Array(32).fill(255),
};

const unknownChannel = { channel_id: 77, nominal_hash_rate: 1, maximum_target: new Uint8Array(32) };
