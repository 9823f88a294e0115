import assert from 'node:assert/strict';
import { it } from 'node:test';
import { checkPool, type PoolConfig, poolConfig } from '../../../../roles/pool/config.ts';
import { loadConfig } from '../../../../runtime/config/load.ts';

const check = (config: PoolConfig, network: 'regtest' | 'mainnet' = 'regtest') =>
  checkPool(config, { bitcoin: { network, rpc_url: 'http://127.0.0.1:8332', rpc_auth: 'credential:x' } });

const regtest = new URL('../../../../config/regtest/pool.config.toml', import.meta.url).pathname;

it('pool.config.toml is refused in words where the names of pool and miner leave no room for each other', () => {
  const config = loadConfig(poolConfig, regtest);
  const named = (signature: number, miner_tag_length: number): PoolConfig => ({
    ...config,
    pool_signature: 'x'.repeat(signature),
    miner_tag_length,
  });
  assert.equal(config.miner_tag_length, 0, 'nobody is named on the chain unless the operator wants it');
  assert.equal(check(named(60, 0)), undefined);
  assert.equal(check(named(44, 16)), undefined);
  assert.match(
    check(named(45, 16)) ?? '',
    /pool_signature \(45\) and miner_tag_length \(16\) come to 61 bytes; at most 60 fit .* shorten either/,
  );
});

it('pool.config.toml has exactly one kind of source of work, and nothing of the other', () => {
  const { tp_address: _, coinbase_reward_script: __, ...neither } = loadConfig(poolConfig, regtest);
  const tp_address = '127.0.0.1:8442';
  const coinbase_reward_script = 'raw(51)';
  const templates = { ...neither, tp_address, coinbase_reward_script };
  const sv1_upstream = [{ address: 'pool.example', port: 3333, tls: false, user: 'somebody.rig' }];
  const upstream = { ...neither, sv1_upstream };
  assert.equal(check(templates), undefined);
  assert.equal(check(upstream), undefined);
  assert.match(
    check(neither) ?? '',
    /^nothing says where work comes from; it must be tp_address, .* or \[\[sv1_upst/,
  );
  assert.match(check({ ...templates, sv1_upstream }) ?? '', /^tp_address and \[\[sv1_upstream\]\] both say/);
  assert.match(check({ ...neither, tp_address }) ?? '', /^coinbase_reward_script is missing/);
  assert.match(
    check({ ...upstream, coinbase_reward_script }) ?? '',
    /^coinbase_reward_script is set, but the co/,
  );
  assert.match(
    check({ ...upstream, coinbase_payouts_max_size: 0 }) ?? '',
    /^coinbase_payouts_max_size is set, .* remove it$/,
  );
  assert.match(check({ ...upstream, miner_tag_length: 4 }) ?? '', /^miner_tag_length is set, .* remove it$/);
  assert.match(check({ ...upstream, coinbase_outputs: [] }) ?? '', /^coinbase_outputs is set/);
  const trial = { ...upstream, sv1_block_target_bits: 24 };
  assert.equal(check(trial), undefined);
  assert.match(
    check(trial, 'mainnet') ?? '',
    /^sv1_block_target_bits is for regtest only, .* mainnet; remove it$/,
  );
});
