import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { fromHex } from '../../../protocols/bytes.ts';
import { newQuoteId } from '../../../protocols/cashu/quote-id.ts';
import type { ChainStore } from '../../../roles/mint/chain/pool-news.ts';
import type { WatchedPool } from '../../../roles/mint/chain/read-block.ts';
import { ChainWatcher } from '../../../roles/mint/chain/watcher.ts';
import { ScriptedChain } from './scripted-chain.ts';
import { openTestMint } from './support.ts';

const SCRIPT = fromHex('0014751e76e8199196d454941c45d1b3a323f1433bd6');
const LOOK_AGAIN_MS = 10;

/** A mint's store with one pool, and watchers on it. @param height the first epoch's */
async function scene(t: TestContext, height = 101) {
  const mint = await openTestMint(t, height);
  const { poolId } = mint;
  const outboxId = randomBytes(16);
  const told: string[] = [];
  const logged: { alert?: string; msg: string }[] = [];
  let seq = 0n;
  const log = pino({ level: 'info' }, { write: (line: string) => void logged.push(JSON.parse(line)) });
  const pools: WatchedPool[] = [{ poolId, script: SCRIPT }];

  return {
    mint,
    poolId,
    pools,
    told,
    logged,
    alerts: () => logged.flatMap(({ alert }) => alert ?? []),
    pay: (value: bigint) => [{ value, script: SCRIPT }],
    /** What was told since the last call, as `height state`. */
    news: () => told.splice(0),
    /** Puts the block's hash into the ledger, as work of the pool would. */
    async share(hashLe: Uint8Array): Promise<void> {
      const segment = mint.engine.epochs.current(poolId)?.segment ?? 0;
      const quoteId = newQuoteId(Date.now(), randomBytes(10));
      const [header, key] = [randomBytes(80), randomBytes(33)];
      const work = { quoteId, exponent: 0, segment, isWaiting: false, k: 0, header, key, reason: undefined };
      const records = [{ ...work, shareHashLe: hashLe }];
      await mint.engine.storeWork({ poolId, outboxId, firstSeq: ++seq, records });
    },
    async watch(chain: ScriptedChain, store: ChainStore = mint.engine.store): Promise<ChainWatcher> {
      const watcher = await ChainWatcher.open({ chain, store, pools, log, lookAgainMs: LOOK_AGAIN_MS });
      t.after(() => watcher.close());
      watcher.listen({
        onBlockFound: ({ height }) => void told.push(`${height} found`),
        onBlockConfirmed: ({ height }) => void told.push(`${height} confirmed`),
        onBlockOrphaned: ({ height }) => void told.push(`${height} orphaned`),
        onChainTip: ({ height }) => void told.push(`tip ${height}`),
      });
      return watcher;
    },
  };
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let i = 0; !condition(); i++) {
    assert.ok(i < 500, `no ${what} in time`);
    await delay(10);
  }
}

test("a pool's block is found, confirmed at the network's depth, and told once each", async (t) => {
  const s = await scene(t);
  const chain = new ScriptedChain('testnet4', 110);
  const watcher = await s.watch(chain);
  await watcher.follow();
  assert.deepEqual(s.news(), ['tip 110']);
  await s.share(chain.mine(1, s.pay(50n)));
  await watcher.follow();
  assert.deepEqual(s.news(), ['111 found', 'tip 111']);
  chain.mine(28);
  await watcher.follow();
  assert.deepEqual(s.news(), ['tip 139']);
  chain.mine(1);
  await watcher.follow();
  await watcher.follow();
  assert.deepEqual(s.news(), ['111 confirmed', 'tip 140']);
  const [block] = await watcher.blocksOf(s.poolId);
  assert.deepEqual([block?.value, block?.confirmations, block?.state], [50n, 30, 'confirmed']);
  assert.deepEqual(watcher.figures, { blocks_found: 1, blocks_confirmed: 1, blocks_orphaned: 0 });
});

test('the script makes a reward, in however many outputs; a gift is kept and not told; a share of it comes later', async (t) => {
  const s = await scene(t);
  const chain = new ScriptedChain('regtest', 110);
  const watcher = await s.watch(chain);
  const late = chain.mine(1, [...s.pay(30n), { value: 7n, script: fromHex('51') }, ...s.pay(20n)]);
  chain.mine(300);
  await watcher.follow();
  assert.deepEqual(s.news(), ['tip 411']);
  assert.deepEqual(await watcher.blocksOf(s.poolId), []);
  await s.share(late);
  await until(() => s.told.length > 0, 'word of the late share');
  assert.deepEqual(s.news(), ['111 confirmed']);
  assert.equal((await watcher.blocksOf(s.poolId))[0]?.value, 50n);
});

test("a pool's block that pays something else is told, with an alert, also where its share is late", async (t) => {
  const s = await scene(t);
  const chain = new ScriptedChain('regtest', 110);
  const watcher = await s.watch(chain);
  const [inTime, late] = [chain.mine(), chain.mine()];
  await s.share(inTime);
  await watcher.follow();
  await s.share(late);
  chain.mine();
  await watcher.follow();
  assert.deepEqual(s.news(), ['111 confirmed', 'tip 112', '112 confirmed', 'tip 113']);
  assert.deepEqual(s.alerts(), ['block-pays-elsewhere', 'block-pays-elsewhere']);
});

test('a block of a pool whose blocks pay an upstream is told, without an alert', async (t) => {
  const s = await scene(t);
  s.pools.splice(0, 1, { poolId: s.poolId, script: undefined });
  const chain = new ScriptedChain('regtest', 110);
  const watcher = await s.watch(chain);
  await s.share(chain.mine(1, s.pay(1n)));
  await watcher.follow();
  assert.deepEqual(s.news(), ['111 confirmed', 'tip 111']);
  assert.deepEqual(s.alerts(), []);
});

test('a block that the chain leaves is orphaned, and found again when the chain comes back', async (t) => {
  const s = await scene(t);
  const chain = new ScriptedChain('testnet4', 110);
  const watcher = await s.watch(chain);
  await s.share(chain.mine(1, s.pay(1n)));
  await watcher.follow();
  const branch = chain.leave(111);
  chain.mine(2);
  await watcher.follow();
  const [block] = await watcher.blocksOf(s.poolId);
  assert.deepEqual([block?.state, block?.confirmations], ['orphaned', 0]);
  chain.comeBackTo(111, branch);
  chain.mine(40);
  await watcher.follow();
  assert.deepEqual(s.news(), ['111 found', 'tip 111', '111 orphaned', 'tip 112', '111 confirmed', 'tip 151']);
  assert.deepEqual(s.alerts(), [], 'of a depth that happens');
});

test('a reorganization of hundreds of blocks while the mint was down', async (t) => {
  const s = await scene(t);
  const chain = new ScriptedChain('testnet4', 110);
  const first = await s.watch(chain);
  for (let i = 0; i < 3; i++) {
    await s.share(chain.mine(1, s.pay(1n)));
    chain.mine(200);
  }
  await first.follow();
  await first.close();
  assert.deepEqual(s.news(), ['111 confirmed', '312 confirmed', '513 confirmed', 'tip 713']);
  chain.leave(300);
  const other = chain.mine(450, []);
  await s.share(chain.mine(1, s.pay(2n)));
  assert.equal(chain.blocks.at(-2)?.hashLe, other);
  const second = await s.watch(chain);
  await second.follow();
  assert.deepEqual(s.news(), ['312 orphaned', '513 orphaned', '750 found', 'tip 750']);
  assert.deepEqual(s.alerts(), ['deep-reorg', 'confirmed-block-orphaned', 'confirmed-block-orphaned']);
  const said = s.logged.find(({ alert }) => alert === 'deep-reorg')?.msg;
  assert.equal(said, 'the chain was reorganized: 414 blocks from 300 on are others');
  assert.deepEqual(second.figures, { blocks_found: 4, blocks_confirmed: 1, blocks_orphaned: 2 });
});

test('each block is read once, also after being down for long', async (t) => {
  const s = await scene(t);
  const chain = new ScriptedChain('regtest', 300);
  await (await s.watch(chain)).follow();
  assert.equal(chain.asked['getblock'], 301);
  chain.mine(1000);
  const again = await s.watch(chain);
  await Promise.all([again.follow(), again.follow()]);
  assert.equal(chain.asked['getblock'], 1301);
  assert.deepEqual(s.news(), ['tip 300', 'tip 1300']);
});

test('the chain is followed from the first epoch on, less the blocks before it that work may build on', async (t) => {
  const s = await scene(t, 500);
  const { engine, curve } = s.mint;
  const later = curve.publicKey(randomBytes(32));
  await engine.epochs.openFirst({ poolId: later, height: 900, policy: 'target', minimumDifficulty: 0 });
  const chain = new ScriptedChain('regtest', 1000);
  const watcher = await s.watch(chain);
  await watcher.follow();
  assert.equal((await engine.store.call('followed', null)).first?.height, 356);
  assert.equal(chain.asked['getblock'], 645);
});

test('pools on one mint are told apart by script and ledger', async (t) => {
  const s = await scene(t);
  const { poolId } = s;
  const other = { poolId: s.mint.curve.publicKey(randomBytes(32)), script: fromHex('52') };
  s.pools.push(other);
  const chain = new ScriptedChain('regtest', 110);
  const watcher = await s.watch(chain);
  await s.share(chain.mine(1, [...s.pay(3n), { value: 4n, script: other.script }]));
  await s.share(chain.mine(1, [{ value: 5n, script: other.script }]));
  await watcher.follow();
  const values = (await watcher.blocksOf(poolId)).map(({ height, value }) => [height, value]);
  assert.deepEqual(values, [
    [111, 3n],
    [112, 0n],
  ]);
  assert.deepEqual(await watcher.blocksOf(other.poolId), [], 'paid by blocks that are no shares of it');
  assert.deepEqual(s.alerts(), ['block-pays-elsewhere']);
});

test('pruned blocks: an alert names them, the rest is followed, and a node that has them is asked at the next start', async (t) => {
  const s = await scene(t);
  const chain = new ScriptedChain('regtest', 110);
  const [seen, unseen] = [chain.mine(1, s.pay(5n)), chain.mine()];
  await s.share(seen);
  await s.share(unseen);
  chain.mine(20);
  chain.prunedBelow = 120;
  const watcher = await s.watch(chain);
  await watcher.follow();
  assert.deepEqual(s.news(), ['111 confirmed', '112 confirmed', 'tip 132']);
  assert.deepEqual(s.alerts(), ['blocks-pruned']);
  assert.match(s.logged[0]?.msg ?? '', /pruned blocks 0 to 119/);
  const values = async (of: ChainWatcher) => (await of.blocksOf(s.poolId)).map(({ value }) => value);
  assert.deepEqual(await values(watcher), [undefined, undefined]);
  chain.prunedBelow = 100;
  const again = await s.watch(chain);
  await again.follow();
  assert.deepEqual(await values(again), [5n, 0n]);
  assert.equal((await s.mint.engine.store.call('unreadBlocks', 1000)).length, 100);
});

test('a node that lags behind has left nothing; one whose operator took blocks back has', async (t) => {
  const s = await scene(t);
  const chain = new ScriptedChain('regtest', 110);
  const watcher = await s.watch(chain);
  await s.share(chain.mine(1, s.pay(1n)));
  chain.mine(2);
  await watcher.follow();
  const branch = chain.leave(111);
  await watcher.follow();
  assert.match(watcher.trouble, /the node is at block 110, its chain was followed to 113 before/);
  assert.deepEqual(s.news(), ['111 confirmed', 'tip 113']);
  chain.comeBackTo(111, branch);
  await watcher.follow();
  assert.equal(watcher.trouble, '');
  chain.invalidate(111);
  await watcher.follow();
  assert.deepEqual(s.news(), ['111 orphaned', 'tip 110']);
  chain.comeBackTo(111, branch);
  await watcher.follow();
  assert.deepEqual(s.news(), ['111 confirmed', 'tip 113']);
});

test('another chain is refused, except on regtest, where one begins anew', async (t) => {
  for (const network of ['mainnet', 'regtest'] as const) {
    const s = await scene(t);
    const watcher = await s.watch(new ScriptedChain(network, 110));
    await watcher.follow();
    const other = new ScriptedChain(network);
    other.leave(0);
    other.mine(1, s.pay(1n));
    other.mine(200);
    const elsewhere = await s.watch(other);
    await elsewhere.follow();
    const { last } = await s.mint.engine.store.call('followed', null);
    assert.deepEqual(s.alerts(), [network === 'regtest' ? 'deep-reorg' : 'wrong-chain']);
    assert.equal(last?.height, network === 'regtest' ? 200 : 110);
    assert.equal(/none of the blocks 0 to 110/.test(elsewhere.trouble), network === 'mainnet');
  }
});

test('a node that is syncing is waited for', async (t) => {
  const s = await scene(t);
  const chain = new ScriptedChain('mainnet', 110);
  chain.isSyncing = true;
  const watcher = await s.watch(chain);
  await watcher.follow();
  assert.deepEqual([s.news(), chain.asked], [[], {}]);
});

test('a chain that moves while it is read, and a node that fails, are asked again', async (t) => {
  const s = await scene(t);
  const chain = new ScriptedChain('regtest', 200);
  const watcher = await s.watch(chain);
  let reads = 0;
  chain.disturb = (method) => {
    if (method !== 'getblock') return;
    reads++;
    if (reads === 60) throw new Error('connection reset');
    if (reads !== 100) return;
    chain.leave(90);
    chain.mine(150);
  };
  await watcher.follow();
  assert.equal(watcher.trouble, 'connection reset');
  await until(() => s.told.length > 0, 'way through');
  assert.deepEqual(s.news(), ['tip 239']);
  const at = await s.mint.engine.store.call('followedAt', 90);
  assert.deepEqual(at?.hashLe, chain.blocks[90]?.hashLe);
});

test('a mint that ends between any two writes goes on from there, and tells nothing less', async (t) => {
  const s = await scene(t);
  const chain = new ScriptedChain('regtest', 110);
  const whole = s.mint.engine.store;
  /** A store that ends before its call number `calls + 1`. */
  const ending = (calls: number): ChainStore => {
    let left = calls;
    return {
      pending: 0,
      died: whole.died,
      call: (name, input) => (left-- > 0 ? whole.call(name, input) : Promise.reject(new Error('killed'))),
      close: async () => undefined,
    };
  };
  const passOn = async (store: ChainStore): Promise<string> => {
    const watcher = await s.watch(chain, store);
    await watcher.follow();
    await watcher.close();
    return watcher.trouble;
  };
  await s.share(chain.mine(1, s.pay(1n)));
  await passOn(whole);
  s.news();
  let calls = 1;
  for (let trouble = 'killed'; trouble !== ''; calls++) {
    // The chain leaves the pool's last block, for a branch with another one.
    const height = chain.blocks.length - 1;
    chain.leave(height);
    chain.mine();
    await s.share(chain.mine(1, s.pay(1n)));
    trouble = await passOn(ending(calls));
    await passOn(whole);
    const news = s.news().filter((line) => !line.startsWith('tip'));
    assert.deepEqual(new Set(news), new Set([`${height} orphaned`, `${height + 1} confirmed`]), `${calls}`);
  }
  assert.ok(calls > 10, `a pass has ${calls} calls`);
  const last = await s.watch(chain);
  assert.deepEqual(last.figures, { blocks_found: calls, blocks_confirmed: 1, blocks_orphaned: calls - 1 });
});

test('a listener that fails hurts no other', async (t) => {
  const s = await scene(t);
  const chain = new ScriptedChain('regtest', 110);
  const watcher = await s.watch(chain);
  watcher.listen({
    onBlockConfirmed() {
      throw new Error('no');
    },
  });
  await s.share(chain.mine(1, s.pay(1n)));
  await watcher.follow();
  assert.deepEqual(s.news(), ['111 confirmed', 'tip 111']);
  assert.match(s.logged.at(-1)?.msg ?? '', /was to be told of the chain failed/);
});
