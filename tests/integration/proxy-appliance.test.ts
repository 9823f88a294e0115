import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { encodeAuthorityPublicKey } from '../../protocols/sv2/authority-key.ts';
import { UNKNOWN_BLOCK_MS } from '../../roles/pool/unknown-block.ts';
import { startAppliance } from '../harness/appliance.ts';
import { REGTEST_ADDRESS, regtestNode } from '../harness/bitcoind.ts';
import { proxyTcp } from '../harness/interceptor.ts';
import { poolProcess } from '../harness/pool.ts';
import { UPSTREAM_USER } from '../harness/proxy-scene.ts';
import { SteadyMiner } from '../harness/steady-miner.ts';
import { templateProvider } from '../harness/template-provider.ts';
import { translatorProcess } from '../harness/translator.ts';
import { workMint } from '../harness/work-mint.ts';

const BLOCK_BITS = 14;
const NEVER_A_BLOCK = 40;
const BITS = 8;

/** The config of docs/operations.md: no template provider, no script of the pool's own, an upstream. */
function behindUpstream(upstreamPort: number, blockBits = BLOCK_BITS) {
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
    return `sv1_block_target_bits = ${blockBits}\n${quick}\n${table.join('\n')}\n`;
  };
}

/** How an appliance's node is reached. */
function nodeOf(folder: { credentials: string; config: string }) {
  const rpcAuth = readFileSync(join(folder.credentials, 'bitcoin-rpc'), 'utf8').trim();
  const shared = readFileSync(join(folder.config, 'shared/pool.toml'), 'utf8');
  return { rpcUrl: /^rpc_url = "(.*)"$/m.exec(shared)?.[1] ?? '', rpcAuth };
}

/** An ordinary pool on a node. */
async function ordinaryPool(t: TestContext, node: { rpcUrl: string; rpcAuth: string }, blockBits: number) {
  const config = [`block_target_bits = ${blockBits}`];
  const provider = await templateProvider(t, { ...node, config });
  const mint = await workMint(t);
  const mintPort = mint.server.address.port;
  const fixed = [`minimum_bits = ${BITS}`, `maximum_bits = ${BITS}`];
  const limits = ['[[difficulty_limits]]', 'user_identity = "hashpool"', ...fixed];
  const { port, authorityKey } = await poolProcess(t, { provider, mint, mintPort, config: limits });
  const poolKey = encodeAuthorityPublicKey(authorityKey);
  const reach = { poolPort: port, poolKey, paysEhash: true, extranonce2Size: 8 };
  return { ...(await translatorProcess(t, reach)), mint };
}

test('an appliance in front of an ordinary pool: its mint pays all shares, and knows its blocks', async (t) => {
  const where = { host: '127.0.0.1', port: 1 };
  const network = await proxyTcp(where);
  t.after(() => network.close());
  const appliance = await startAppliance(t, {
    without: ['miner'],
    edit: behindUpstream(network.address.port),
  });
  const { state } = appliance;
  const upstream = await ordinaryPool(t, nodeOf(state), BLOCK_BITS);
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
  await appliance.collected(miner.accepted.length);
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

test('an upstream on another chain is told in words: by the pool, in its log, and by /health', async (t) => {
  const other = await regtestNode(t, { blocks: 1 });
  const { sv1Port: upstreamPort } = await ordinaryPool(t, other, NEVER_A_BLOCK);
  const appliance = await startAppliance(t, {
    without: ['miner'],
    edit: behindUpstream(upstreamPort, NEVER_A_BLOCK),
  });
  await appliance.until('the upstream', () => appliance.role('pool').text === 'serving miners');
  const { sv1Port: port } = appliance;
  const miner = await SteadyMiner.start({
    port,
    user: 'somebody',
    bits: BITS,
    pauseMs: 500,
    takesExtranonce: true,
  });
  t.after(() => miner.client.close());
  const running = miner.run();
  const words = /the mint's node does not know the block .*, or the upstream is on another chain/;
  await appliance.until('the words', () => words.test(appliance.role('pool').text), 3 * UNKNOWN_BLOCK_MS);
  assert.match(readFileSync(join(appliance.state.logs, 'pool.log'), 'utf8'), /"alert":"unknown-block"/);
  const health = async () => {
    const answer = await fetch(new URL('health', appliance.dashboards.pool));
    return `${answer.status} ${await answer.text()}`;
  };
  const deadline = Date.now() + UNKNOWN_BLOCK_MS;
  while (!words.test(await health()) && Date.now() < deadline) await delay(500);
  assert.match(await health(), /^503 /);
  assert.match(await health(), words);

  // The mint's node hears of the block after all: of a branch beside its own.
  const tip = String(await other.rpc.call('getbestblockhash', []));
  await appliance.rpc.call('submitblock', [String(await other.rpc.call('getblock', [tip, 0]))]);
  await appliance.until('the pool to be well again', () => appliance.role('pool').text === 'serving miners');
  miner.stop();
  await running;
  // What waits is looked at again at the next tip.
  await appliance.rpc.call('generatetoaddress', [1, REGTEST_ADDRESS]);
  await appliance.collected(miner.accepted.length);
  await appliance.stop();
  const { outbox, quotes, disagreements } = appliance.audit();
  assert.deepEqual(disagreements, []);
  assert.deepEqual([outbox.rows, quotes.rows], [miner.accepted.length, miner.accepted.length]);
});
