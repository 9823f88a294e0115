import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromHex } from '../../protocols/bytes.ts';
import { EHASH_EXTENSION } from '../../protocols/ehash/extension.ts';
import { encodeHpub } from '../../protocols/ehash/key.ts';
import { poolScene } from '../harness/pool-scene.ts';
import { until } from '../harness/template-client.ts';

/** What the pool's config allows a client, at the pool as it is run. */

const user_identity = encodeHpub(
  fromHex('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'),
);

test('a client gets what the config allows, and no more', async (t) => {
  const { pool } = await poolScene(t, {
    config: [`required_extensions = [${EHASH_EXTENSION}]`, 'max_channels_per_address = 2'],
  });
  const without = await pool.connect();
  const refused = await without.ask({ user_identity });
  assert.equal(refused.name === 'OpenMiningChannel.Error' && refused.error_code, 'extension-required');
  await without.connection.closed;

  const [first, second] = [
    await pool.connect({ extensions: [EHASH_EXTENSION] }),
    await pool.connect({ extensions: [EHASH_EXTENSION] }),
  ];
  await first.open({ user_identity });
  const channel = await second.open({ user_identity });
  const over = await first.ask({ user_identity });
  assert.equal(over.name === 'OpenMiningChannel.Error' && over.error_code, 'too-many-channels');
  assert.equal(await channel.submit(channel.mine()), 'accepted');
  await until(() => pool.role.status.figures['channels_over_cap'] === 1, 'the figure');
});
