import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { toHex } from '../../protocols/bytes.ts';
import { encodeHpub } from '../../protocols/ehash/key.ts';
import { encodeAuthorityPublicKey } from '../../protocols/sv2/authority-key.ts';
import { miningProtocol } from '../../protocols/sv2/mining.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { untilHeight } from '../harness/bitcoind.ts';
import { freePortBase } from '../harness/free-ports.ts';
import { jdClientProcess } from '../harness/jd-client.ts';
import { channelOf, has, type JdScene, jdScene, type Pass, share } from '../harness/jd-scene.ts';
import { type PoolProcess, poolProcess } from '../harness/pool.ts';
import { proxyStats } from '../harness/proxy-stats.ts';
import type { RawChannel } from '../harness/raw-miner.ts';
import { connectSv1 } from '../harness/sv1-client.ts';
import { until } from '../harness/template-client.ts';
import { translatorProcess } from '../harness/translator.ts';
import { type WorkMint, workMint } from '../harness/work-mint.ts';

const SUBMIT_SOLUTION = 0x76;
const PUSH_SOLUTION = 0x60;
const DECLARE_SUCCESS = 0x58;
/** Harder than a share, and found at once. */
const BLOCK_BITS = 10;
/** What the miner of Stratum V1 asks for: shares of so many zero bits. */
const SV1_BITS = 6;

test("shares of the miner's own jobs become work at the mint, for the miner's own key", async (t) => {
  const all = await jdScene(t);
  const { mint, client, key, node } = all;
  const channel = await channelOf(all);
  await until(() => channel.job.merkle_path.length > 0, "the node's transactions in the job");
  for (let i = 0; i < 5; i++) assert.equal(await share(channel, key, i), 'accepted');
  await has(mint, 5);
  assert.deepEqual(new Set(mint.shares.map((record) => toHex(record.key))), new Set([toHex(key)]));
  const before = channel.prevHash;
  await node.generate(1);
  await until(() => channel.prevHash !== before, 'a new tip');
  assert.equal(await share(channel, key, 9), 'accepted');
  await has(mint, 6);
  assert.match(client.role.status.text, /^mining for 127/);
});

test('jobs whose transactions nobody sees are mined where the pool takes such', async (t) => {
  const names: number[] = [];
  const all = await jdScene(t, {
    poolConfig: ['jd_coinbase_only = true'],
    jdConfig: ['full_template_mode_required = false'],
    config: ['mode = "COINBASEONLY"'],
    atServer({ header, frame }) {
      names.push(header.type);
      return [frame];
    },
  });
  const channel = await channelOf(all);
  assert.equal(await share(channel, all.key), 'accepted');
  await has(all.mint, 1);
  assert(!names.includes(0x57), 'nothing was declared');
});

test('what is mined before the pool has the job waits for it, unanswered', async (t) => {
  const release = Promise.withResolvers<void>();
  let isHeld = true;
  const all = await jdScene(t, {
    async atServer({ header, frame }) {
      if (header.type === DECLARE_SUCCESS && isHeld) await release.promise;
      return [frame];
    },
  });
  const { client, key, mint } = all;
  const channel = await channelOf(all);
  const answers = [0, 1, 2].map((seed) => share(channel, key, seed));
  await until(() => Number(client.role.status.figures['shares_waiting']) === 3, 'three shares that wait');
  assert.equal(mint.shares.length, 0);
  isHeld = false;
  release.resolve();
  assert.deepEqual(await Promise.all(answers), ['accepted', 'accepted', 'accepted']);
  await has(mint, 3);
});

for (const [way, options] of [
  ['the template provider', { atServer: dropping(PUSH_SOLUTION) }],
  ['PushSolution', { atProvider: dropping(SUBMIT_SOLUTION) }],
] as const) {
  test(`a block reaches the chain through ${way} alone`, async (t) => {
    const all = await jdScene(t, { ...options, blockBits: BLOCK_BITS });
    const channel = await channelOf(all);
    assert.equal(await share(channel, all.key), 'accepted');
    await until(() => channel.job.merkle_path.length > 0, "the node's transactions in the job");
    // A block of a job that the pool has not accepted yet ends the job's tip.
    assert.equal(await share(channel, all.key, 1), 'accepted');
    const height = Number(await all.node.rpc.call('getblockcount'));
    assert.equal(await share(channel, all.key, 2, BLOCK_BITS), 'accepted');
    await untilHeight(all.node, height + 1);
    const hash = String(await all.node.rpc.call('getbestblockhash'));
    const block = (await all.node.rpc.call('getblock', [hash, 2])) as {
      tx: { vout: { scriptPubKey: { hex: string }; value: number }[] }[];
    };
    const paid = block.tx[0]?.vout.filter(({ value }) => value > 0) ?? [];
    assert.deepEqual(
      paid.map(({ scriptPubKey }) => scriptPubKey.hex),
      ['51'],
      'it pays the pool alone',
    );
    assert(block.tx.length > 1, 'and has the transactions of the node');
    await all.client.role.says(/block found and handed in/);
  });
}

test('shares of a job that the pool refuses are refused with its reason, and miners mine solo', async (t) => {
  const all = await jdScene(t, {
    poolConfig: ['jd_coinbase_only = false'],
    jdConfig: ['full_template_mode_required = false'],
    config: ['mode = "COINBASEONLY"', 'return_after_sec = 1'],
  });
  const { client, key, mint, node } = all;
  const channel = await channelOf(all);
  const refused = await share(channel, key);
  // On a busy machine solo mining may have begun before.
  assert(['job-not-yet-validated', 'accepted'].includes(refused), refused);
  await client.role.says(/our jobs are refused: job-not-yet-validated; mining solo meanwhile/);
  const from = channel.miner.received.length;
  await node.generate(1);
  await channel.miner.next('SetNewPrevHash', () => true, from);
  assert.equal(await share(channel, key, 3), 'accepted');
  assert.equal(mint.shares.length, 0);
});

test('a pool that takes jobs and refuses their shares is left, and a job that it takes brings nobody back', async (t) => {
  let taken = 0;
  const all = await jdScene(t, {
    config: ['return_after_sec = 1'],
    atPool({ frame }) {
      const { message } = miningProtocol.decode(frame);
      if (message.name === 'SetCustomMiningJob.Success') taken++;
      if (message.name !== 'SubmitShares.Success') return [frame];
      const { channel_id, last_sequence_number: sequence_number } = message;
      const error_code = 'invalid-share';
      return [miningProtocol.encode({ name: 'SubmitShares.Error', channel_id, sequence_number, error_code })];
    },
  });
  const { client, key } = all;
  const channel = await channelOf(all);
  const isLeft = () =>
    /our shares are refused: invalid-share; mining solo meanwhile/.test(client.role.status.text);
  let before = taken;
  for (let seed = 0; !isLeft(); seed++) {
    before = taken;
    assert(seed < 60, client.role.status.text);
    const answer = await share(channel, key, seed);
    // On a busy machine it mines solo for a while before the pool has refused anything.
    if (answer === 'accepted') await client.role.says(/mining solo meanwhile/);
    else assert.equal(answer, 'invalid-share');
    await delay(1_000);
  }
  await jobAfter(channel);
  assert.equal(await share(channel, key, 99), 'accepted');
  await until(() => taken > before, 'a job of ours that the pool takes');
  await delay(2_000);
  assert(isLeft(), client.role.status.text);
});

test('a pool that goes away: the next one, then solo, then back to the first', async (t) => {
  const all = await jdScene(t);
  const { curve } = await loadCrypto();
  const second = await anotherPool(t, all, toHex(curve.publicKey(all.tokenSecret)));
  const client = await jdClientProcess(t, {
    provider: all.provider,
    upstreams: [
      { pool: all.pool, jdServer: all.server },
      { pool: second.pool, jdServer: all.server },
    ],
    config: ['shares_per_minute = 600', 'solo_after_sec = 4', 'return_after_sec = 1'],
  });
  const channel = await channelOf({ client });
  assert.equal(await share(channel, all.key), 'accepted');
  await has(all.mint, 1);

  await all.pool.role.stop();
  await client.role.says(new RegExp(`mining for 127.0.0.1:${second.pool.port} meanwhile`));
  await jobAfter(channel);
  assert.equal(await share(channel, all.key, 1), 'accepted');
  await has(second.mint, 1);

  await second.pool.role.stop();
  await client.role.says(/mining solo meanwhile/);
  await jobAfter(channel);
  assert.equal(await share(channel, all.key, 2), 'accepted');
  assert.match(toHex(channel.job.coinbase_tx_suffix), /0152/, "the miner's own script");
  await until(() => client.role.status.figures['shares_solo'] === 1, 'the share that nobody pays for');

  await all.pool.role.restart();
  await until(() => client.role.status.text === `mining for 127.0.0.1:${all.pool.port}`, 'the return');
  const shares = all.mint.shares.length;
  await jobAfter(channel);
  assert.equal(await share(channel, all.key, 3), 'accepted');
  await has(all.mint, shares + 1);
});

test('miners who mine solo for want of a pool are told of in /health: it works, and nobody pays', async (t) => {
  const port = await freePortBase(2);
  const all = await jdScene(t, {
    config: [
      'solo_after_sec = 2',
      'return_after_sec = 1',
      '[stats]',
      `stats_server_address = "127.0.0.1:${port}"`,
    ],
  });
  const { client } = all;
  await client.role.says(/^mining for /);
  const key = encodeAuthorityPublicKey(client.authorityKey);
  const probes = [`jdc_address = "127.0.0.1:${client.port}"`, `jdc_authority_public_key = "${key}"`];
  const { health } = await proxyStats(t, { port, probes });
  const pay = async (state: string) => {
    for (const end = Date.now() + 30_000; ; await delay(200)) {
      const { dependencies, verdict } = await health();
      const found = dependencies.find(({ name }) => name === 'jd-client-pool');
      if (found?.state === state) return { ...found, verdict };
      assert(Date.now() < end, `${state}: ${JSON.stringify(found)}`);
    }
  };
  assert.match((await pay('ok')).why, /^mining for 127/);
  await all.pool.role.stop();
  const { why, matters, verdict, remedy } = await pay('failing');
  assert.match(why, /waiting for pool 127/);
  assert.equal(matters, false, 'mining works');
  assert.notEqual(remedy, '');
  await client.role.says(/mining solo meanwhile/);
  const said = /nobody pays for shares, and a block pays the own script alone; .*mining solo meanwhile/;
  for (const end = Date.now() + 20_000; !said.test((await health()).verdict); await delay(200))
    assert(Date.now() < end, verdict);
  const { dependencies } = await health();
  assert.equal(dependencies.find(({ name }) => name === 'jd-client')?.state, 'ok', 'miners are let in');
  await all.pool.role.restart();
  assert.match((await pay('ok')).why, /^mining for 127/);
});

test('a short cut of the pool costs no share', async (t) => {
  const all = await jdScene(t);
  const channel = await channelOf(all);
  assert.equal(await share(channel, all.key), 'accepted');
  await all.pool.role.stop('SIGKILL');
  const waiting = share(channel, all.key, 1);
  await all.pool.role.restart();
  // A pool that was killed has no channels of before: what it had not answered is lost with them.
  assert(['accepted', 'stale-share'].includes(await waiting));
  await until(() => all.client.role.status.text.startsWith('mining for'), 'the pool is back');
  await jobAfter(channel);
  assert.equal(await share(channel, all.key, 2), 'accepted');
});

test('a miner of Stratum V1 is paid through translator and jd-client', async (t) => {
  const all = await jdScene(t);
  await all.client.role.says(/^mining for /);
  const translator = await translatorProcess(t, {
    poolPort: all.client.port,
    poolKey: encodeAuthorityPublicKey(all.client.authorityKey),
    paysEhash: true,
  });
  await translator.role.says(/^connected to pool/);
  const miner = await connectSv1(translator.sv1Port);
  t.after(() => miner.close());
  const user = `${encodeHpub(all.key)}.rig`;
  await miner.request('mining.suggest_difficulty', [2 ** (SV1_BITS - 32)]);
  await miner.start(user);
  for (let i = 0; i < 5; i++) {
    const { result } = await miner.submit(user, miner.mineShare());
    assert.equal(result, true);
  }
  await has(all.mint, 5);
  assert.equal(toHex(all.mint.shares[0]?.key ?? new Uint8Array()), toHex(all.key));
});

function dropping(type: number): Pass {
  return ({ header, frame }) => (header.type === type ? [] : [frame]);
}

/** Waits until the channel has a job that it has not yet, and what was on its way is there. */
async function jobAfter(channel: RawChannel): Promise<void> {
  const { job_id } = channel.job;
  await until(() => channel.job.job_id !== job_id, 'a job for somebody else', 5_000).catch(() => undefined);
}

async function anotherPool(
  t: TestContext,
  { provider }: JdScene,
  tokenKey: string,
): Promise<{ pool: PoolProcess; mint: WorkMint }> {
  const mint = await workMint(t);
  const pool = await poolProcess(t, {
    provider,
    mint,
    mintPort: mint.server.address.port,
    config: [`jd_token_keys = ["${tokenKey}"]`, 'shares_per_minute = 600'],
  });
  await pool.role.says(/^serving miners$/);
  return { pool, mint };
}
