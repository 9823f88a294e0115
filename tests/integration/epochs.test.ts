import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { toHex } from '../../protocols/bytes.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { regtestNode } from '../harness/bitcoind.ts';
import { mintQuotes } from '../harness/ehash-quotes.ts';
import { auditEpochs } from '../harness/epoch-audit.ts';
import { epochRows } from '../harness/epoch-rows.ts';
import { startMint } from '../harness/mint.ts';
import { PATIENCE_MS } from '../harness/patience.ts';
import { type MinedBlock, mineForPool } from '../harness/pool-blocks.ts';
import { TestOutbox } from '../harness/pool-outbox.ts';
import { SatWallet } from '../harness/sat-wallet.ts';
import { until } from '../harness/template-client.ts';

/** `npm run epochs`. */
const command = (...words: string[]) => promisify(execFile)(process.execPath, [COMMAND, ...words]);
const COMMAND = fileURLToPath(new URL('../../commands/epochs.ts', import.meta.url));
/** At which the pool's first epoch opens. */
const FIRST = 3;

/** A mint on a real node, and a pool whose outbox the test fills. */
async function scene(t: TestContext, { confirmations = 3, isLinked = true } = {}) {
  const { curve } = await loadCrypto();
  const node = await regtestNode(t, { blocks: FIRST });
  const mint = await startMint(t, node, { confirmations });
  const outbox = new TestOutbox();
  if (isLinked) await outbox.link(t, mint);
  const secretKey = randomBytes(32);
  const key = curve.publicKey(secretKey);
  const wallet = new SatWallet(mint.url, curve);
  const unit = (height: number) => `hash_${toHex(mint.poolId)}_${height}`;

  return {
    node,
    mint,
    outbox,
    wallet,
    key,
    unit,
    rows: () => epochRows(mint.databasePath, mint.poolId),
    /** Waits until the mint has these epochs, and compares its books. */
    async epochs(...wanted: readonly string[]): Promise<void> {
      const isSo = () => epochRows(mint.databasePath, mint.poolId).join() === wanted.join();
      await until(isSo, `epochs ${wanted.join()}`).catch((cause: Error) => {
        throw new Error(`${cause.message}: ${epochRows(mint.databasePath, mint.poolId).join()}`, { cause });
      });
      assert.deepEqual(auditEpochs(mint.databasePath), []);
    },
    says: (words: RegExp) => until(() => words.test(mint.output), `${words} in the log`),
    /** Delivers a block's own share. */
    async deliver({ header }: MinedBlock, by = outbox): Promise<void> {
      by.add(header, key, 0);
      await by.stored();
    },
    /** Delivers a share on the node's tip. @returns its hash in display order */
    async share(by = outbox): Promise<string> {
      const { hashBe } = await by.mine(node, key, 1);
      await by.stored();
      return toHex(hashBe);
    },
    /** Waits until the mint tells of a share that it stands so, as `height state`: the chain is looked at once a second. */
    async stands(hash: string, wanted: string): Promise<void> {
      let told = '';
      for (const end = Date.now() + PATIENCE_MS; told !== wanted; await delay(50)) {
        const { body } = await wallet.get(`/v1/ehash/share/${hash}`);
        told = `${String(body.unit).split('_').at(-1)} ${body.state}`;
        assert.ok(Date.now() < end, `share ${hash} is ${told}, not ${wanted}`);
      }
    },
    /** Mints every quote of a unit that can be. @returns how many */
    mintAll: (height: number) => mintQuotes(wallet, secretKey, unit(height)),
  };
}

test('a block of the pool closes an epoch; the next one is final at its depth, and the pool hears of it', async (t) => {
  const s = await scene(t);
  const before = await s.share();
  assert.equal(s.outbox.terms?.unit, s.unit(FIRST));
  const x = await mineForPool(s.node);
  await s.deliver(x);
  await s.epochs('3 live final closed 4', '4 live');
  await until(() => s.outbox.terms?.unit === s.unit(4), 'new terms without a new link');
  const after = await s.share();
  await s.stands(before, '3 PAID');
  await s.stands(after, '4 UNPAID');
  const keys = (await s.wallet.get('/v1/keysets')).body.keysets ?? [];
  assert.deepEqual(
    keys.map(({ unit, active }) => [unit, active]),
    [
      [s.unit(FIRST), true],
      [s.unit(4), true],
    ],
  );
  await s.node.generate(2);
  await s.epochs('3 live final closed 4', '4 live final');
  await s.stands(after, '4 PAID');
  assert.deepEqual([await s.mintAll(FIRST), await s.mintAll(4)], [2, 1]);
  await s.epochs('3 live final closed 4', '4 live final');
});

test('a boundary is taken back, comes again at its height, and then one block higher', async (t) => {
  const s = await scene(t);
  const x = await mineForPool(s.node);
  await s.deliver(x);
  const onX = await s.share();
  await s.epochs('3 live final closed 4', '4 live');
  await s.node.rpc.call('invalidateblock', [x.hash]);
  await s.node.generate(1);
  await s.epochs('3 live final', '4 dissolved');
  await s.stands(onX, '3 PAID');

  await s.node.rpc.call('invalidateblock', [String(await s.node.rpc.call('getbestblockhash'))]);
  const again = await mineForPool(s.node);
  await s.deliver(again);
  await s.epochs('3 live final closed 4', '4 live');
  const onAgain = await s.share();
  await s.stands(onX, '3 PAID');
  await s.stands(onAgain, '4 UNPAID');

  await s.node.rpc.call('invalidateblock', [again.hash]);
  await s.node.generate(1);
  const higher = await mineForPool(s.node);
  await s.deliver(higher);
  await s.epochs('3 live final closed 5', '4 dissolved', '5 live');
  await s.stands(onAgain, '3 PAID');
  await s.node.generate(2);
  await s.epochs('3 live final closed 5', '4 dissolved', '5 live final');
  assert.ok((await s.mintAll(FIRST)) > 0);
  await s.epochs('3 live final closed 5', '4 dissolved', '5 live final');
});

test('one satoshi of a stranger closes nothing', async (t) => {
  const s = await scene(t);
  await mineForPool(s.node, 1n);
  const share = await s.share();
  await s.epochs('3 live final', '4 unproven');
  await s.stands(share, '4 UNPAID');
  await s.node.generate(2);
  await s.epochs('3 live final', '4 dissolved');
  await s.stands(share, '3 PAID');
  await s.says(/"alert":"gift"/);
  assert.equal(s.outbox.terms?.unit, s.unit(FIRST));
});

test('an outbox that was held back over a boundary is still of the epoch before, and brings the boundary itself', async (t) => {
  const s = await scene(t, { isLinked: false });
  const { outbox: heldBack } = s;
  const { hashBe } = await heldBack.mine(s.node, s.key, 1);
  const x = await mineForPool(s.node);
  heldBack.add(x.header, s.key, 0);
  const onX = await heldBack.mine(s.node, s.key, 1);
  await s.node.generate(20);
  await s.epochs('3 live final', '4 unproven');
  await heldBack.link(t, s.mint);
  await heldBack.stored();
  await s.epochs('3 live final closed 4', '4 live final');
  await s.stands(toHex(hashBe), '3 PAID');
  await s.stands(toHex(onX.hashBe), '4 PAID');
});

test('a mint that was down over boundaries and a reorganization finds them all', async (t) => {
  const s = await scene(t);
  const x = await mineForPool(s.node);
  await s.deliver(x);
  const onX = await s.share();
  await s.epochs('3 live final closed 4', '4 live');
  await s.mint.end('SIGKILL');
  await s.node.rpc.call('invalidateblock', [x.hash]);
  await s.node.generate(1);
  const y = await mineForPool(s.node);
  s.outbox.add(y.header, s.key, 0);
  await s.node.generate(120);
  const z = await mineForPool(s.node);
  s.outbox.add(z.header, s.key, 0);
  await s.mint.start();
  await s.outbox.stored();
  await s.epochs('3 live final closed 5', '4 dissolved', '5 live final closed 126', '126 live');
  await s.stands(onX, '3 PAID');
});

test('a boundary that is lost when its ehash is out stops its pool until its operator merges', async (t) => {
  const s = await scene(t, { confirmations: 1 });
  const x = await mineForPool(s.node);
  await s.deliver(x);
  const one = await s.share();
  await s.epochs('3 live final closed 4', '4 live final');
  await s.stands(one, '4 PAID');
  assert.equal(await s.mintAll(4), 1);
  await s.node.rpc.call('invalidateblock', [x.hash]);
  await s.node.generate(2);
  await s.epochs('3 live final', '4 stranded final');
  await s.says(/"alert":"epoch-stranded"/);
  const other = await s.share();
  await s.stands(other, '3 PAID');
  await assert.rejects(s.mintAll(FIRST), /the block that opened/);

  const place = ['--database', s.mint.databasePath];
  assert.match((await command('list', ...place)).stdout, / 4 +stranded +1 +2 +2/);
  await assert.rejects(command('merge', '3', '4', '--reason', 'a test', ...place), { code: 1 });
  await command('merge', '4', '3', '--reason', 'a test', ...place);
  await s.says(/shares the reward of/);
  assert.equal(await s.mintAll(FIRST), 2);
  assert.match((await command('show', '4', ...place)).stdout, /phase +merged[\s\S]*shares_reward_of +hash_/);
  await s.epochs('3 live final', '4 stranded final');
});
