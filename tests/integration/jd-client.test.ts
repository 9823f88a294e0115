import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { toHex } from '../../protocols/bytes.ts';
import {
  EHASH_EXTENSION,
  LOCKING_KEY_FIELD,
  WORKER_NAME_EXTENSION,
} from '../../protocols/ehash/extension.ts';
import { encodeWorkerName } from '../../protocols/sv2/extensions/worker-names.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { type JdClientProcess, jdClientProcess } from '../harness/jd-client.ts';
import { type JdServerProcess, jdServer } from '../harness/jd-server.ts';
import { type PoolScene, poolScene } from '../harness/pool-scene.ts';
import type { RawChannel } from '../harness/raw-miner.ts';
import { until } from '../harness/template-client.ts';

const LIMIT_MS = 120_000;

interface Scene extends PoolScene {
  readonly server: JdServerProcess;
  readonly client: JdClientProcess;
  /** The key that the miner's shares name. */
  readonly key: Uint8Array;
}

async function scene(
  t: TestContext,
  { poolConfig = [] as string[], jdConfig = [] as string[], config = [] as string[], blockBits = 40 } = {},
): Promise<Scene> {
  const { curve } = await loadCrypto();
  const tokenSecret = Uint8Array.from(randomBytes(32));
  const pool = await poolScene(t, {
    blockBits,
    config: [`jd_token_keys = ["${toHex(curve.publicKey(tokenSecret))}"]`, ...poolConfig],
  });
  await pool.spendCoin();
  const server = await jdServer(t, { ...pool.node, rewardScript: 'raw(51)', tokenSecret, config: jdConfig });
  const client = await jdClientProcess(t, {
    provider: pool.provider,
    upstreams: [{ pool: pool.pool, jdServer: server }],
    config: ['shares_per_minute = 600', ...config],
  });
  return { ...pool, server, client, key: curve.publicKey(Uint8Array.from(randomBytes(32))) };
}

/** A miner's channel at the jd-client. */
async function channelOf({ client }: Scene): Promise<RawChannel> {
  await client.role.says(/^mining for /);
  const miner = await client.connect({ extensions: [WORKER_NAME_EXTENSION, EHASH_EXTENSION] });
  return miner.open({ user_identity: 'farm.rig' });
}

/** Mines a share and hands it in. */
function share(channel: RawChannel, key: Uint8Array, seed = 0): Promise<string> {
  const extranonce = new Uint8Array(channel.extranonceSize).fill(seed);
  const tlvs = [
    encodeWorkerName('rig'),
    { extension: EHASH_EXTENSION, field: LOCKING_KEY_FIELD, value: key },
  ];
  return channel.submit(channel.mine(undefined, { extranonce }), tlvs);
}

test("shares of the miner's own jobs become work at the mint, for the miner's own key", {
  timeout: LIMIT_MS,
}, async (t) => {
  const all = await scene(t);
  const { mint, client, key, node } = all;
  const channel = await channelOf(all);
  for (let i = 0; i < 5; i++) assert.equal(await share(channel, key, i), 'accepted');
  await until(() => mint.shares.length >= 5, 'the mint has five shares');
  assert.deepEqual(new Set(mint.shares.map((record) => toHex(record.key))), new Set([toHex(key)]));
  const before = channel.prevHash;
  await node.generate(1);
  await until(() => channel.prevHash !== before, 'a new tip');
  assert.equal(await share(channel, key, 9), 'accepted');
  await until(() => mint.shares.length >= 6, 'the mint has the sixth');
  assert.match(client.role.status.text, /^mining for 127/);
});
