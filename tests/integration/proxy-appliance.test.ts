import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { encodeAuthorityPublicKey } from '../../protocols/sv2/authority-key.ts';
import { startAppliance } from '../harness/appliance.ts';
import { proxyTcp } from '../harness/interceptor.ts';
import { poolProcess } from '../harness/pool.ts';
import { UPSTREAM_USER } from '../harness/proxy-scene.ts';
import { SteadyMiner } from '../harness/steady-miner.ts';
import { templateProvider } from '../harness/template-provider.ts';
import { translatorProcess } from '../harness/translator.ts';
import { workMint } from '../harness/work-mint.ts';

const LIMIT_MS = 180_000;
const BLOCK_BITS = 14;
const BITS = 8;

/** The config of docs/operations.md: no template provider, no script of the pool's own, an upstream. */
function behindUpstream(upstreamPort: number) {
  const table = [
    '[[sv1_upstream]]',
    'address = "127.0.0.1"',
    `port = ${upstreamPort}`,
    `user = "${UPSTREAM_USER}.proxy"`,
    `suggest_difficulty_bits = ${BITS}`,
  ];
  return (file: string, text: string): string => {
    const kept = text.replaceAll(/^(tp_address|coinbase_reward_script) = .*\n/gm, '');
    if (file === 'mint.config.toml') return kept;
    if (file !== 'pool.config.toml') return text;
    const quick = kept.replace('shares_per_minute = 30', 'shares_per_minute = 600');
    return `sv1_block_target_bits = ${BLOCK_BITS}\n${quick}\n${table.join('\n')}\n`;
  };
}

/** An ordinary pool on the node of an appliance. */
async function ordinaryPool(t: TestContext, folder: { credentials: string; config: string }) {
  const rpcAuth = readFileSync(join(folder.credentials, 'bitcoin-rpc'), 'utf8').trim();
  const shared = readFileSync(join(folder.config, 'shared/pool.toml'), 'utf8');
  const rpcUrl = /^rpc_url = "(.*)"$/m.exec(shared)?.[1] ?? '';
  const config = [`block_target_bits = ${BLOCK_BITS}`];
  const provider = await templateProvider(t, { rpcUrl, rpcAuth, config });
  const mint = await workMint(t);
  const mintPort = mint.server.address.port;
  const fixed = [`minimum_bits = ${BITS}`, `maximum_bits = ${BITS}`];
  const limits = ['[[difficulty_limits]]', 'user_identity = "hashpool"', ...fixed];
  const { port, authorityKey } = await poolProcess(t, { provider, mint, mintPort, config: limits });
  const poolKey = encodeAuthorityPublicKey(authorityKey);
  const reach = { poolPort: port, poolKey, paysEhash: true, extranonce2Size: 8 };
  return { ...(await translatorProcess(t, reach)), mint };
}

test('an appliance in front of an ordinary pool: its mint pays all shares, and knows its blocks', {
  timeout: LIMIT_MS,
}, async (t) => {
  const where = { host: '127.0.0.1', port: 1 };
  const network = await proxyTcp(where);
  t.after(() => network.close());
  const appliance = await startAppliance(t, {
    without: ['miner'],
    edit: behindUpstream(network.address.port),
  });
  const { state } = appliance;
  const upstream = await ordinaryPool(t, { credentials: state.credentials, config: state.config });
  where.port = upstream.sv1Port;
  await appliance.until('the upstream', () => appliance.role('pool').text === 'serving miners');

  const miner = await SteadyMiner.start({
    port: appliance.sv1Port,
    user: 'somebody',
    bits: BITS,
    pauseMs: 10,
    takesExtranonce: true,
  });
  t.after(() => miner.client.close());
  const height = Number(await appliance.rpc.call('getblockcount', []));
  const running = miner.run();
  await appliance.until(
    'a block of the pool, as the mint tells it',
    () => appliance.figures().blocksConfirmed >= 1n && miner.accepted.length > 30,
  );
  miner.stop();
  await running;
  assert.ok(Number(await appliance.rpc.call('getblockcount', [])) > height);
  await appliance.until('the wallet to have it all', () => appliance.figures().waiting === 0n);
  const figures = appliance.role('pool').figures;
  t.diagnostic(`${miner.accepted.length} shares, ${upstream.mint.shares.length} at the upstream`);
  assert.ok(upstream.mint.shares.length > 0);
  assert.equal(figures['upstream_rejected_low_difficulty'], 0);
  await appliance.stop();
  const audit = appliance.audit();
  assert.deepEqual(audit.disagreements, []);
  assert.equal(audit.outbox.rows, miner.accepted.length);
  assert.equal(audit.quotes.rows, audit.outbox.rows);
  const mintLog = readFileSync(join(state.logs, 'mint.log'), 'utf8');
  assert.doesNotMatch(mintLog, /"alert"/);
});
