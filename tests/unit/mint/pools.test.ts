import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { before, test } from 'node:test';
import { toHex } from '../../../protocols/bytes.ts';
import { readPools } from '../../../roles/mint/pools.ts';
import { type Crypto, loadCrypto } from '../../../runtime/crypto.ts';

let crypto: Crypto;
before(async () => {
  crypto = await loadCrypto();
});

const signer = {
  arePoints: async (keys: readonly Uint8Array[]) => keys.map((key) => crypto.curve.isPoint(key)),
};

/** A `[[pool]]` table with keys of its own. */
function table(coinbase_reward_script: string) {
  const key = toHex(crypto.curve.publicKey(randomBytes(32)));
  return {
    pool_id: key,
    issuer_keys: [key],
    server_ids: [1],
    fee_ppm: 0,
    work_per_hour: 3,
    coinbase_reward_script,
    reward_is_cold: false,
    rewards: 'chain' as const,
    reward_period_blocks: 144,
    reward_minimum: 1,
  };
}

function read(tables: Parameters<typeof readPools>[0]) {
  return readPools(tables, (reference) => reference, signer, { network: 'regtest', curve: crypto.curve });
}

test('a pool with its keys, its script and its cap in hashes', async () => {
  const wanted = table('addr(bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080)');
  const [pool] = await read([wanted]);
  assert.ok(pool);
  assert.equal(toHex(pool.poolId), wanted.pool_id);
  assert.equal(toHex(pool.script ?? new Uint8Array(0)), '0014751e76e8199196d454941c45d1b3a323f1433bd6');
  assert.equal(pool.workPerHour, 3n << 32n);
});

test('what two pools may not share, and what is no script, is refused in words', async () => {
  const [one, other] = [table('raw(51)'), table('raw(52)')];
  assert.equal((await read([one, other])).length, 2);
  const { coinbase_reward_script: _, ...behindUpstream } = table('raw(53)');
  const { coinbase_reward_script: __, ...another } = table('raw(54)');
  const readAll = (await read([behindUpstream, one, another])).map(({ script }) => script && toHex(script));
  assert.deepEqual(readAll, [undefined, '51', undefined], 'their blocks pay upstreams');
  const refused: [ReturnType<typeof table>[], RegExp][] = [
    [[one, { ...other, pool_id: one.pool_id }], /pool_id stands twice/],
    [[one, table('raw(51)')], /coinbase_reward_script is that of two pools; give each its own/],
    [[one, table('wpkh(02)')], /\[\[pool\]\] number 2, coinbase_reward_script: /],
    [[table('addr(1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa)')], /number 1, coinbase_reward_script: /],
    [[{ ...one, issuer_keys: [`02${'ff'.repeat(32)}`] }], /no point of secp256k1/],
  ];
  for (const [tables, words] of refused)
    await assert.rejects(read(tables), { name: 'ConfigError', message: words });
});
