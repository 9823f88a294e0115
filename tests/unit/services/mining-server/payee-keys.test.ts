import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { toHex } from '../../../../protocols/bytes.ts';
import { EHASH_EXTENSION, LOCKING_KEY_FIELD } from '../../../../protocols/ehash/extension.ts';
import { KEY, OTHER_KEY, testPool } from './fixture.ts';

/** So many keys of one client take the worker far longer than the shares of another. */
const FLOOD = 3_000;
const extensions = [EHASH_EXTENSION];
const keyField = (value: Uint8Array) => [{ extension: EHASH_EXTENSION, field: LOCKING_KEY_FIELD, value }];
const freshKey = () => secp256k1.getPublicKey(secp256k1.utils.randomSecretKey());
/** No point has an x of 0. */
const noPoint = Uint8Array.of(2, ...new Uint8Array(32));

describe('keys that a client names', () => {
  it('hold its other messages back until they were looked at, so that all keep their order', async (t) => {
    const pool = await testPool(t);
    const miner = await pool.connect({ extensions });
    const channel = await miner.open({ user_identity: toHex(KEY) });
    const first = freshKey();
    const second = freshKey();
    // All in one write, and so in one read of the pool.
    for (const key of [KEY, first, KEY, noPoint, second, first]) channel.push(channel.mine(), keyField(key));
    const last = channel.push(channel.mine(), keyField(freshKey()));
    miner.send({ name: 'CloseChannel', channel_id: channel.id, reason_code: '' });
    const late = channel.push(channel.mine(), keyField(KEY));
    await miner.next('SubmitShares.Error', ({ sequence_number }) => sequence_number === late);
    const errors = miner.received.filter((message) => message.name === 'SubmitShares.Error');
    assert.deepEqual(
      errors.map(({ error_code }) => error_code),
      ['invalid-ehash-key', 'invalid-channel-id'],
    );
    assert.equal(last + 1, late);
    assert.equal(pool.server.figures.accepted, 6);
    assert.deepEqual(
      pool.sink.records.slice(0, 5).map(({ key }) => key),
      [KEY, first, KEY, second, first],
    );
  });

  it('cost a share its pay where nobody could sign for them, and not its work', async (t) => {
    const pool = await testPool(t);
    const miner = await pool.connect({ extensions });
    const channel = await miner.open();
    const share = channel.mine();
    assert.equal(await channel.submit(share, keyField(noPoint)), 'invalid-ehash-key');
    assert.equal(await channel.submit(share, keyField(OTHER_KEY)), 'accepted');
    assert.equal(await channel.submit(share, keyField(OTHER_KEY)), 'duplicate-share');
    for (const answer of [await miner.ask({}, keyField(noPoint)), await miner.ask(named(noPoint))]) {
      assert.equal(answer.name === 'OpenMiningChannel.Error' && answer.error_code, 'invalid-ehash-key');
    }
    assert.equal(pool.server.figures.channels, 1);
  });

  it('are looked at in turn: who floods the pool with them waits for itself alone', async (t) => {
    const pool = await testPool(t);
    const good = await (await pool.connect({ extensions })).open();
    const shares = Array.from({ length: 10 }, () => ({ share: good.mine(), tlvs: keyField(freshKey()) }));
    const greedy = await pool.connect();
    let answered = 0;
    greedy.connection.onMessage = () => void answered++;
    const key = freshKey();
    for (let i = 0; i < FLOOD; i++) {
      new DataView(key.buffer).setUint32(1, i);
      greedy.send({ name: 'OpenExtendedMiningChannel', request_id: i, ...refused, ...named(key) });
    }
    const [last] = shares.map(({ share, tlvs }) => good.push(share, tlvs)).slice(-1);
    await good.miner.next('SubmitShares.Success', (ack) => ack.last_sequence_number === last);
    assert.equal(pool.server.figures.accepted, shares.length);
    assert.ok(answered < FLOOD / 2, `${answered} keys of ${FLOOD} were looked at meanwhile`);
    assert.ok(greedy.connection.isOpen);
  });

  it('that no worker can look at cost their own client its connection', async (t) => {
    const pool = await testPool(t);
    const [good, bad] = [await pool.connect({ extensions }), await pool.connect({ extensions })];
    const channel = await good.open();
    const other = await bad.open();
    await pool.workers.close();
    other.push(other.mine(), keyField(freshKey()));
    await bad.connection.closed;
    assert.ok(!bad.received.some(({ name }) => name.startsWith('SubmitShares')));
    assert.equal(await channel.submit(channel.mine()), 'accepted');
  });

  it('of a client that is gone open nothing', async (t) => {
    const pool = await testPool(t);
    const miner = await pool.connect();
    miner.send({ name: 'OpenExtendedMiningChannel', request_id: 1, ...modest, ...named(freshKey()) });
    miner.connection.close();
    await miner.connection.closed;
    await (await pool.connect()).open(named(freshKey()));
    assert.equal(pool.server.figures.channels, 1);
    assert.ok(pool.server.extranoncesInUse <= 2);
  });
});

const named = (key: Uint8Array) => ({ user_identity: toHex(key) });
const modest = { nominal_hash_rate: 0, max_target: new Uint8Array(32).fill(255), min_extranonce_size: 4 };
const refused = { ...modest, nominal_hash_rate: -1 };
