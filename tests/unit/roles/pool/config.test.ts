import assert from 'node:assert/strict';
import { it } from 'node:test';
import { checkPool, type PoolConfig, poolConfig } from '../../../../roles/pool/config.ts';
import { loadConfig } from '../../../../runtime/config/load.ts';

const regtest = new URL('../../../../config/regtest/pool.config.toml', import.meta.url).pathname;

it('pool.config.toml is refused in words where the names of pool and miner leave no room for each other', () => {
  const config = loadConfig(poolConfig, regtest);
  const named = (signature: number, miner_tag_length: number): PoolConfig => ({
    ...config,
    pool_signature: 'x'.repeat(signature),
    miner_tag_length,
  });
  assert.equal(config.miner_tag_length, 0, 'nobody is named on the chain unless the operator wants it');
  assert.equal(checkPool(named(60, 0)), undefined);
  assert.equal(checkPool(named(44, 16)), undefined);
  assert.match(
    checkPool(named(45, 16)) ?? '',
    /pool_signature \(45\) and miner_tag_length \(16\) come to 61 bytes; at most 60 fit .* shorten either/,
  );
});
