import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { toHex } from '../../protocols/bytes.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { regtestNode } from '../harness/bitcoind.ts';
import { mintQuotes, openQuotes } from '../harness/ehash-quotes.ts';
import { auditEpochs } from '../harness/epoch-audit.ts';
import { epochRows } from '../harness/epoch-rows.ts';
import { startMint } from '../harness/mint.ts';
import { PATIENCE_MS } from '../harness/patience.ts';
import { mineForPool } from '../harness/pool-blocks.ts';
import { TestOutbox } from '../harness/pool-outbox.ts';
import { testPostgres } from '../harness/postgres.ts';
import { SatWallet } from '../harness/sat-wallet.ts';
import { until } from '../harness/template-client.ts';

const FIRST = 3;

test('two processes of a mint at one boundary open one epoch, mint in it side by side, and fix one price', async (t) => {
  const { curve } = await loadCrypto();
  const node = await regtestNode(t, { blocks: FIRST });
  const database = await (await testPostgres()).newDatabase();
  const first = await startMint(t, node, { database, confirmations: 1 });
  const second = await startMint(t, node, { beside: first, confirmations: 1 });
  const outbox = new TestOutbox();
  await outbox.link(t, first);
  await outbox.link(t, second);
  const secretKey = randomBytes(32);
  const key = curve.publicKey(secretKey);
  const unit = (height: number) => `hash_${toHex(first.poolId)}_${height}`;
  const wallets = [first, second].map(({ url }) => new SatWallet(url, curve));
  const epochs = async (...wanted: readonly string[]) => {
    const rows = () => epochRows(database, first.poolId).join();
    await until(() => rows() === wanted.join(), `epochs ${wanted}`).catch((cause: Error) => {
      throw new Error(`${cause.message}: ${rows()}`, { cause });
    });
    assert.deepEqual(auditEpochs(database), []);
  };
  /** Waits until both processes tell of a keyset that it signs, or not. */
  const signs = async (height: number, isActive: boolean) => {
    for (const wallet of wallets) {
      for (const end = Date.now() + PATIENCE_MS; ; await delay(50)) {
        const { body } = await wallet.get('/v1/keys');
        if ((body.keysets ?? []).some((each) => each.unit === unit(height)) === isActive) break;
        assert.ok(
          Date.now() < end,
          `${wallet.url}: ${JSON.stringify(body.keysets?.map((each) => each.unit))}`,
        );
      }
    }
  };

  const shares = async (count: number) => {
    for (let i = 0; i < count; i++) await outbox.mine(node, key, 1);
    await outbox.stored();
  };
  await shares(20);
  const block = await mineForPool(node);
  outbox.add(block.header, key, 0);
  await shares(20);
  await epochs(`${FIRST} live final closed 4`, '4 live final');
  await signs(4, true);
  const minted = await Promise.all(
    wallets.map((wallet) => mintQuotes(wallet, secretKey, unit(FIRST)).catch(() => -1)),
  );
  assert.ok(minted.some((count) => count !== 0));
  for (const wallet of wallets) await mintQuotes(wallet, secretKey, unit(FIRST));
  for (const wallet of wallets) await mintQuotes(wallet, secretKey, unit(4));
  for (const wallet of wallets) assert.deepEqual(await openQuotes(wallet, secretKey), []);
  assert.deepEqual(auditEpochs(database), []);

  await first.end('SIGKILL');
  const next = await mineForPool(node);
  outbox.add(next.header, key, 0);
  await shares(1);
  await epochs(`${FIRST} live final closed 4`, '4 live final closed 5', '5 live final');
  await first.start();
  await node.generate(100);
  await shares(1);
  await signs(FIRST, false);
  await signs(4, false);
  await signs(5, true);
  assert.deepEqual(auditEpochs(database), []);
  const prices = [first, second].flatMap(
    ({ output }) => output.match(/can be redeemed: \d+ sats for \d+ ehash/g) ?? [],
  );
  assert.equal(prices.length, 2, 'each epoch has its price once, by whichever process');
});
