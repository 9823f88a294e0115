import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { SeenShares } from '../../../../domain/shares/seen-shares.ts';
import { coinbaseTxid, hasWitness } from '../../../../protocols/bitcoin/coinbase.ts';
import { foldMerklePath } from '../../../../protocols/bitcoin/merkle.ts';
import { powerTarget, targetToLeBytes } from '../../../../protocols/bitcoin/target.ts';
import { toHex, utf8 } from '../../../../protocols/bytes.ts';
import {
  EHASH_EXTENSION,
  LOCKING_KEY_FIELD,
  RESUME_TOKEN_FIELD,
} from '../../../../protocols/ehash/extension.ts';
import { encodeHpub } from '../../../../protocols/ehash/key.ts';
import { REQUIRES_STANDARD_JOBS } from '../../../../protocols/sv2/mining.ts';
import { foundBlock } from '../../../../services/template-client/found-block.ts';
import type { RawChannel, RawMiner } from '../../../harness/raw-miner.ts';
import { KEY, prevHash, template, testPool } from './fixture.ts';

const TAGS = { minerTagLength: 8 };
/** Everything is a block. */
const EASY = targetToLeBytes(powerTarget(0));

const says = (bytes: Uint8Array, text: string) => toHex(bytes).includes(toHex(utf8(text)));
const addressed = (miner: RawMiner, from: number) =>
  miner.received
    .slice(from)
    .map((message) => `${message.name} ${'channel_id' in message ? message.channel_id : ''}`);

/** The tag in the coinbase that the channel mines. */
function tagOf(channel: RawChannel): string {
  const script = Buffer.from(channel.job.coinbase_tx_prefix).toString('latin1');
  return /Sv2\/test pool\/(.*)\//s.exec(script)?.[1] ?? 'no tag';
}

describe("miners' tags", () => {
  it('part the channels of a connection into groups, each with its own coinbase', async (t) => {
    const pool = await testPool(t, TAGS);
    const miner = await pool.connect();
    const channels = [
      await miner.open({ user_identity: 'alice.rig1' }),
      await miner.openStandard({ user_identity: 'alice.rig2' }),
      await miner.open({ user_identity: encodeHpub(KEY) }),
      await miner.open({ user_identity: `${encodeHpub(KEY)}.much too long` }),
      await miner.open({ user_identity: 'alice' }),
    ];
    const groups = channels.map(({ groupId }) => groupId);
    const [alice, , none, rig] = groups;
    assert.deepEqual(groups, [alice, alice, 1, rig, alice]);
    const ids = new Set([alice, none, rig, ...channels.map(({ id }) => id)]);
    assert.equal(ids.size, 3 + 5, 'groups and channels share one range of ids');

    const from = miner.received.length;
    pool.newTemplate(2n);
    pool.newTip(3n, 3);
    const toEach = (name: string) => [alice, none, rig].map((id) => `${name} ${id}`);
    await miner.next('SetNewPrevHash', ({ channel_id }) => channel_id === rig, from);
    await delay(20);
    const told = addressed(miner, from);
    assert.deepEqual(
      told.filter((text) => text.startsWith('SetNewPrevHash')),
      toEach('SetNewPrevHash'),
    );
    assert.equal(told.length, 3 * 3, 'a job, a future job and a prev hash for each group');
    const tags = channels.map((channel) => tagOf(channel));
    assert.deepEqual(tags, ['alice', 'alice', '', 'much too', 'alice']);
    for (const channel of channels) assert.equal(await channel.submit(channel.mine()), 'accepted');
    assert.equal(pool.sink.records.length, 5);
  });

  it('are told to who opens a channel while a tip is to come, and to the group before its prev hash', async (t) => {
    const pool = await testPool(t, TAGS);
    const miner = await pool.connect();
    await miner.open({ user_identity: 'alice' });
    pool.server.announce(pool.work.addFuture(template(2n, true)));
    const channel = await miner.open({ user_identity: 'bob' });
    pool.server.activate(pool.work.setTip(prevHash(2n, 2), new SeenShares()));
    await miner.next('SetNewPrevHash', ({ channel_id }) => channel_id === channel.groupId);
    assert.equal(tagOf(channel), 'bob');
    assert.equal(await channel.submit(channel.mine()), 'accepted');
  });

  it('stand in the blocks that are found with them, put together right', async (t) => {
    const pool = await testPool(t, TAGS);
    pool.newTip(2n, 2, EASY);
    const miner = await pool.connect();
    const channels = [
      await miner.open({ user_identity: 'alice' }),
      await miner.openStandard({ user_identity: 'bob' }),
    ];
    for (const [i, tag] of ['alice', 'bob'].entries()) {
      const channel = channels[i];
      assert.ok(channel);
      assert.equal(await channel.submit(channel.mine()), 'accepted');
      const work = pool.blocks[i];
      assert.ok(work);
      const { coinbaseTx, header } = foundBlock(work);
      assert.ok(hasWitness(coinbaseTx) && says(coinbaseTx, `Sv2/test pool/${tag}/`));
      const root = foldMerklePath(coinbaseTxid(coinbaseTx), work.job.live.job.merklePath);
      assert.equal(toHex(root), toHex(header.subarray(36, 68)));
    }
  });

  it('stand in the jobs of who requires standard ones', async (t) => {
    const pool = await testPool(t, TAGS);
    pool.newTip(2n, 2, EASY);
    const miner = await pool.connect({ flags: REQUIRES_STANDARD_JOBS });
    const channel = await miner.openStandard({ user_identity: 'alice' });
    assert.equal(channel.groupId, 0);
    pool.newTip(3n, 3, EASY);
    await miner.next('SetNewPrevHash', ({ prev_hash }) => prev_hash[0] === 3);
    assert.equal(await channel.submit(channel.mine()), 'accepted');
    assert.ok(pool.blocks[0] && says(foundBlock(pool.blocks[0]).coinbaseTx, 'Sv2/test pool/alice/'));
    miner.send({ name: 'CloseChannel', channel_id: 0, reason_code: '' });
    assert.equal(await channel.submit(channel.mine()), 'accepted', 'there is no group 0');
  });

  it('come back with a resumed channel, its jobs and its shares', async (t) => {
    const pool = await testPool(t, TAGS);
    const tlvs = [
      { extension: EHASH_EXTENSION, field: LOCKING_KEY_FIELD, value: KEY },
      { extension: EHASH_EXTENSION, field: RESUME_TOKEN_FIELD, value: Uint8Array.from(randomBytes(16)) },
    ];
    const open = async (before: number) => {
      const miner = await pool.connect({ extensions: [EHASH_EXTENSION] });
      for (let i = 0; i < before; i++) await miner.open({ user_identity: `other ${i}` });
      return miner.open({ user_identity: 'alice' }, tlvs);
    };
    const channel = await open(0);
    pool.newTemplate(2n);
    await channel.miner.next('NewExtendedMiningJob', ({ min_ntime }) => min_ntime !== null);
    const unsent = channel.mine();
    channel.miner.connection.close('cut by the test');

    const resumed = await open(2);
    assert.notEqual(resumed.groupId, channel.groupId);
    assert.deepEqual(resumed.prefix, channel.prefix);
    assert.equal(await resumed.submit(unsent), 'accepted');
    pool.newTip(3n, 3);
    await resumed.miner.next('SetNewPrevHash', ({ channel_id }) => channel_id === resumed.groupId);
    assert.equal(tagOf(resumed), 'alice');
    assert.equal(await resumed.submit(resumed.mine()), 'accepted');
  });

  it('let a group be closed, and be told of a target, without the others', async (t) => {
    const pool = await testPool(t, TAGS);
    const miner = await pool.connect();
    const [one, two, other] = [
      await miner.open({ user_identity: 'alice' }),
      await miner.open({ user_identity: 'alice' }),
      await miner.open({ user_identity: 'bob' }),
    ];
    const from = miner.received.length;
    pool.server.setMinimumDifficulty(3);
    await miner.next('NewExtendedMiningJob', ({ channel_id }) => channel_id === other.id, from);
    assert.deepEqual(
      addressed(miner, from).sort(),
      [
        `NewExtendedMiningJob ${one.groupId}`,
        `NewExtendedMiningJob ${other.id}`,
        `SetTarget ${one.groupId}`,
        `SetTarget ${other.id}`,
      ].sort(),
    );
    for (const channel of [one, two, other]) assert.equal(await channel.submit(channel.mine()), 'accepted');
    assert.deepEqual([tagOf(one), tagOf(other)], ['alice', 'bob']);

    miner.send({ name: 'CloseChannel', channel_id: one.groupId, reason_code: '' });
    assert.equal(await other.submit(other.mine()), 'accepted');
    assert.equal(await two.submit(two.mine()), 'invalid-channel-id');
    assert.equal(pool.server.figures.channels, 1);
  });

  it('that are turned on, cut or off under open channels move these from group to group', async (t) => {
    const pool = await testPool(t);
    const miner = await pool.connect();
    const device = await pool.connect({ flags: REQUIRES_STANDARD_JOBS });
    const channels = [
      await miner.open({ user_identity: 'alice' }),
      await miner.openStandard({ user_identity: 'alice' }),
      await miner.open({ user_identity: 'bob' }),
      await miner.open({ user_identity: encodeHpub(KEY) }),
    ];
    const own = await device.openStandard({ user_identity: 'alice' });
    pool.server.announce(pool.work.addFuture(template(2n, true)));
    /** As the role does it. */
    const setLength = async (length: number) => {
      const from = miner.received.length;
      const ownFrom = device.received.length;
      const shares = [...channels, own].map((channel) => [channel, channel.mine()] as const);
      pool.server.setMinerTagLength(length);
      for (const job of pool.work.remakeFuture()) pool.server.announce(job);
      pool.newTemplate(9n);
      await device.next('NewMiningJob', () => true, ownFrom);
      await delay(20);
      for (const [channel, share] of shares) assert.equal(await channel.submit(share), 'accepted');
      for (const channel of [...channels, own]) {
        assert.equal(await channel.submit(channel.mine()), 'accepted');
      }
      return miner.received.slice(from).filter((message) => message.name === 'SetGroupChannel');
    };
    const ids = channels.map(({ id }) => id);

    const on = await setLength(8);
    assert.deepEqual(
      on.map(({ channel_ids }) => channel_ids),
      [ids.slice(0, 2), ids.slice(2, 3)],
    );
    assert.deepEqual(channels.map(tagOf), ['alice', 'alice', 'bob', '']);
    const groups = new Set([...ids, 1, ...on.map(({ group_channel_id }) => group_channel_id)]);
    assert.equal(groups.size, 4 + 3, 'no group has the id of a channel or of another group');
    assert.deepEqual(
      (await setLength(3)).map(({ channel_ids }) => channel_ids),
      [ids.slice(0, 2)],
      'bob stays bob',
    );
    assert.deepEqual(channels.map(tagOf), ['ali', 'ali', 'bob', '']);

    const off = await setLength(0);
    assert.deepEqual(
      off.map(({ group_channel_id, channel_ids }) => [group_channel_id, channel_ids]),
      [[1, ids.slice(0, 3)]],
    );
    pool.server.activate(pool.work.setTip(prevHash(2n, 2), new SeenShares()));
    await device.next('SetNewPrevHash', ({ prev_hash }) => prev_hash[0] === 2);
    for (const channel of [...channels, own]) assert.equal(await channel.submit(channel.mine()), 'accepted');
    assert.ok(device.received.every(({ name }) => name !== 'SetGroupChannel'));
    assert.equal(pool.server.figures.rejected, 0);
  });
});
