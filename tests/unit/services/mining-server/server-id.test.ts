import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { SeenShares } from '../../../../domain/shares/seen-shares.ts';
import {
  EHASH_EXTENSION,
  LOCKING_KEY_FIELD,
  RESUME_TOKEN_FIELD,
} from '../../../../protocols/ehash/extension.ts';
import { REQUIRES_STANDARD_JOBS } from '../../../../protocols/sv2/mining.ts';
import type { RawChannel } from '../../../harness/raw-miner.ts';
import { KEY, prevHash, type TestPool, template, testPool } from './fixture.ts';

const OTHER_ID = 0x0a0b;
const serverId = (channel: RawChannel) => Buffer.from(channel.prefix).readUInt16BE();

/** Takes the pool to another server id as the role does. */
function move(pool: TestPool, to: number): void {
  pool.server.setServerId(to);
  for (const job of pool.work.remakeFuture()) pool.server.announce(job);
}

/** Channels of every kind, on two connections, one of them in groups. */
async function allKinds(pool: TestPool): Promise<RawChannel[]> {
  const grouped = await pool.connect();
  const device = await pool.connect({ flags: REQUIRES_STANDARD_JOBS });
  return [
    await grouped.open({ user_identity: 'alice', min_extranonce_size: 14 }),
    await grouped.openStandard({ user_identity: 'alice' }),
    await grouped.open({ user_identity: 'bob' }),
    await device.openStandard({ user_identity: 'carol' }),
    await device.openStandard({ user_identity: 'carol' }),
  ];
}

const told = (channel: RawChannel) =>
  channel.miner.next('SetExtranoncePrefix', ({ channel_id }) => channel_id === channel.id);

describe('another server id under open channels', () => {
  it('takes all of them along, at once and on the tips to come, and no share is lost', async (t) => {
    const pool = await testPool(t, { minerTagLength: 8 });
    const channels = await allKinds(pool);
    const before = channels.map((channel) => ({ prefix: channel.prefix, share: channel.mine() }));
    pool.server.announce(pool.work.addFuture(template(5n, true)));
    const oldJob = channels[0]?.work.job_id;
    move(pool, OTHER_ID);
    for (const channel of channels) await told(channel);
    for (const [i, channel] of channels.entries()) {
      assert.equal(serverId(channel), OTHER_ID);
      assert.equal(channel.prefix.length, before[i]?.prefix.length);
      await channel.miner.next(
        ['NewExtendedMiningJob', 'NewMiningJob'],
        ({ job_id, min_ntime }) => min_ntime !== null && job_id !== oldJob,
      );
      assert.notEqual(channel.work.job_id, oldJob, 'a job for it is there at once');
      const { share } = before[i] ?? {};
      assert.ok(share);
      assert.equal(await channel.submit(share), 'accepted', 'of a job that was sent before');
      assert.equal(await channel.submit(channel.mine()), 'accepted');
    }
    pool.server.activate(pool.work.setTip(prevHash(5n, 5), new SeenShares()));
    for (const channel of channels) {
      await channel.miner.next('SetNewPrevHash', ({ prev_hash }) => prev_hash[0] === 5);
      assert.equal(await channel.submit(channel.mine()), 'accepted', 'on a tip that was announced before');
    }
    const others = await allKinds(pool);
    const prefixes = [...channels, ...others].map((channel) =>
      Buffer.from(channel.prefix).toString('hex', 0, 6),
    );
    assert.equal(new Set(prefixes).size, 10);
    assert.ok(prefixes.every((prefix) => prefix.startsWith('0a0b')));
    assert.equal(pool.server.figures.rejected, 0);
  });

  it('has no extranonce of the former in any later job', async (t) => {
    const pool = await testPool(t);
    pool.newTip(2n, 2, new Uint8Array(32).fill(255));
    const channels = await allKinds(pool);
    pool.server.announce(pool.work.addFuture(template(5n, true)));
    move(pool, OTHER_ID);
    for (const channel of channels) await told(channel);
    const submitAll = async () => {
      for (const channel of channels) assert.equal(await channel.submit(channel.mine()), 'accepted');
    };
    await submitAll();
    pool.server.activate(pool.work.setTip(prevHash(5n, 5, new Uint8Array(32).fill(255)), new SeenShares()));
    for (const { miner } of channels)
      await miner.next('SetNewPrevHash', ({ prev_hash }) => prev_hash[0] === 5);
    await submitAll();
    assert.equal(pool.blocks.length, 2 * channels.length);
    for (const { extranonce } of pool.blocks) assert.deepEqual([...extranonce.subarray(0, 2)], [0x0a, 0x0b]);
  });

  it('ends the channels of cut links, whose prefixes are of the former', async (t) => {
    const pool = await testPool(t);
    const tlvs = [
      { extension: EHASH_EXTENSION, field: LOCKING_KEY_FIELD, value: KEY },
      { extension: EHASH_EXTENSION, field: RESUME_TOKEN_FIELD, value: Uint8Array.from(randomBytes(16)) },
    ];
    const open = async () => (await pool.connect({ extensions: [EHASH_EXTENSION] })).open({}, tlvs);
    const channel = await open();
    channel.miner.connection.close('cut by the test');
    await channel.miner.connection.closed;
    while (pool.server.figures.channels > 0) await new Promise((resolve) => setImmediate(resolve));
    pool.server.setServerId(OTHER_ID);
    const next = await open();
    assert.equal(serverId(next), OTHER_ID);
    assert.equal(await next.submit(next.mine()), 'accepted');
  });
});

it('while it has no server id of its own, or no fresh work, a pool closes all channels and opens none, until it has one', async (t) => {
  const pool = await testPool(t);
  const channels = await allKinds(pool);
  pool.server.suspend('server-id-in-use');
  pool.server.suspend('stale-work');
  for (const { miner, id } of channels) {
    const closed = await miner.next('CloseChannel', ({ channel_id }) => channel_id === id);
    assert.equal(closed.reason_code, 'server-id-in-use');
  }
  assert.equal(pool.server.figures.channels, 0);
  const [first] = channels;
  assert.ok(first);
  const answer = await first.miner.ask();
  assert.equal(answer.name === 'OpenMiningChannel.Error' && answer.error_code, 'pool-not-ready');
  pool.newTip(2n, 2);
  pool.server.setServerId(OTHER_ID);
  pool.server.resume('server-id-in-use');
  const still = await first.miner.ask();
  assert.equal(still.name, 'OpenMiningChannel.Error', 'both must be over');
  pool.server.resume('stale-work');
  const again = await first.miner.open();
  assert.equal(serverId(again), OTHER_ID);
  assert.equal(await again.submit(again.mine()), 'accepted');
});
