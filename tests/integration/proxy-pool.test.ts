import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leBytesToTarget } from '../../protocols/bitcoin/target.ts';
import { reversed, toHex } from '../../protocols/bytes.ts';
import type { WorkRecord } from '../../protocols/ehash/work-record.ts';
import { targetOfDifficulty } from '../../protocols/sv1/difficulty.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { eventually } from '../harness/fake-pool.ts';
import { proxyScene } from '../harness/proxy-scene.ts';
import { SteadyMiner } from '../harness/steady-miner.ts';
import { connectSv1 } from '../harness/sv1-client.ts';

const { hash } = await loadCrypto();
/** The key of the secret 1. */
const USER = 'hpub1qfumuen7l8wthtz45p3ftn58pvrs9xlumvkuu2xet8egzkcklqtes9s6pqw';

const hashes = (shares: readonly WorkRecord[]): string[] =>
  shares.map(({ header }) => toHex(reversed(hash.sha256d(header))));

test('shares through a pool in front of an ordinary one: all are ehash here, and those that it asks for are there', async (t) => {
  const upstreamBits = 10;
  const { solo, mint, pool, translator } = await proxyScene(t, { upstreamBits });
  const options = { port: translator.sv1Port, user: USER, bits: 8, pauseMs: 5, takesExtranonce: true };
  const miners = await Promise.all([1, 2].map(() => SteadyMiner.start(options)));
  t.after(() => {
    for (const { client } of miners) client.close();
  });
  await Promise.all(miners.map(({ client }) => client.configure()));
  const running = miners.map((miner) => miner.run());
  await eventually(() => mint.shares.length >= 150, 'shares at the mint');
  for (const miner of miners) miner.stop();
  await Promise.all(running);

  const accepted = miners.flatMap((miner) => miner.accepted);
  assert.deepEqual(
    miners.flatMap(({ refusals }) => [...refusals]),
    [],
  );
  await eventually(() => mint.shares.length === accepted.length, 'the rest of the shares');
  assert.deepEqual(hashes(mint.shares).sort(), [...accepted].sort(), 'the sums of miners and mint agree');

  const target = targetOfDifficulty(2 ** (upstreamBits - 32));
  const wanted = mint.shares.filter(({ header }) => leBytesToTarget(hash.sha256d(header)) <= target);
  const { figures } = pool.role.status;
  await eventually(() => solo.mint.shares.length === wanted.length, 'what is to go up');
  assert.deepEqual(hashes(solo.mint.shares).sort(), hashes(wanted).sort());
  await eventually(() => pool.role.status.figures['upstream_accepted'] === wanted.length, 'the answers');
  assert.equal(figures['upstream_rejected'], 0);
  assert.equal(figures['upstream_lost'], 0);
  assert.ok(wanted.length > 20 && wanted.length < accepted.length, `${wanted.length} of ${accepted.length}`);
});

test('a block that is found through it enters the chain, and both pools go on upon it', async (t) => {
  const blockBits = 14;
  const { solo, pool, translator } = await proxyScene(t, { upstreamBits: 8, blockBits });
  const client = await connectSv1(translator.sv1Port);
  t.after(() => client.close());
  await client.request('mining.suggest_difficulty', [2 ** -24]);
  const job = await client.start(USER);
  const height = Number(await solo.node.rpc.call('getblockcount', []));
  const block = client.mineShare({ difficulty: 2 ** (blockBits - 32) });
  assert.equal((await client.submit(USER, block)).result, true);
  await client.until(() => client.job !== undefined && client.job.prevHash !== job.prevHash, 'the next job');
  assert.equal(await solo.node.rpc.call('getblockhash', [height + 1]), block.hash);
  await pool.role.says(/block found and handed to the upstream/);
  await pool.role.says(/the node has the found block as its tip/);
  const figures = () => pool.role.status.figures;
  await eventually(() => figures()['blocks_found'] === 1 && figures()['blocks_unseen'] === 0, 'its fate');
  await eventually(() => figures()['upstream_accepted'] === 1, "the upstream's word");
  const next = client.mineShare();
  assert.equal((await client.submit(USER, next)).result, true);
});

test('a block that is easier than what the upstream takes as a share enters the chain all the same', async (t) => {
  const [blockBits, upstreamBits] = [8, 24];
  const { solo, pool, translator } = await proxyScene(t, { upstreamBits, blockBits });
  const client = await connectSv1(translator.sv1Port);
  t.after(() => client.close());
  await client.request('mining.suggest_difficulty', [2 ** (blockBits - 32)]);
  await client.start(USER);
  const height = Number(await solo.node.rpc.call('getblockcount', []));
  const easiest = targetOfDifficulty(2 ** (upstreamBits - 32));
  let block = client.mineShare();
  while (leBytesToTarget(Buffer.from(block.hash, 'hex').reverse()) <= easiest) block = client.mineShare();
  assert.equal((await client.submit(USER, block)).result, true);
  await pool.role.says(/the node has the found block as its tip/);
  assert.equal(await solo.node.rpc.call('getblockhash', [height + 1]), block.hash);
  assert.equal(solo.mint.shares.length, 0, 'as a share it was too easy there');
});

test('an upstream that leaves four bytes serves few channels, and says so', async (t) => {
  const { mint, solo, pool, translator } = await proxyScene(t, { upstreamBits: 8, extranonce2Size: 4 });
  const client = await connectSv1(translator.sv1Port);
  t.after(() => client.close());
  await client.request('mining.suggest_difficulty', [2 ** -24]);
  await client.configure();
  await client.start(USER);
  assert.equal(client.extranonce2Size, 2);
  const share = client.mineShare({ rollVersion: true });
  assert.equal((await client.submit(USER, share)).result, true);
  await eventually(() => solo.mint.shares.length === 1, 'the share upstream');
  assert.deepEqual(hashes(solo.mint.shares), [share.hash]);
  assert.deepEqual(hashes(mint.shares), [share.hash]);
  assert.match(pool.role.output, /4 bytes of extranonce2: no more than 256 channels can be open/);
  const miner = await pool.connect();
  const modest = { user_identity: USER, min_extranonce_size: 4 };
  await assert.rejects(miner.open(modest), /min-extranonce-size-too-large/);
});
