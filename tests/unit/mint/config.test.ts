import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkMintConfig, type MintConfig, mintConfig } from '../../../roles/mint/config.ts';
import { loadConfig } from '../../../runtime/config/load.ts';
import { poolSide } from '../../../services/shared-config/pool-side.ts';

const pathOf = (file: string) => new URL(`../../../config/regtest/${file}`, import.meta.url).pathname;

test('mint.config.toml: nothing is paid in coinbases where no key can register', () => {
  const shared = loadConfig(poolSide, pathOf('shared/pool.toml'));
  const config = loadConfig(mintConfig, pathOf('mint.config.toml'));
  const coinbase_payouts = { threshold_sats: 1000, max_outputs: 10 };
  const auto_payout = { min_threshold: 1000, max_fee_ppm: 50_000 };
  assert.match(
    checkMintConfig({ ...config, coinbase_payouts }, shared) ?? '',
    /\[auto_payout\] .* is missing: add it/,
  );
  assert.equal(checkMintConfig({ ...config, auto_payout, coinbase_payouts }, shared), undefined);
});

test('mint.config.toml: whichever pool is paid over Lightning has no script beside it, and a node that makes invoices', () => {
  const shared = loadConfig(poolSide, pathOf('shared/pool.toml'));
  const config = loadConfig(mintConfig, pathOf('mint.config.toml'));
  const [one] = config.pool;
  assert.ok(one);
  const { coinbase_reward_script: script = 'raw(51)', ...bare } = one;
  const pool = (pool_id: string, more: Partial<MintConfig['pool'][number]>) => ({
    ...bare,
    pool_id,
    ...more,
  });
  const check = (...pools: MintConfig['pool']) => checkMintConfig({ ...config, pool: pools }, shared);
  const ofChain = pool('public:one', { rewards: 'chain', coinbase_reward_script: script });
  assert.equal(check(ofChain), undefined);
  const lightning = pool('public:two', { rewards: 'lightning' });
  assert.match(check(ofChain, lightning) ?? '', /\[payments\.bolt11\] is missing/);
  const both = pool('public:three', { rewards: 'lightning', coinbase_reward_script: script });
  assert.match(check(lightning, both) ?? '', /beside a coinbase_reward_script: .* remove one of the two/);
});
