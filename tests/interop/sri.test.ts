import assert from 'node:assert/strict';
import { before, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fromHex, toHex } from '../../protocols/bytes.ts';
import { encodeHpub } from '../../protocols/ehash/key.ts';
import { decodeAuthorityPublicKey, encodeAuthorityPublicKey } from '../../protocols/sv2/authority-key.ts';
import { readOutbox } from '../../roles/pool/outbox/audit.ts';
import { regtestNode, type TestNode, untilHeight } from '../harness/bitcoind.ts';
import { offerOf } from '../harness/declared-job.ts';
import { jdClientProcess } from '../harness/jd-client.ts';
import { channelOf, share } from '../harness/jd-scene.ts';
import { jdServer } from '../harness/jd-server.ts';
import { mineCoins, OPEN_MEMPOOL, spend } from '../harness/mempool.ts';
import { poolProcess } from '../harness/pool.ts';
import { buildSriPeer, SriPeer } from '../harness/sri-peer.ts';
import { connectSv1, type Sv1Client, type Sv1Share } from '../harness/sv1-client.ts';
import { until } from '../harness/template-client.ts';
import { templateProvider } from '../harness/template-provider.ts';
import { type TranslatorProcess, translatorProcess } from '../harness/translator.ts';
import { workMint } from '../harness/work-mint.ts';

const BUILD_LIMIT_MS = 20 * 60_000;
const LIMIT_MS = 240_000;
const KEY = fromHex('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798');
/** Easy enough to be found at once, and harder than a share. */
const BLOCK_BITS = 16;
/** SRI's published test pair. */
const SRI_KEY = '9bDuixKmZqAJnrmP746n8zU1wyAQRrus7th9dxnkPg6RzQvCnan';
const SRI_SECRET = 'zmBEmPhqo3A92FkiLVvyCz6htc3e53ph3ZbD4ASqGaLjwnFLi';
/** Shares of some thousands of hashes. */
const SUGGESTION = 2 ** (12 - 32);
/** Outputs that make a transaction of about 99,000 bytes. */
const LARGE_PADDING = 2_300;

let program: string;

before(
  async () => {
    program = await buildSriPeer();
  },
  { timeout: BUILD_LIMIT_MS },
);

test('a miner of SRI mines at the pool, and its shares are judged as SRI itself judges them', {
  timeout: LIMIT_MS,
}, async (t) => {
  const node = await regtestNode(t, { blocks: 1 });
  const provider = await templateProvider(t, { ...node, config: [`block_target_bits = ${BLOCK_BITS}`] });
  const mint = await workMint(t);
  const config = ['shares_per_minute = 600'];
  const pool = await poolProcess(t, { provider, mint, mintPort: mint.server.address.port, config });
  await pool.role.says(/serving miners/);
  const peer = new SriPeer(t, program, [
    'mining-client',
    `--address=${pool.host}:${pool.port}`,
    `--key=${encodeAuthorityPublicKey(pool.authorityKey)}`,
    `--identity=${encodeHpub(KEY)}`,
    `--block-bits=${BLOCK_BITS}`,
  ]);
  await peer.finish();

  // One block of the extended channel, one of the standard channel.
  assert.equal(await node.rpc.call('getblockcount'), 3);
  assert.equal(await node.rpc.call('getblockhash', [2]), await peer.detailOf('the block is the new tip'));
  const last = await peer.detailOf("the standard channel's block is the new tip");
  assert.equal(await node.rpc.call('getbestblockhash'), last);
  const outbox = readOutbox(pool.outboxPath);
  t.after(() => outbox.close());
  const stored = [...outbox.shares()];
  const accepts = peer.checks.filter(({ detail }) => detail.startsWith('("accepted", '));
  assert.equal(stored.length, accepts.length);
  assert.ok(stored.every(({ key }) => toHex(key) === toHex(KEY)));
  await until(() => mint.shares.length === stored.length, 'all shares at the mint');
  await until(
    () => pool.role.status.figures['shares_accepted'] === stored.length,
    'all shares in the figures',
  );
});

/** The translator, mining at SRI's pool. */
async function translated(
  t: TestContext,
  ehash: 'unasked' | 'agreed' | 'refused',
): Promise<{ peer: SriPeer; translator: TranslatorProcess }> {
  const args = ['mining-server', `--key=${SRI_KEY}`, `--secret=${SRI_SECRET}`, `--ehash=${ehash}`];
  const peer = new SriPeer(t, program, args);
  const poolPort = Number(await peer.detailOf('listening'));
  const paysEhash = ehash !== 'unasked';
  return { peer, translator: await translatorProcess(t, { poolPort, poolKey: SRI_KEY, paysEhash }) };
}

async function miner(t: TestContext, { sv1Port }: TranslatorProcess, username: string): Promise<Sv1Client> {
  const client = await connectSv1(sv1Port);
  t.after(() => client.close());
  await client.configure();
  await client.request('mining.suggest_difficulty', [SUGGESTION]);
  await client.start(username);
  return client;
}

for (const ehash of ['unasked', 'agreed'] as const) {
  test(`an SV1 miner mines at a pool of SRI through the translator, ehash ${ehash}`, {
    timeout: LIMIT_MS,
  }, async (t) => {
    const { peer, translator } = await translated(t, ehash);
    await translator.role.says(/connected to pool/);
    const username = `${encodeHpub(KEY)}.rig1`;
    const client = await miner(t, translator, username);
    assert.equal(client.difficulty, SUGGESTION);
    const key = ehash === 'agreed' ? toHex(KEY) : 'none';
    // The channel is open before its miner says who it is: the key there is one of the translator's wallet.
    if (ehash === 'agreed') assert.match(await peer.detailOf("the channel's locking key"), /^0[23].{64}$/);

    const told = async (number: number, share: Sv1Share): Promise<void> => {
      assert.equal(await peer.detailOf(`share ${number}`), `${share.hash} worker rig1 key ${key}`);
    };
    // After each of the first three the peer gives out other work: a job, a harder target with a job, another tip.
    for (let number = 1; number <= 4; number++) {
      const job = client.job;
      const share = client.mineShare({ rollVersion: number % 2 === 0 });
      assert.equal((await client.submit(username, share)).result, true);
      await told(number, share);
      if (number === 4) break;
      const next = await client.waitForJob(job);
      assert.equal(next.cleanJobs, number === 3);
      // The third of a target is no power of two: the next harder one is, and below difficulty 1 miners get those.
      assert.equal(client.difficulty, number === 1 ? SUGGESTION : 4 * SUGGESTION);
    }
    const refused = client.mineShare();
    const { error } = await client.submit(username, refused);
    assert.equal(error?.[0], 23);
    await told(5, refused);
    client.close();
    // The miner's channel stays for two minutes, in which it may come back; the translator leaves with it.
    await translator.role.stop();
    await peer.finish();
  });
}

test('a pool of SRI that is to pay in ehash and does not know of it is not mined at', {
  timeout: LIMIT_MS,
}, async (t) => {
  const { peer, translator } = await translated(t, 'refused');
  await translator.role.says(/did not agree to the ehash extension/);
  await peer.finish();
});

test('a pool of SRI takes its templates from the template provider, and its block enters the chain', {
  timeout: LIMIT_MS,
}, async (t) => {
  const coins = 3;
  const node = await regtestNode(t, { extraArguments: OPEN_MEMPOOL });
  const [large, ...others] = await mineCoins(node, coins);
  assert.ok(large);
  // Transaction data of more than one Noise message.
  await spend(node, large, 200_000n, LARGE_PADDING);
  for (const coin of others) await spend(node, coin, 5_000n);
  const provider = await templateProvider(t, node);
  await provider.role.says(/templates for/);
  const peer = new SriPeer(t, program, [
    'template-client',
    `--address=${provider.address}`,
    `--key=${encodeAuthorityPublicKey(provider.authorityKey)}`,
    `--transactions=${coins}`,
  ]);
  await peer.finish();
  const hash = await peer.detailOf('a block is found');
  assert.equal(await node.rpc.call('getbestblockhash'), hash);
  const block = (await node.rpc.call('getblock', [hash])) as { tx: readonly string[] };
  assert.equal(block.tx.length, 1 + coins);
});

for (const missing of [0, 2]) {
  test(`a miner of SRI declares a job to the jd-server, ${missing} of its transactions missing there`, {
    timeout: LIMIT_MS,
  }, async (t) => {
    const coins = 2;
    const node = await regtestNode(t, { extraArguments: OPEN_MEMPOOL });
    const unspent = await mineCoins(node, coins);
    const fill = async () => {
      for (const coin of unspent) await spend(node, coin, 5_000n);
    };
    if (missing === 0) await fill();
    const config = ['mempool_update_interval_sec = 3600'];
    const server = await jdServer(t, { ...node, rewardScript: 'raw(51)', config });
    if (missing > 0) await fill();
    await untilOffered(node, coins);
    const provider = await templateProvider(t, node);
    await provider.role.says(/templates for/);
    const peer = new SriPeer(t, program, [
      'job-declarer',
      `--address=${provider.address}`,
      `--key=${encodeAuthorityPublicKey(provider.authorityKey)}`,
      `--jd-address=${server.address}`,
      `--jd-key=${encodeAuthorityPublicKey(server.authorityKey)}`,
      `--transactions=${coins}`,
      `--missing=${missing}`,
    ]);
    await peer.finish();
    assert.equal(await node.rpc.call('getbestblockhash'), await peer.detailOf('a block is found'));
  });
}

for (const mode of ['full-template', 'coinbase-only'] as const) {
  test(`the jd-client declares its jobs to a jd-server of SRI and mines them at its pool, ${mode}`, {
    timeout: LIMIT_MS,
  }, async (t) => {
    const coins = 2;
    const node = await regtestNode(t, { extraArguments: OPEN_MEMPOOL });
    for (const coin of await mineCoins(node, coins)) await spend(node, coin, 5_000n);
    await untilOffered(node, coins);
    const provider = await templateProvider(t, { ...node, config: [`block_target_bits = ${BLOCK_BITS}`] });
    const args = ['job-taker', `--key=${SRI_KEY}`, `--secret=${SRI_SECRET}`, `--mode=${mode}`, '--shares=2'];
    const peer = new SriPeer(t, program, args);
    const authorityKey = decodeAuthorityPublicKey(SRI_KEY);
    const address = `127.0.0.1:${await peer.detailOf('the declarator listens')}`;
    const port = Number(await peer.detailOf('the pool listens'));
    const client = await jdClientProcess(t, {
      provider,
      upstreams: [{ pool: { host: '127.0.0.1', port, authorityKey }, jdServer: { address, authorityKey } }],
      config: ['shares_per_minute = 600', ...(mode === 'coinbase-only' ? ['mode = "COINBASEONLY"'] : [])],
    });
    const channel = await channelOf({ client });
    assert.equal(await share(channel, KEY), 'accepted');
    assert.match(await peer.detailOf('share 1'), new RegExp(` worker rig key ${toHex(KEY)}$`));
    const height = Number(await node.rpc.call('getblockcount'));
    assert.equal(await share(channel, KEY, 1, BLOCK_BITS), 'accepted');
    await peer.finish();

    await untilHeight(node, height + 1);
    const hash = await node.rpc.call('getbestblockhash');
    assert.equal((await peer.detailOf('share 2')).split(' ')[0], hash);
    const { tx } = (await node.rpc.call('getblock', [hash])) as { tx: readonly string[] };
    assert.equal(tx.length, 1 + coins);
    if (mode === 'coinbase-only') return;
    assert.equal(await peer.detailOf('a solution is pushed'), hash);
    assert.equal(await peer.detailOf('transactions of the declared job'), String(coins));
    // The block that the peer has put together is the one that the node has.
    const block = await peer.detailOf('the block of the solution');
    assert.equal(await node.rpc.call('submitblock', [block]), 'duplicate');
  });
}

/** bitcoind makes a new template of what came into its mempool only some seconds after the last one. */
async function untilOffered(node: TestNode, count: number): Promise<void> {
  while ((await offerOf(node)).transactions.length < count) await delay(100);
}
