import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { meetsPower } from '../../protocols/bitcoin/target.ts';
import { reversed, toHex, utf8 } from '../../protocols/bytes.ts';
import { REQUIRES_STANDARD_JOBS } from '../../protocols/sv2/mining.ts';
import { poolScene } from '../harness/pool-scene.ts';
import type { RawChannel } from '../harness/raw-miner.ts';

const BLOCK_BITS = 12;
const HOUSE_KEY = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';

const says = (channel: RawChannel, names: string) =>
  toHex(channel.job.coinbase_tx_prefix).includes(toHex(utf8(`Sv2/${names}/`)));

test('the names in the coinbase are read anew at SIGHUP, and nobody who mines is cut off', async (t) => {
  const { pool } = await poolScene(t, { config: [`house_key = "${HOUSE_KEY}"`] });
  const miner = await pool.connect();
  const [alice, bob] = [
    await miner.open({ user_identity: 'alice.rig' }),
    await miner.open({ user_identity: 'bob' }),
  ];
  const submitAll = async () => {
    for (const channel of [alice, bob]) assert.equal(await channel.submit(channel.mine()), 'accepted');
  };
  assert.ok(says(alice, 'under test/'));
  assert.equal(alice.groupId, 1);
  await submitAll();

  const config = readFileSync(pool.configPath, 'utf8');
  writeFileSync(pool.configPath, config.replace('"under test"', '"renamed"'));
  appendFileSync(pool.configPath, 'miner_tag_length = 8\n');
  process.kill(pool.role.pid, 'SIGHUP');
  for (const channel of [alice, bob]) {
    const { group_channel_id: group } = await miner.next('SetGroupChannel', ({ channel_ids }) =>
      channel_ids.includes(channel.id),
    );
    await miner.next('NewExtendedMiningJob', ({ channel_id }) => channel_id === group);
    assert.equal(channel.groupId, group);
  }
  assert.notEqual(alice.groupId, bob.groupId);
  assert.ok(says(alice, 'renamed/alice') && says(bob, 'renamed/bob'));
  await submitAll();

  appendFileSync(pool.configPath, 'share_batch_size = 0\n');
  process.kill(pool.role.pid, 'SIGHUP');
  await pool.role.says(/the config was not taken over: .*share_batch_size/);
  await submitAll();
});

test("blocks in the best chain show their miners' tags, of every kind of channel", async (t) => {
  const { pool, node } = await poolScene(t, {
    blockBits: BLOCK_BITS,
    config: ['miner_tag_length = 8', `house_key = "${HOUSE_KEY}"`],
  });
  const proxy = await pool.connect();
  const device = await pool.connect({ flags: REQUIRES_STANDARD_JOBS });
  const channels = {
    extended: await proxy.open({ user_identity: 'extended' }),
    standard: await proxy.openStandard({ user_identity: 'standard' }),
    alone: await device.openStandard({ user_identity: 'alone' }),
  };
  for (const [tag, channel] of Object.entries(channels)) {
    const share = channel.mine((hashLe) => meetsPower(hashLe, BLOCK_BITS));
    const hashLe = channel.hashOf(share);
    assert.equal(await channel.submit(share), 'accepted');
    const isTip = ({ prev_hash }: { prev_hash: Uint8Array }) => toHex(prev_hash) === toHex(hashLe);
    for (const { miner } of Object.values(channels)) await miner.next('SetNewPrevHash', isTip);
    const hash = toHex(reversed(hashLe));
    assert.equal(await node.rpc.call('getbestblockhash'), hash);
    const { tx } = (await node.rpc.call('getblock', [hash, 2])) as {
      tx: { vin: { coinbase: string }[] }[];
    };
    assert.ok(tx[0]?.vin[0]?.coinbase.includes(toHex(utf8(`Sv2/under test/${tag}/`))), tag);
  }
});
