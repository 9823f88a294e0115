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
import { startThrough } from '../harness/killed-mint.ts';
import { startMint } from '../harness/mint.ts';
import { PATIENCE_MS } from '../harness/patience.ts';
import { mineForPool } from '../harness/pool-blocks.ts';
import { TestOutbox } from '../harness/pool-outbox.ts';
import { SatWallet } from '../harness/sat-wallet.ts';
import { until } from '../harness/template-client.ts';

const COMMAND = fileURLToPath(new URL('../../commands/epochs.ts', import.meta.url));

/** A mint with a journal, whose epochs are followed through kills. */
async function scene(t: TestContext, confirmations = 2) {
  const { curve } = await loadCrypto();
  const node = await regtestNode(t, { blocks: 3 });
  const payments = '[backup]\njournal_path = "journal"';
  const mint = await startMint(t, node, { confirmations, payments });
  const outbox = new TestOutbox();
  await outbox.link(t, mint);
  const secretKey = randomBytes(32);
  const key = curve.publicKey(secretKey);
  const wallet = new SatWallet(mint.url, curve);
  /** Mints what can be minted of the epoch that opened at a height. */
  const mintAll = (height: number) => mintQuotes(wallet, secretKey, `hash_${toHex(mint.poolId)}_${height}`);
  return {
    mintAll,
    /** The same, as soon as there is anything. @returns how many quotes */
    async mintSome(height: number): Promise<number> {
      let trouble: unknown;
      for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await delay(100)) {
        const minted = await mintAll(height).catch((error: unknown) => {
          trouble = error;
          return 0;
        });
        if (minted > 0) return minted;
      }
      throw new Error(`nothing of the epoch of ${height} can be minted`, { cause: trouble });
    },
    node,
    mint,
    outbox,
    key,
    stop: () => mint.end('SIGTERM'),
    async through(point: string): Promise<void> {
      await startThrough(mint, point);
      await outbox.stored();
    },
    async epochs(...wanted: readonly string[]): Promise<void> {
      const rows = () => epochRows(mint.databasePath, mint.poolId).join();
      await until(() => rows() === wanted.join(), `epochs ${wanted}`).catch((cause: Error) => {
        throw new Error(`${cause.message}: ${rows()}`, { cause });
      });
      assert.deepEqual(auditEpochs(mint.databasePath), []);
    },
  };
}

test('a mint killed between any two writes of a boundary has opened its epoch once', async (t) => {
  const s = await scene(t);
  let height = 3;
  const closed: string[] = [];
  for (const point of ['chain-followed', 'epochs-planned', 'journal-written', 'epochs-arranged']) {
    await s.outbox.mine(s.node, s.key, 1);
    await s.stop();
    const block = await mineForPool(s.node);
    s.outbox.add(block.header, s.key, 0);
    await s.outbox.mine(s.node, s.key, 1);
    await s.through(point);
    closed.push(`${height} live final closed ${block.height}`);
    await s.epochs(...closed, `${block.height} live`);
    height = block.height;
    await s.node.generate(1);
    await s.epochs(...closed, `${height} live final`);
    height = block.height;
  }
});

test('a mint killed between any two writes of a reorganization has dissolved its epoch once', async (t) => {
  const s = await scene(t);
  for (const point of [
    'chain-left',
    'chain-followed',
    'epochs-planned',
    'journal-written',
    'epochs-arranged',
  ]) {
    const block = await mineForPool(s.node);
    s.outbox.add(block.header, s.key, 0);
    await s.outbox.mine(s.node, s.key, 1);
    await s.outbox.stored();
    await s.epochs(`3 live final closed 4`, '4 live');
    await s.stop();
    await s.node.rpc.call('invalidateblock', [block.hash]);
    await s.node.generate(1);
    await s.through(point);
    await s.epochs('3 live final', '4 dissolved');
    await s.node.rpc.call('invalidateblock', [String(await s.node.rpc.call('getbestblockhash'))]);
  }
});

test('a mint killed over a merge has merged once, and issues again', async (t) => {
  for (const point of ['epochs-merged', 'journal-written']) {
    const s = await scene(t, 1);
    const block = await mineForPool(s.node);
    s.outbox.add(block.header, s.key, 0);
    await s.outbox.mine(s.node, s.key, 1);
    await s.outbox.stored();
    await s.epochs('3 live final closed 4', '4 live final');
    assert.equal(await s.mintSome(4), 1);
    await s.node.rpc.call('invalidateblock', [block.hash]);
    await s.node.generate(2);
    await s.epochs('3 live final', '4 stranded final');
    await assert.rejects(s.mintAll(3), /the block that opened/);
    await s.stop();
    const words = ['merge', '4', '3', '--reason', 'a test', '--database', s.mint.databasePath];
    await promisify(execFile)(process.execPath, [COMMAND, ...words]);
    await s.through(point);
    await s.mintSome(3);
    await s.epochs('3 live final', '4 stranded final');
    const shown = await promisify(execFile)(process.execPath, [COMMAND, 'show', '4', ...words.slice(-2)]);
    assert.match(shown.stdout, /phase +merged[\s\S]*shares_reward_of +hash_/);
  }
});
