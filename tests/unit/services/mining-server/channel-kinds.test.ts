import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { MAX_UNGROUPED_CHANNELS } from '../../../../domain/channels/channel-ids.ts';
import { SeenShares } from '../../../../domain/shares/seen-shares.ts';
import { meetsPower, powerTarget, targetToLeBytes } from '../../../../protocols/bitcoin/target.ts';
import { encodeHpub } from '../../../../protocols/ehash/key.ts';
import {
  REQUIRES_FIXED_VERSION,
  REQUIRES_STANDARD_JOBS,
  REQUIRES_VERSION_ROLLING,
  REQUIRES_WORK_SELECTION,
} from '../../../../protocols/sv2/mining.ts';
import type { RawMiner } from '../../../harness/raw-miner.ts';
import { OTHER_KEY, prevHash, template, testPool } from './fixture.ts';

const target = (k: number) => targetToLeBytes(powerTarget(k));
const names = (miner: RawMiner, from = 0) => miner.received.slice(from).map(({ name }) => name);
/** Name and addressee of each message from `from` on. */
const addressed = (miner: RawMiner, from: number) =>
  miner.received
    .slice(from)
    .map((message) => `${message.name} ${'channel_id' in message ? message.channel_id : ''}`);

describe('standard channels', () => {
  it('get their whole extranonce, a ready-made job, and its prev hash; their shares are paid', async (t) => {
    const pool = await testPool(t);
    const miner = await pool.connect();
    const channel = await miner.openStandard({ user_identity: encodeHpub(OTHER_KEY) });
    assert.deepEqual(names(miner), ['OpenStandardMiningChannel.Success', 'NewMiningJob', 'SetNewPrevHash']);
    assert.equal(channel.prefix.length, 20);
    assert.equal(channel.groupId, 1);
    const share = channel.mine();
    assert.equal(await channel.submit(share), 'accepted');
    assert.equal(await channel.submit(share), 'duplicate-share');
    assert.equal(await channel.submit(channel.mine(undefined, { version: 0x3fffffe0 })), 'accepted');
    assert.deepEqual(
      pool.sink.records.map(({ key }) => key),
      [OTHER_KEY, OTHER_KEY],
    );
    assert.deepEqual(pool.sink.records[0]?.header, channel.proof(share).header);
  });

  it('must name whom they pay: their shares can not', async (t) => {
    const pool = await testPool(t, { houseKey: undefined });
    const miner = await pool.connect({ extensions: [0x4548] });
    const answer = await miner.askStandard({ user_identity: 'alice' });
    assert.equal(answer.name === 'OpenMiningChannel.Error' && answer.error_code, 'invalid-user-identity');
  });

  it('and extended ones take no shares of each other', async (t) => {
    const pool = await testPool(t);
    const miner = await pool.connect();
    const standard = await miner.openStandard();
    const extended = await miner.open();
    const { extranonce: _, ...fields } = standard.mine();
    const share = { sequence_number: 1, ...fields };
    miner.send({ name: 'SubmitSharesStandard', channel_id: extended.id, ...share });
    miner.send({
      name: 'SubmitSharesExtended',
      channel_id: standard.id,
      ...share,
      extranonce: new Uint8Array(0),
    });
    for (const { id } of [standard, extended]) {
      const error = await miner.next('SubmitShares.Error', ({ channel_id }) => channel_id === id);
      assert.equal(error.error_code, 'invalid-channel-id');
    }
  });
});

describe('a group', () => {
  it('of standard and extended channels gets one job and one prev hash, and all of them mine it', async (t) => {
    const pool = await testPool(t);
    const miner = await pool.connect();
    const channels = [await miner.openStandard(), await miner.open(), await miner.openStandard()];
    channels.push(await miner.open({ min_extranonce_size: 14 }));
    const ids = channels.map(({ id }) => id);
    assert.deepEqual(ids, [2, 3, 4, 5], 'one space of ids, the group has 1');
    assert.deepEqual(
      channels.map((channel) => channel.prefix.length + channel.extranonceSize),
      [20, 20, 20, 20],
    );
    const from = miner.received.length;
    pool.newTemplate(2n);
    pool.newTip(3n, 3);
    await miner.next('SetNewPrevHash', () => true, from);
    await delay(20);
    assert.deepEqual(addressed(miner, from), [
      'NewExtendedMiningJob 1',
      'NewExtendedMiningJob 1',
      'SetNewPrevHash 1',
    ]);
    for (const channel of channels) assert.equal(await channel.submit(channel.mine()), 'accepted');
    assert.equal(pool.sink.records.length, 4);
  });

  it('is told of a job by its own id before its prev hash, whatever its channels were told', async (t) => {
    const pool = await testPool(t);
    const miner = await pool.connect();
    pool.server.announce(pool.work.addFuture(template(2n, true)));
    const channel = await miner.open();
    const from = miner.received.length;
    pool.server.activate(pool.work.setTip(prevHash(2n, 2), new SeenShares()));
    await miner.next('SetNewPrevHash', () => true, from);
    assert.deepEqual(addressed(miner, from).slice(-2), ['NewExtendedMiningJob 1', 'SetNewPrevHash 1']);
    assert.equal(await channel.submit(channel.mine()), 'accepted');
  });

  it('has no part in a job that one of its channels needs for a new target', async (t) => {
    const pool = await testPool(t);
    const miner = await pool.connect();
    const [standard, extended] = [await miner.openStandard(), await miner.open()];
    const from = miner.received.length;
    for (const { id } of [standard, extended]) {
      miner.send({
        name: 'UpdateChannel',
        channel_id: id,
        nominal_hash_rate: 64,
        maximum_target: target(0),
      });
    }
    await miner.next('NewExtendedMiningJob', () => true, from);
    const told = addressed(miner, from);
    assert.deepEqual(told, ['SetTarget 2', 'NewMiningJob 2', 'SetTarget 3', 'NewExtendedMiningJob 3']);
    for (const channel of [standard, extended]) {
      assert.deepEqual(channel.target, target(6));
      assert.equal(await channel.submit(channel.mine()), 'accepted');
      const low = channel.mine((hashLe) => !meetsPower(hashLe, 6));
      assert.equal(await channel.submit(low), 'difficulty-too-low');
    }
  });

  it('is told of a target once, where all its channels move to it', async (t) => {
    const pool = await testPool(t);
    const miner = await pool.connect();
    const channels = [await miner.openStandard(), await miner.open()];
    const from = miner.received.length;
    pool.server.setMinimumDifficulty(7);
    await miner.next('NewExtendedMiningJob', () => true, from);
    assert.deepEqual(addressed(miner, from), ['SetTarget 1', 'NewExtendedMiningJob 1']);
    for (const channel of channels) {
      assert.deepEqual(channel.target, target(7));
      assert.equal(await channel.submit(channel.mine()), 'accepted');
    }
    assert.deepEqual(
      pool.sink.records.map(({ k }) => k),
      [7, 7],
    );
  });

  it('is what many channels need: who requires standard jobs gets fewer', async (t) => {
    const pool = await testPool(t);
    const miner = await pool.connect({ flags: REQUIRES_STANDARD_JOBS });
    const wishes = Array.from({ length: MAX_UNGROUPED_CHANNELS + 1 }, () => miner.askStandard());
    const answers = await Promise.all(wishes);
    const refused = answers.filter((answer) => answer.name === 'OpenMiningChannel.Error');
    assert.deepEqual(
      refused.map(({ error_code }) => error_code),
      ['too-many-channels'],
    );
  });

  it('is not there for who requires standard jobs: each channel gets its own', async (t) => {
    const pool = await testPool(t);
    const miner = await pool.connect({ flags: REQUIRES_STANDARD_JOBS });
    const channels = [await miner.openStandard(), await miner.openStandard()];
    assert.deepEqual(
      channels.map(({ groupId }) => groupId),
      [0, 0],
    );
    const refused = await miner.ask();
    assert.equal(
      refused.name === 'OpenMiningChannel.Error' && refused.error_code,
      'extended-channels-not-supported-for-standard-jobs',
    );
    const from = miner.received.length;
    pool.newTip(2n, 2);
    pool.newTemplate(3n);
    await miner.next('NewMiningJob', (job) => job.channel_id === 3 && job.min_ntime !== null, from);
    assert.deepEqual(addressed(miner, from), [
      'NewMiningJob 2',
      'NewMiningJob 3',
      'SetNewPrevHash 2',
      'SetNewPrevHash 3',
      'NewMiningJob 2',
      'NewMiningJob 3',
    ]);
    for (const channel of channels) assert.equal(await channel.submit(channel.mine()), 'accepted');
    miner.send({ name: 'CloseChannel', channel_id: 1, reason_code: '' });
    const [first] = channels;
    assert.equal(first && (await first.submit(first.mine())), 'accepted', 'there is no group to close');
  });
});

describe('a connection that selects its work', () => {
  it('opens extended channels only, and is sent neither jobs nor prev hashes', async (t) => {
    const pool = await testPool(t);
    const miner = await pool.connect({ flags: REQUIRES_WORK_SELECTION });
    const refused = await miner.askStandard();
    assert.equal(
      refused.name === 'OpenMiningChannel.Error' && refused.error_code,
      'standard-channels-not-supported-for-custom-work',
    );
    const opened = await miner.ask();
    assert.ok(opened.name === 'OpenExtendedMiningChannel.Success');
    const others = await (await pool.connect()).open();
    pool.newTip(2n, 2);
    await others.miner.next('SetNewPrevHash', ({ prev_hash }) => prev_hash[0] === 2);
    pool.server.setMinimumDifficulty(3);
    await miner.next('SetTarget');
    assert.deepEqual(names(miner), [
      'OpenMiningChannel.Error',
      'OpenExtendedMiningChannel.Success',
      'SetTarget',
    ]);
  });
});

describe('the version', () => {
  it('is fixed where the mask is empty, and who must roll it is refused', async (t) => {
    const pool = await testPool(t, { versionMask: 0 });
    await assert.rejects(pool.connect({ flags: REQUIRES_VERSION_ROLLING }), {
      message: /unsupported-feature-flags/,
    });
    const miner = await pool.connect();
    assert.equal(miner.connection.accepted.flags, REQUIRES_FIXED_VERSION);
    const channel = await miner.open();
    assert.equal(channel.job.version_rolling_allowed, false);
    const rolled = channel.mine(undefined, { version: channel.job.version ^ 0x20 });
    assert.equal(await channel.submit(rolled), 'version-rolling-not-allowed');
    assert.equal(await channel.submit(channel.mine()), 'accepted');
  });
});

describe('a planned move', () => {
  it('asks all clients to connect elsewhere, or again', async (t) => {
    const pool = await testPool(t);
    const miners = [await pool.connect(), await pool.connect()];
    pool.server.reconnect({ host: 'pool.example', port: 34254 });
    pool.server.reconnect();
    for (const miner of miners) {
      await miner.next('Reconnect', ({ new_host }) => new_host === '');
      const asked = miner.received.filter((message) => message.name === 'Reconnect');
      assert.deepEqual(
        asked.map(({ new_host, new_port }) => [new_host, new_port]),
        [
          ['pool.example', 34254],
          ['', 0],
        ],
      );
    }
  });
});

describe('a channel that can not be paid any more', () => {
  it('is closed by the server, and no other', async (t) => {
    const pool = await testPool(t, { minimumDifficulty: 5 });
    const miner = await pool.connect();
    const hard = await miner.open({ max_target: target(64) });
    const good = await miner.open();
    pool.server.setMinimumDifficulty(0);
    const closed = await miner.next('CloseChannel');
    assert.deepEqual([closed.channel_id, closed.reason_code], [hard.id, 'max-target-out-of-range']);
    assert.equal(await good.submit(good.mine()), 'accepted');
    assert.equal(pool.server.figures.channels, 1);
  });
});
