import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { meetsPower } from '../../protocols/bitcoin/target.ts';
import { fromHex, reversed, toHex } from '../../protocols/bytes.ts';
import { encodeHpub } from '../../protocols/ehash/key.ts';
import { hostAndPort } from '../../runtime/config/address.ts';
import { regtestNode } from '../harness/bitcoind.ts';
import { proxyTcp } from '../harness/interceptor.ts';
import { poolProcess } from '../harness/pool.ts';
import { until } from '../harness/template-client.ts';
import { templateProvider } from '../harness/template-provider.ts';
import { workMint } from '../harness/work-mint.ts';

const KEY = fromHex('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798');
/** Easy enough to be found at once. */
const BLOCK_BITS = 10;

/** A pool behind a network to its template provider that can be made worse, and a miner with a block in its hand. */
async function scene(t: TestContext) {
  const node = await regtestNode(t, { blocks: 1 });
  const provider = await templateProvider(t, { ...node, config: [`block_target_bits = ${BLOCK_BITS}`] });
  const network = await proxyTcp(hostAndPort(provider.address));
  t.after(() => network.close());
  const mint = await workMint(t);
  const { host, port } = network.address;
  const pool = await poolProcess(t, {
    provider: { address: `${host}:${port}`, authorityKey: provider.authorityKey },
    mint,
    mintPort: mint.server.address.port,
    config: ['coinbase_reward_weight = 3', '[[coinbase_outputs]]', 'script = "raw(52)"', 'weight = 1'],
  });
  await pool.role.says(/serving miners/);
  const findBlock = async () => {
    const channel = await (await pool.connect()).open({ user_identity: encodeHpub(KEY) });
    const share = channel.mine((hashLe) => meetsPower(hashLe, BLOCK_BITS));
    const hash = toHex(reversed(channel.hashOf(share)));
    return { hash, submit: () => channel.submit(share) };
  };
  const isTip = async (hash: string) => (await node.rpc.call('getbestblockhash')) === hash;
  const becomesTip = async (hash: string) => {
    const end = Date.now() + 20_000;
    while (!(await isTip(hash))) assert.ok(Date.now() < end, `block ${hash} did not reach the node`);
  };
  return { node, provider, network, mint, pool, findBlock, isTip, becomesTip };
}

test('a block whose link breaks at that moment is handed over when the link is back', async (t) => {
  const { node, network, pool, findBlock, isTip, becomesTip } = await scene(t);
  const { hash, submit } = await findBlock();
  network.dropping.add('to-server');
  assert.equal(await submit(), 'accepted');
  assert.equal(await isTip(hash), false);
  await until(() => pool.role.status.figures['blocks_unseen'] === 1, 'the block in the figures');
  network.dropping.clear();
  network.cut();
  await becomesTip(hash);
  await until(() => pool.role.status.figures['blocks_unseen'] === 0, 'the block to be seen');
  const block = (await node.rpc.call('getblock', [hash, 2])) as {
    tx: { vout: { value: number; scriptPubKey: { hex: string } }[] }[];
  };
  const paid = block.tx[0]?.vout.slice(0, 2).map(({ value, scriptPubKey }) => [value, scriptPubKey.hex]);
  assert.deepEqual(paid, [
    [37.5, '51'],
    [12.5, '52'],
  ]);
});

test('a pool that is killed right after its answer hands the block over when it is back', async (t) => {
  const { network, pool, mint, findBlock, becomesTip } = await scene(t);
  const { hash, submit } = await findBlock();
  network.dropping.add('to-server');
  assert.equal(await submit(), 'accepted');
  await pool.role.stop('SIGKILL');
  network.dropping.clear();
  network.cut();
  await pool.role.restart();
  await becomesTip(hash);
  await until(() => mint.shares.length === 1, "the block's share at the mint");
});

test('a template provider killed at the moment of the solution: an alert, and mining goes on', async (t) => {
  const { provider, pool, findBlock, isTip, becomesTip } = await scene(t);
  const lost = await findBlock();
  await provider.role.stop('SIGKILL');
  assert.equal(await lost.submit(), 'accepted');
  await provider.role.restart();
  await pool.role.says(/does not know the template of a found block any more/);
  assert.match(pool.role.output, new RegExp(`"hash":"${lost.hash}"`));
  assert.equal(await isTip(lost.hash), false);
  const next = await findBlock();
  assert.equal(await next.submit(), 'accepted');
  await becomesTip(next.hash);
});
