import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { meetsPower } from '../../../../protocols/bitcoin/target.ts';
import { EHASH_EXTENSION, LOCKING_KEY_FIELD } from '../../../../protocols/ehash/extension.ts';
import { MAX_PENDING_SHARES } from '../../../../services/mining-server/share-commits.ts';
import { KEY, OTHER_KEY, testPool } from './fixture.ts';

const MAX_TARGET_8 = new Uint8Array(32).fill(255, 0, 31);
const keyField = (value: Uint8Array) => [{ extension: EHASH_EXTENSION, field: LOCKING_KEY_FIELD, value }];

describe('shares at the mining server', () => {
  it('are stored, then acknowledged, and paid once', async (t) => {
    const pool = await testPool(t);
    const channel = await (await pool.connect()).open();
    const share = channel.mine();
    assert.equal(await channel.submit(share), 'accepted');
    assert.deepEqual(pool.sink.records, [{ header: channel.proof(share).header, k: 0, key: KEY }]);
    assert.equal(await channel.submit(share), 'duplicate-share');
    assert.equal(pool.sink.records.length, 1);
  });

  it('are answered only after their commit, and a duplicate of a pending one is a duplicate', async (t) => {
    const pool = await testPool(t);
    const channel = await (await pool.connect()).open();
    let release = (): void => undefined;
    pool.sink.before = () => new Promise((resolve) => (release = resolve));
    const share = channel.mine();
    channel.push(share);
    assert.equal(await channel.submit(share), 'duplicate-share');
    await delay(100);
    const acknowledged = () =>
      channel.miner.received.filter(({ name }) => name === 'SubmitShares.Success').length;
    assert.equal(acknowledged(), 0);
    release();
    await channel.miner.next('SubmitShares.Success');
    assert.equal(pool.sink.records.length, 1);
  });

  it('count that came whole before what ends their connection, read together with it', async (t) => {
    const pool = await testPool(t);
    const channel = await (await pool.connect({ extensions: [EHASH_EXTENSION] })).open();
    const { connection } = channel.miner;
    channel.push(channel.mine());
    const brokenTlv = Uint8Array.of(1, 2, 3);
    const next = { channel_id: channel.id, sequence_number: 2, ...channel.mine() };
    connection.send({ name: 'SubmitSharesExtended', ...next }, brokenTlv);
    await connection.closed;
    while (pool.server.figures.channels > 0) await delay(5);
    await pool.server.close();
    assert.equal(pool.sink.records.length, 1);
  });

  it('get every error that the specification names', async (t) => {
    const pool = await testPool(t);
    const miner = await pool.connect();
    const channel = await miner.open({ max_target: MAX_TARGET_8 });
    const share = channel.mine();
    const future = Math.floor(Date.now() / 1000) + 7300;
    const nothing = channel.mine((hashLe) => !meetsPower(hashLe, 8));
    const cases: [string, Partial<typeof share>][] = [
      ['invalid-job-id', { job_id: 4711 }],
      ['bad-extranonce-size', { extranonce: new Uint8Array(3) }],
      ['invalid-share', { ntime: channel.prevHash.min_ntime - 1 }],
      ['invalid-share', { ntime: future }],
      ['invalid-non-rollable-version-bit', { version: share.version ^ 1 }],
      ['difficulty-too-low', nothing],
    ];
    for (const [code, change] of cases) assert.equal(await channel.submit({ ...share, ...change }), code);
    channel.miner.send({ name: 'SubmitSharesExtended', channel_id: 99, sequence_number: 5, ...share });
    const error = await miner.next('SubmitShares.Error', ({ channel_id }) => channel_id === 99);
    assert.equal(error.error_code, 'invalid-channel-id');
    pool.newTip(2n, 2);
    await miner.next('SetNewPrevHash', ({ prev_hash }) => prev_hash[0] === 2);
    assert.equal(await channel.submit(share), 'stale-share');
    assert.equal(pool.sink.records.length, 0);
    assert.equal(pool.server.figures.rejected, cases.length + 2);
  });

  it('may roll the bits of BIP323, and stay valid on a past job of the same tip', async (t) => {
    const pool = await testPool(t);
    const miner = await pool.connect();
    const channel = await miner.open();
    const rolled = channel.mine(undefined, { version: 0x20000000 | 0x1fffffe0 });
    pool.newTemplate(2n);
    await miner.next('NewExtendedMiningJob', ({ min_ntime }) => min_ntime !== null);
    assert.equal(await channel.submit(rolled), 'accepted');
    assert.equal(await channel.submit(channel.mine()), 'accepted');
  });

  it('pay the key of the share before that of the channel before that of the name', async (t) => {
    const pool = await testPool(t, { houseKey: undefined });
    const miner = await pool.connect({ extensions: [EHASH_EXTENSION] });
    const byName = await miner.open({ user_identity: Buffer.from(KEY).toString('hex') });
    assert.equal(await byName.submit(byName.mine()), 'accepted');
    assert.equal(await byName.submit(byName.mine(), keyField(OTHER_KEY)), 'accepted');
    const byField = await miner.open(
      { user_identity: Buffer.from(KEY).toString('hex') },
      keyField(OTHER_KEY),
    );
    assert.equal(await byField.submit(byField.mine()), 'accepted');
    assert.deepEqual(
      pool.sink.records.map(({ key }) => key),
      [KEY, OTHER_KEY, OTHER_KEY],
    );
    const byShareOnly = await miner.open({ user_identity: 'alice' });
    assert.equal(await byShareOnly.submit(byShareOnly.mine()), 'invalid-ehash-key');
    assert.equal(
      await byShareOnly.submit(byShareOnly.mine(), keyField(new Uint8Array(33))),
      'invalid-ehash-key',
    );
    assert.equal(pool.sink.records.length, 3);
  });

  it('that are blocks go out before they are stored, and are blocks whatever their target', async (t) => {
    const pool = await testPool(t);
    const easy = new Uint8Array(32).fill(255);
    pool.newTip(2n, 2, easy);
    const channel = await (await pool.connect()).open({ max_target: MAX_TARGET_8 });
    let blocksAtCommit = 0;
    pool.sink.before = () => {
      blocksAtCommit = pool.blocks.length;
    };
    const low = channel.mine((hashLe) => !meetsPower(hashLe, 8));
    assert.equal(await channel.submit(low), 'difficulty-too-low');
    assert.equal(pool.blocks.length, 1);
    const share = channel.mine();
    assert.equal(await channel.submit(share), 'accepted');
    assert.equal(blocksAtCommit, 2);
    assert.equal(await channel.submit(share), 'duplicate-share');
    assert.equal(pool.blocks.length, 2);
  });

  it('are acknowledged in batches whose counts and sums add up', async (t) => {
    const pool = await testPool(t, { shareBatchSize: 7 });
    const channel = await (await pool.connect()).open();
    const shares = Array.from({ length: 100 }, () => channel.mine());
    const sequences = shares.map((share) => channel.push(share));
    await channel.miner.next('SubmitShares.Success', (ack) => ack.last_sequence_number === sequences.at(-1));
    const acks = channel.miner.received.filter((message) => message.name === 'SubmitShares.Success');
    assert.ok(acks.every(({ new_submits_accepted_count: count }) => count <= 7));
    assert.equal(
      acks.reduce((sum, ack) => sum + ack.new_submits_accepted_count, 0),
      100,
    );
    assert.equal(
      acks.reduce((sum, ack) => sum + ack.new_shares_sum, 0n),
      100n,
    );
    assert.equal(pool.sink.records.length, 100);
    assert.ok(pool.sink.commits < 100, 'one commit served many shares');
  });

  it('wait where the store is behind, with what was read behind them, and lose neither place nor pay', async (t) => {
    const pool = await testPool(t);
    const channel = await (await pool.connect()).open();
    const share = channel.mine();
    const stored = Promise.withResolvers<void>();
    pool.sink.before = () => stored.promise;
    // The first commit is under way with the first share; then one more than the next may hold, and some behind it.
    channel.push(share);
    const last = MAX_PENDING_SHARES + 100;
    for (let nonce = 1; nonce < last; nonce++) channel.push({ ...share, nonce: share.nonce + nonce });
    channel.miner.send({ name: 'CloseChannel', channel_id: channel.id, reason_code: '' });
    const late = channel.push({ ...share, nonce: share.nonce + last });
    // Time to read as far as it will.
    await delay(300);
    stored.resolve();
    await channel.miner.next('SubmitShares.Error', ({ sequence_number }) => sequence_number === late);
    for (let i = 0; pool.sink.records.length < last && i < 500; i++) await delay(10);
    assert.equal(pool.sink.records.length, last);
    const nonces = pool.sink.records.map(({ header }) =>
      new DataView(header.buffer, header.byteOffset).getUint32(76, true),
    );
    assert.deepEqual(
      nonces,
      nonces.map((_, i) => share.nonce + i),
    );
  });

  it('are lost to nobody when a commit fails: channels close, nothing is answered, the share can come again', async (t) => {
    const pool = await testPool(t);
    const miner = await pool.connect();
    const channel = await miner.open();
    pool.sink.before = () => {
      throw new Error('disk full');
    };
    const share = channel.mine();
    channel.push(share);
    await miner.connection.closed;
    assert.ok(!miner.received.some(({ name }) => name.startsWith('SubmitShares')));
    assert.equal(pool.work.current?.tip.seen.look(channel.hashOf(share), 0, 1), 'unseen');
  });
});
