import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { meetsPower } from '../../protocols/bitcoin/target.ts';
import { reversed, toHex } from '../../protocols/bytes.ts';
import { encodeHpub } from '../../protocols/ehash/key.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { regtestNode, type TestNode } from '../harness/bitcoind.ts';
import { mintQuotes, openQuotes } from '../harness/ehash-quotes.ts';
import { auditEpochs } from '../harness/epoch-audit.ts';
import { epochRows } from '../harness/epoch-rows.ts';
import { startMint, type TestMintProcess } from '../harness/mint.ts';
import { PATIENCE_MS } from '../harness/patience.ts';
import { poolProcess } from '../harness/pool.ts';
import { SatWallet } from '../harness/sat-wallet.ts';
import { until } from '../harness/template-client.ts';
import { type ProviderProcess, templateProvider } from '../harness/template-provider.ts';

const FIRST = 3;
/** Easy enough to be found at once. */
const BLOCK_BITS = 10;
const REWARD = 5_000_000_000;

interface PoolKeys {
  readonly poolId: Uint8Array;
  readonly issuerSecretKey: Uint8Array;
  readonly rewardScript: string;
}

/** A pool of a mint, with a miner. */
async function openPool(
  t: TestContext,
  { mint, node, provider }: { mint: TestMintProcess; node: TestNode; provider: ProviderProcess },
  keys: PoolKeys,
) {
  const { curve } = await loadCrypto();
  const pool = await poolProcess(t, {
    provider,
    mint: { poolId: keys.poolId, issuerSecretKey: keys.issuerSecretKey, authorityKey: mint.authorityKey },
    mintPort: mint.workLinkPort,
    rewardScript: keys.rewardScript,
    config: ['shares_per_minute = 600'],
  });
  await pool.role.says(/serving miners/);
  const miner = await pool.connect();
  const secretKey = randomBytes(32);
  const channel = await miner.open({ user_identity: encodeHpub(curve.publicKey(secretKey)) });
  const wallet = new SatWallet(mint.url, curve);
  let sent = 0;
  const unit = (height: number) => `hash_${toHex(keys.poolId)}_${height}`;

  /** Mines on the node's tip. @param isBlock whether what is found is a block. @returns its hash in display order */
  async function mine(isBlock: boolean): Promise<string> {
    const tip = String(await node.rpc.call('getbestblockhash'));
    await until(() => toHex(reversed(channel.prevHash.prev_hash)) === tip, 'work on the tip');
    const share = channel.mine((hashLe) => meetsPower(hashLe, BLOCK_BITS) === isBlock);
    const hash = toHex(reversed(channel.hashOf(share)));
    assert.equal(await channel.submit(share), 'accepted');
    sent += 1;
    return hash;
  }

  return {
    unit,
    mine: () => mine(false),
    /** Finds a block; gives its height. */
    async findBlock(): Promise<number> {
      const hash = await mine(true);
      for (
        const end = Date.now() + PATIENCE_MS;
        (await node.rpc.call('getbestblockhash')) !== hash;
        await delay(20)
      )
        assert.ok(Date.now() < end, `block ${hash} did not reach the node`);
      return Number(await node.rpc.call('getblockcount'));
    },
    /** Waits until the mint has these epochs of the pool, and all of its shares. */
    async epochs(...wanted: readonly string[]): Promise<void> {
      const rows = () => epochRows(mint.databasePath, keys.poolId).join();
      await until(() => rows() === wanted.join(), `epochs ${wanted.join()}`).catch((cause: Error) => {
        throw new Error(`${cause.message}: ${rows()}`, { cause });
      });
      assert.deepEqual(auditEpochs(mint.databasePath), []);
    },
    /** The units of the shares that were not minted, each once for each share. */
    async quotes(): Promise<string[]> {
      const found = await openQuotes(wallet, secretKey);
      return found.map((quote) => quote.unit);
    },
    mint: (height: number) => mintQuotes(wallet, secretKey, unit(height)),
    get sent(): number {
      return sent;
    },
    /** What the mint tells of an epoch. */
    epoch: async (height: number) =>
      (await (await fetch(`${mint.url}/v1/ehash/epochs/${unit(height)}`)).json()) as {
        readonly work: number;
        readonly reward: number;
        readonly fee: number | null;
        readonly state: string;
      },
  };
}

test('three pools on one mint: each its own blocks, epochs and sums, and one that is stranded stops no other', async (t) => {
  const { curve } = await loadCrypto();
  const others = ['raw(53)', 'raw(54)'].map((rewardScript) => {
    const [pool, issuerSecretKey] = [randomBytes(32), randomBytes(32)];
    return { poolId: curve.publicKey(pool), issuerSecretKey, rewardScript };
  });
  const tables = others.map(
    ({ poolId, issuerSecretKey, rewardScript }) => `
[[pool]]
pool_id = "${toHex(poolId)}"
issuer_keys = ["${toHex(curve.publicKey(issuerSecretKey))}"]
coinbase_reward_script = "${rewardScript}"
fee_ppm = 10000
server_ids = [1]`,
  );
  const node = await regtestNode(t, { blocks: FIRST });
  const provider = await templateProvider(t, { ...node, config: [`block_target_bits = ${BLOCK_BITS}`] });
  const mint = await startMint(t, node, { confirmations: 1, pool: tables.join('\n') });
  const pools: Awaited<ReturnType<typeof openPool>>[] = [];
  for (const keys of [mint, ...others]) pools.push(await openPool(t, { mint, node, provider }, keys));
  const [a, b, c] = pools;
  assert.ok(a && b && c);

  for (const pool of pools) for (let i = 0; i < 3; i++) await pool.mine();
  const [atA, atB, atC] = [await a.findBlock(), await b.findBlock(), await c.findBlock()];
  assert.deepEqual([atA, atB, atC], [4, 5, 6]);
  await a.epochs('3 live final closed 4', '4 live final');
  await b.epochs('3 live final closed 5', '5 live final');
  await c.epochs('3 live final closed 6', '6 live final');
  for (const pool of pools) await pool.mine();
  const last = await a.findBlock();
  await a.epochs('3 live final closed 4', '4 live final closed 7', '7 live final');
  for (const pool of pools) await pool.mine();
  const had = async () =>
    (await Promise.all(pools.map((pool) => pool.quotes()))).map((units) => units.length);
  const wanted = pools.map(({ sent }) => sent).join();
  let quotes: number[] = [];
  for (const end = Date.now() + PATIENCE_MS; quotes.join() !== wanted; quotes = await had())
    assert.ok(Date.now() < end, `${quotes} of ${wanted} shares are quotes`);
  const counted = (units: readonly string[]) =>
    Object.fromEntries(
      Map.groupBy(units, (unit) => unit)
        .entries()
        .map(([unit, all]) => [unit, all.length]),
    );
  assert.deepEqual(counted(await a.quotes()), { [a.unit(3)]: 4, [a.unit(4)]: 2, [a.unit(7)]: 1 });
  assert.deepEqual(counted(await b.quotes()), { [b.unit(3)]: 4, [b.unit(5)]: 2 });
  assert.deepEqual(counted(await c.quotes()), { [c.unit(3)]: 4, [c.unit(6)]: 2 });

  assert.equal(await a.mint(last), 1);
  await node.rpc.call('invalidateblock', [String(await node.rpc.call('getblockhash', [last]))]);
  await node.generate(2);
  await a.epochs('3 live final closed 4', '4 live final', '7 stranded final');
  await assert.rejects(a.mint(4), /the block that opened/);
  assert.deepEqual([await b.mint(3), await c.mint(6)], [4, 2]);
  const again = await b.findBlock();
  await b.epochs('3 live final closed 5', `5 live final closed ${again}`, `${again} live final`);
  assert.equal(await b.mint(5), 3);

  await node.generate(100);
  for (const pool of pools) await pool.mine();
  for (const pool of pools) {
    let epoch = await pool.epoch(FIRST);
    for (const end = Date.now() + PATIENCE_MS; epoch.fee === null; epoch = await pool.epoch(FIRST))
      assert.ok(Date.now() < end, `no price: ${JSON.stringify(epoch)}`);
    assert.deepEqual([epoch.reward, epoch.state], [REWARD, 'redeemable'], 'whatever became of another pool');
    assert.ok(epoch.work >= 4);
    assert.equal(epoch.fee, pool === a ? 0 : REWARD / 100);
  }
  assert.deepEqual(auditEpochs(mint.databasePath), []);
});
