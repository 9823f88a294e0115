import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { pipeline } from 'node:stream';
import { describe, it, type TestContext } from 'node:test';
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
    // The good one has to be quicker, on a busy computer too.
    const pool = await testPool(t, { firstChannelMs: 2000 });
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

  it('keeps to the channels of one address; room for more comes with the next tip', async (t) => {
    const pool = await testPool(t, { maxChannelsPerAddress: 3 });
    const other = await pool.connect({ port: await relay(t, '127.0.0.2', pool.server.address.port) });
    const [first, second] = [await pool.connect(), await pool.connect()];
    const closed = await first.open();
    await first.open();
    await second.open();
    const refusal = async () => {
      const answer = await second.ask();
      return answer.name === 'OpenMiningChannel.Error' && answer.error_code;
    };
    assert.equal(await refusal(), 'too-many-channels');
    first.send({ name: 'CloseChannel', channel_id: closed.id, reason_code: '' });
    assert.equal(await closed.submit(closed.mine()), 'invalid-channel-id');
    assert.equal(await refusal(), 'too-many-channels', 'its extranonce prefix is not free yet');
    assert.equal(pool.server.figures.tooMany, 2);
    const good = await other.open();
    assert.equal(await good.submit(good.mine()), 'accepted');
    pool.newTip(2n, 2);
    await second.open();
    assert.equal(await refusal(), 'too-many-channels');
  });

  it('keeps to the channels that it may have open; a closed one makes room', async (t) => {
    const pool = await testPool(t, { maxChannels: 2 });
    const [first, second] = [await pool.connect(), await pool.connect()];
    const channel = await first.open();
    await second.open();
    const over = await second.ask();
    assert.equal(over.name === 'OpenMiningChannel.Error' && over.error_code, 'too-many-channels');
    first.send({ name: 'CloseChannel', channel_id: channel.id, reason_code: '' });
    assert.equal(await channel.submit(channel.mine()), 'invalid-channel-id');
    await second.open();
    assert.equal(pool.server.figures.tooMany, 1);
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

/** A port of this machine whose connections reach `port` from another address of it. */
async function relay(t: TestContext, localAddress: string, port: number): Promise<number> {
  const server = createServer((socket) => {
    const onward = connect({ host: '127.0.0.1', port, localAddress });
    pipeline(socket, onward, socket, () => undefined);
    t.after(() => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return address.port;
}

const modest = {
  request_id: 0,
  user_identity: 'a farm',
  nominal_hash_rate: 0,
  max_target: new Uint8Array(32).fill(255),
};

const unknownChannel = { channel_id: 77, nominal_hash_rate: 1, maximum_target: new Uint8Array(32) };
