import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { toHex, utf8 } from '../../protocols/bytes.ts';
import { poolScene } from '../harness/pool-scene.ts';
import type { RawChannel } from '../harness/raw-miner.ts';

const LIMIT_MS = 90_000;
const HOUSE_KEY = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';

const says = (channel: RawChannel, names: string) =>
  toHex(channel.job.coinbase_tx_prefix).includes(toHex(utf8(`Sv2/${names}/`)));

test('the names in the coinbase are read anew at SIGHUP, and nobody who mines is cut off', {
  timeout: LIMIT_MS,
}, async (t) => {
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
