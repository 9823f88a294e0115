import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { meetsPower } from '../../protocols/bitcoin/target.ts';
import { fromHex, reversed, toHex } from '../../protocols/bytes.ts';
import { encodeHpub } from '../../protocols/ehash/key.ts';
import { regtestNode } from '../harness/bitcoind.ts';
import { startMint } from '../harness/mint.ts';
import { PATIENCE_MS } from '../harness/patience.ts';
import { poolProcess } from '../harness/pool.ts';
import { until } from '../harness/template-client.ts';
import { templateProvider } from '../harness/template-provider.ts';

const KEY = fromHex('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798');
/** Easy enough to be found at once. */
const BLOCK_BITS = 10;

/** A pool, the mint that watches the chain for it, and a miner that finds blocks. */
async function scene(t: TestContext) {
  const node = await regtestNode(t, { blocks: 1 });
  const provider = await templateProvider(t, { ...node, config: [`block_target_bits = ${BLOCK_BITS}`] });
  const mint = await startMint(t, node);
  const pool = await poolProcess(t, { provider, mint, mintPort: mint.workLinkPort });
  await pool.role.says(/serving miners/);
  const miner = await pool.connect();
  const channel = await miner.open({ user_identity: encodeHpub(KEY) });
  return {
    node,
    mint,
    pool,
    /** Finds a block and waits until the node has it; gives its hash in display order. */
    async findBlock(): Promise<string> {
      const share = channel.mine((hashLe) => meetsPower(hashLe, BLOCK_BITS));
      const hash = toHex(reversed(channel.hashOf(share)));
      assert.equal(await channel.submit(share), 'accepted');
      for (
        const end = Date.now() + 20_000;
        (await node.rpc.call('getbestblockhash')) !== hash;
        await delay(20)
      ) {
        assert.ok(Date.now() < end, `block ${hash} did not reach the node`);
      }
      return hash;
    },
    /** Waits until pool and mint both count so many blocks as found, confirmed and orphaned. */
    async counts(...wanted: readonly [number, number, number]): Promise<void> {
      const of = (figures: Readonly<Record<string, unknown>> = {}) =>
        ['blocks_found', 'blocks_confirmed', 'blocks_orphaned'].map((name) => Number(figures[name])).join();
      const isSo = () =>
        of(pool.role.status.figures) === wanted.join() && of(mint.said?.figures) === wanted.join();
      // A pool whose mint was away for long comes back late.
      for (const end = Date.now() + PATIENCE_MS; !isSo(); await delay(20)) {
        assert.ok(
          Date.now() < end,
          `blocks ${wanted}: ${of(pool.role.status.figures)}, ${of(mint.said?.figures)}`,
        );
      }
    },
    /** Lines of the pool's log about a block, in their order. */
    said: (hash: string): string[] =>
      pool.role.output
        .split('\n')
        .filter((line) => line.includes(hash))
        .flatMap((line) => /our block \d+ ([a-z ]+)/.exec(line)?.[1] ?? []),
  };
}

test('a found block is confirmed, orphaned when the node takes it back, and confirmed again', async (t) => {
  const { node, mint, pool, findBlock, counts, said } = await scene(t);
  const hash = await findBlock();
  await counts(1, 1, 0);
  await node.rpc.call('invalidateblock', [hash]);
  await counts(1, 0, 1);
  await node.rpc.call('reconsiderblock', [hash]);
  await counts(1, 1, 0);
  await node.rpc.call('invalidateblock', [hash]);
  await node.generate(3);
  await counts(1, 0, 1);
  assert.deepEqual(said(hash), ['is confirmed', 'is orphaned', 'is confirmed', 'is orphaned']);
  const db = new DatabaseSync(mint.databasePath, { readOnly: true });
  t.after(() => db.close());
  const row = db.prepare('SELECT hash, pool_id, height, value, told FROM pool_blocks').get();
  assert.deepEqual(
    { ...row },
    {
      hash: Uint8Array.from(reversed(fromHex(hash))),
      pool_id: Uint8Array.from(mint.poolId),
      height: 2,
      value: 5_000_000_000,
      told: 'orphaned',
    },
  );
  await pool.role.restart();
  await counts(1, 0, 1);
});

test('a mint that was down for 200 blocks, and then for a reorganization, tells what became of the blocks', async (t) => {
  const { node, mint, findBlock, counts, said } = await scene(t);
  const first = await findBlock();
  await counts(1, 1, 0);
  await mint.end('SIGTERM');
  const second = await findBlock();
  await node.generate(200);
  await mint.start();
  await counts(2, 2, 0);
  assert.match(mint.output, /the chain was followed over 201 blocks/);
  await mint.end('SIGKILL');
  await node.rpc.call('invalidateblock', [second]);
  await node.generate(210);
  await mint.start();
  await counts(2, 1, 1);
  assert.match(mint.output, /"alert":"deep-reorg"/);
  assert.match(mint.output, /"alert":"confirmed-block-orphaned"/);
  assert.deepEqual([said(first), said(second)], [['is confirmed'], ['is confirmed', 'is orphaned']]);
});

test('a mint whose node has pruned what it missed says which blocks, and follows the rest', async (t) => {
  const node = await regtestNode(t, { blocks: 1, extraArguments: ['-prune=1', '-fastprune'] });
  const mint = await startMint(t, node);
  await until(() => /the chain was followed over 2 blocks/.test(mint.output), 'the mint at the tip');
  await mint.end('SIGTERM');
  await node.generate(1000);
  await node.rpc.call('pruneblockchain', [600]);
  await mint.start();
  await until(() => /the chain was followed over 1000 blocks/.test(mint.output), 'the mint at the tip');
  assert.match(mint.output, /"alert":"blocks-pruned","from":2,.*the node has pruned blocks 2 to \d+/);
  await until(() => /^at block 1001, 0 pools linked;/.test(mint.said?.text ?? ''), 'its status');
});
