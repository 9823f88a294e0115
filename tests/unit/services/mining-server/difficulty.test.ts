import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EASY_JOB_GRACE_MS } from '../../../../domain/jobs/channel-jobs.ts';
import { DifficultyLimits } from '../../../../domain/vardiff/difficulty-limits.ts';
import {
  exponentAtMost,
  leBytesToTarget,
  powerTarget,
  targetToLeBytes,
} from '../../../../protocols/bitcoin/target.ts';
import {
  EHASH_EXTENSION,
  encodeFixedTarget,
  FIXED_TARGET_FIELD,
} from '../../../../protocols/ehash/extension.ts';
import type { RawChannel } from '../../../harness/raw-miner.ts';
import { testPool } from './fixture.ts';

const exponent = (targetLe: Uint8Array): number => exponentAtMost(leBytesToTarget(targetLe));
/** At 60 shares a minute the rate that asks for exponent 4. */
const CLAIM = 16;

/** Submits a dozen shares at once; resolves when the pool has moved the target. */
async function flood(channel: RawChannel): Promise<number> {
  const shares = Array.from({ length: 12 }, () => channel.mine());
  const verdicts = await Promise.all(shares.map((share) => channel.submit(share)));
  assert.deepEqual(new Set(verdicts), new Set(['accepted']));
  await channel.miner.next('SetTarget');
  return exponent(channel.target);
}

describe("a channel's difficulty", () => {
  it('stops a flood, and pays its shares by the target they were found for', async (t) => {
    const pool = await testPool(t);
    const channel = await (await pool.connect()).open({ nominal_hash_rate: CLAIM });
    assert.ok((await flood(channel)) >= 7);
    assert.deepEqual(new Set(pool.sink.records.map(({ k }) => k)), new Set([4]));
  });

  it('goes by when shares come, and not by when they are answered', async (t) => {
    const pool = await testPool(t);
    const release = Promise.withResolvers<void>();
    pool.sink.before = () => release.promise;
    const channel = await (await pool.connect()).open({ nominal_hash_rate: CLAIM });
    const last = Array.from({ length: 12 }, () => channel.push(channel.mine())).at(-1);
    await channel.miner.next('SetTarget');
    const moved = exponent(channel.target);
    assert.ok(moved >= 7);
    release.resolve();
    const isLast = ({ last_sequence_number }: { last_sequence_number: number }) =>
      last_sequence_number === last;
    await channel.miner.next('SubmitShares.Success', isLast);
    assert.equal(exponent(channel.target), moved);
  });

  it('once it is much harder leaves an old job its target for a grace, and none afterwards', async (t) => {
    const pool = await testPool(t);
    const channel = await (await pool.connect()).open({ nominal_hash_rate: CLAIM });
    const [easy, late] = [channel.mine(), channel.mine()];
    channel.miner.send({
      name: 'UpdateChannel',
      channel_id: channel.id,
      nominal_hash_rate: CLAIM * 16,
      maximum_target: targetToLeBytes(powerTarget(0)),
    });
    await channel.miner.next('NewExtendedMiningJob', ({ min_ntime }) => min_ntime !== null);
    assert.equal(await channel.submit(easy), 'accepted');
    const now = performance.now.bind(performance);
    t.mock.method(performance, 'now', () => now() + EASY_JOB_GRACE_MS);
    assert.equal(await channel.submit(late), 'stale-share');
    assert.deepEqual(
      pool.sink.records.map(({ k }) => k),
      [4],
    );
  });

  it('is remembered for the client that comes back, and for nobody else', async (t) => {
    const pool = await testPool(t);
    const miner = await pool.connect();
    const proven = await flood(await miner.open({ nominal_hash_rate: CLAIM, user_identity: 'rig' }));
    miner.connection.close();
    const again = await pool.connect();
    const opened = async (user_identity: string, nominal_hash_rate: number) =>
      exponent((await again.open({ user_identity, nominal_hash_rate })).target);
    assert.equal(await opened('rig', CLAIM), proven - 3);
    assert.equal(await opened('rig', 0), proven);
    assert.equal(await opened('rig', 2 ** 20), 20);
    assert.equal(await opened('other', CLAIM), 4);
  });

  it("is eased by three steps at most by the client's own word once shares proved it", async (t) => {
    const pool = await testPool(t);
    const miner = await pool.connect();
    const channel = await miner.open({ nominal_hash_rate: CLAIM });
    const proven = await flood(channel);
    for (const nominal_hash_rate of [2, 1]) {
      const from = miner.received.length;
      miner.send({
        name: 'UpdateChannel',
        channel_id: channel.id,
        nominal_hash_rate,
        maximum_target: targetToLeBytes(powerTarget(0)),
      });
      await miner.next('SetTarget', () => true, from);
    }
    assert.equal(exponent(channel.target), proven - 3);
  });

  it('stays at the maximum target of a client that says so, and is free again when it says no more', async (t) => {
    const pool = await testPool(t);
    const miner = await pool.connect({ extensions: [EHASH_EXTENSION] });
    const fixed = [{ extension: EHASH_EXTENSION, field: FIXED_TARGET_FIELD, value: new Uint8Array(0) }];
    const max_target = targetToLeBytes(powerTarget(4));
    const channel = await miner.open({ nominal_hash_rate: CLAIM * 2 ** 8, max_target }, fixed);
    assert.equal(exponent(channel.target), 4, 'whatever rate it claims');
    for (let i = 0; i < 40; i++) assert.equal(await channel.submit(channel.mine()), 'accepted');
    assert.equal(exponent(channel.target), 4, '40 shares at once are no flood yet');
    const update = { channel_id: channel.id, nominal_hash_rate: CLAIM };
    const said = (maximum_target: Uint8Array, tlvs: typeof fixed) => {
      const from = miner.received.length;
      miner.connection.send({ name: 'UpdateChannel', ...update, maximum_target }, tlvs);
      return miner.next('SetTarget', () => true, from);
    };
    assert.equal(exponent((await said(targetToLeBytes(powerTarget(7)), fixed)).maximum_target), 7);
    assert.equal(exponent((await said(max_target, fixed)).maximum_target), 4);
    await said(max_target, []);
    for (let i = 0; i < 24; i++) await channel.submit(channel.mine());
    assert.ok(exponent(channel.target) > 4);
  });

  it("stays in the operator's bounds for that client, unless its maximum target asks for more", async (t) => {
    const limit = { userIdentity: 'rig', minimumBits: 10, maximumBits: 12 };
    const pool = await testPool(t, { difficultyLimits: new DifficultyLimits([limit]) });
    const miner = await pool.connect();
    const opened = async (nominal_hash_rate: number, bits = 0) => {
      const max_target = targetToLeBytes(powerTarget(bits));
      return exponent((await miner.open({ user_identity: 'rig.1', nominal_hash_rate, max_target })).target);
    };
    assert.equal(await opened(0), 10);
    assert.equal(await opened(2 ** 11), 11);
    assert.equal(await opened(2 ** 20), 12);
    assert.equal(await opened(0, 14), 14);
  });

  it("is eased to what counts in full at the pool's upstream, by three powers at most and never below the floor", async (t) => {
    const pool = await testPool(t);
    const opened = async (useful: number, changes: object = {}) => {
      pool.server.setUseful({ exponent: useful, isLeast: false });
      return exponent((await (await pool.connect()).open({ nominal_hash_rate: CLAIM, ...changes })).target);
    };
    assert.equal(await opened(40), 4);
    assert.equal(await opened(3), 3);
    assert.equal(await opened(0), 1);
    assert.equal(await opened(0, { max_target: targetToLeBytes(powerTarget(3)) }), 3);
    const shared = [{ extension: EHASH_EXTENSION, field: FIXED_TARGET_FIELD, value: encodeFixedTarget(100) }];
    const promised = { nominal_hash_rate: 100 * CLAIM, max_target: targetToLeBytes(powerTarget(4)) };
    const farm = await pool.connect({ extensions: [EHASH_EXTENSION] });
    const { target } = await farm.open(promised, shared);
    assert.equal(exponent(target), 4, 'what its miners were promised is kept');
    pool.server.setUseful({ exponent: 40, isLeast: false });
    const channel = await (await pool.connect()).open({ nominal_hash_rate: CLAIM });
    pool.server.setUseful({ exponent: 2, isLeast: false });
    await channel.miner.next('SetTarget');
    assert.equal(exponent(channel.target), 2);
    assert.equal(await channel.submit(channel.mine()), 'accepted');
    assert.deepEqual(
      pool.sink.records.map(({ k }) => k),
      [2],
    );
  });
});
