import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { fromHex } from '../../protocols/bytes.ts';
import { encodeHpub } from '../../protocols/ehash/key.ts';
import { encodeAuthorityPublicKey } from '../../protocols/sv2/authority-key.ts';
import { miningProtocol } from '../../protocols/sv2/mining.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { openHandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import { regtestNode } from '../harness/bitcoind.ts';
import { interceptSv2 } from '../harness/interceptor.ts';
import { type PoolProcess, poolProcess } from '../harness/pool.ts';
import { SteadyMiner } from '../harness/steady-miner.ts';
import type { Sv1Client } from '../harness/sv1-client.ts';
import { until } from '../harness/template-client.ts';
import { templateProvider } from '../harness/template-provider.ts';
import { translatorProcess } from '../harness/translator.ts';
import { workMint } from '../harness/work-mint.ts';

const USER = encodeHpub(fromHex('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'));
const BITS = 8;
const NEVER_A_BLOCK = 40;

type Node = Awaited<ReturnType<typeof regtestNode>>;

/** A pool with template provider and mint of its own. */
async function wholePool(t: TestContext, node: Node, config: readonly string[] = []) {
  const provider = await templateProvider(t, { ...node, config: [`block_target_bits = ${NEVER_A_BLOCK}`] });
  const mint = await workMint(t);
  const mintPort = mint.server.address.port;
  const pool = await poolProcess(t, {
    provider,
    mint,
    mintPort,
    config: ['shares_per_minute = 600', ...config],
  });
  await pool.role.says(/^serving miners$/);
  return { provider, mint, pool };
}

const upstream = ({ port, authorityKey }: Pick<PoolProcess, 'port' | 'authorityKey'>) => ({
  poolPort: port,
  poolKey: encodeAuthorityPublicKey(authorityKey),
  paysEhash: true,
});

async function miner(t: TestContext, port: number): Promise<Sv1Client> {
  const options = { port, user: USER, bits: BITS, pauseMs: 0, takesExtranonce: true };
  const { client } = await SteadyMiner.start(options);
  t.after(() => client.close());
  return client;
}

test('successes that are lost on their way: no share is true before the pool has said so, and each counts once', async (t) => {
  const node = await regtestNode(t, { blocks: 1 });
  const { mint, pool } = await wholePool(t, node);
  const workers = await openHandshakeWorkers();
  const { curve } = await loadCrypto();
  const secretKey = Uint8Array.from(randomBytes(32));
  let isLosing = false;
  const between = await interceptSv2({
    upstream: pool,
    keys: { publicKey: pool.authorityKey, secretKey },
    workers,
    pass: ({ frame }) => {
      const { message } = miningProtocol.decode(frame);
      return isLosing && message.name === 'SubmitShares.Success' ? [] : [frame];
    },
  });
  t.after(async () => {
    await between.close();
    await workers.close();
  });
  const authorityKey = curve.xOnly(curve.publicKey(secretKey));
  const { role, sv1Port } = await translatorProcess(
    t,
    upstream({ port: between.address.port, authorityKey }),
  );
  await role.says(/^connected to pool/);
  const client = await miner(t, sv1Port);
  assert.equal((await client.submit(USER, client.mineShare())).result, true);

  isLosing = true;
  const answers = Array.from({ length: 20 }, () => client.submit(USER, client.mineShare()));
  await until(() => mint.shares.length === 21, 'the shares at the mint');
  const before = client.answered.length;
  await client.request('mining.ping');
  assert.equal(client.answered.length, before + 1, 'the pool has them, but nobody has said so');
  isLosing = false;
  between.cut();
  const results = (await Promise.all(answers)).map(({ result }) => result);
  assert.deepEqual(new Set(results), new Set([true]));
  assert.equal((await client.submit(USER, client.mineShare())).result, true);
  await until(() => mint.shares.length === 22, 'the last share at the mint');
  assert.equal(client.closed, false);
});

test('a pool that has no work yet is passed over; one whose work is stale is left, its miners kept', async (t) => {
  const node = await regtestNode(t, { blocks: 1 });
  const mintOfNone = await workMint(t);
  await mintOfNone.server.close();
  const first = await wholePool(t, node, ['stale_work_timeout_sec = 1']);
  const second = await wholePool(t, node);
  // Without its mint a pool knows no terms, and opens no channel.
  const unready = await poolProcess(t, { provider: first.provider, mint: mintOfNone, mintPort: 1 });
  const pools = [unready, first.pool, second.pool].map(upstream);
  const [head, ...others] = pools;
  assert.ok(head);
  const translator = await translatorProcess(t, { ...head, others });
  await translator.role.says(/^connected to pool .*, in place of .*pool-not-ready/);
  const client = await miner(t, translator.sv1Port);
  assert.equal((await client.submit(USER, client.mineShare())).result, true);
  await until(() => first.mint.shares.length === 1, 'the share at the first pool');

  const job = client.job;
  const from = client.notes.length;
  await first.provider.role.stop('SIGKILL');
  await client.note('mining.set_extranonce', from);
  await client.waitForJob(job);
  assert.equal((await client.submit(USER, client.mineShare())).result, true);
  await until(() => second.mint.shares.length === 1, 'the share at the second pool');
  assert.equal(client.closed, false);
});
