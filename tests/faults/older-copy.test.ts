import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fromHex } from '../../protocols/bytes.ts';
import { auditMint } from '../../roles/mint/books.ts';
import { regtestNode } from '../harness/bitcoind.ts';
import { startMint } from '../harness/mint.ts';
import { TestOutbox } from '../harness/pool-outbox.ts';
import { until } from '../harness/template-client.ts';
import { temporaryFolder } from '../harness/temporary-folder.ts';

const KEY = fromHex('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798');

/** A mint whose database was put back by hand to a copy that lacks five shares, and a pool that was told of them. */
async function setBack(t: TestContext, config = '') {
  const node = await regtestNode(t, { blocks: 3 });
  const mint = await startMint(t, node, { payments: config });
  const copy = `${mint.databasePath}.copy`;
  await mint.end('SIGTERM');
  copyFileSync(mint.databasePath, copy);
  await mint.start();
  const outbox = new TestOutbox();
  await outbox.link(t, mint);
  for (let i = 0; i < 5; i++) await outbox.mine(node, KEY, 1);
  await outbox.stored();

  await mint.end('SIGTERM');
  copyFileSync(copy, mint.databasePath);
  await outbox.mine(node, KEY, 1);
  await mint.start();
  return { mint, outbox };
}

test('a mint set back to an older copy brings itself up to date by its journal', async (t) => {
  const { mint, outbox } = await setBack(
    t,
    `[backup]\njournal_path = "${join(temporaryFolder(), 'journal')}"`,
  );
  assert.ok(auditMint(mint.databasePath).quotes.count >= 5, 'before the pool sends anything');
  await outbox.stored();
  assert.equal(auditMint(mint.databasePath).quotes.count, outbox.lastSeq);
  assert.deepEqual(outbox.refusals, []);
});

test('without a journal its pool shows it what it lacks: it stops, and pays none of it again', async (t) => {
  const { mint } = await setBack(t);
  await until(() => /"alert":"frozen"/.test(mint.output), 'an alert');
  assert.match(mint.output, /was told that its work is stored up to number 5, and here it is up to 0/);
  await until(() => /only reads/.test(mint.said?.text ?? ''), 'a status in words');
  await mint.end('SIGTERM');
  await mint.start();
  assert.match(mint.said?.text ?? '', /only reads/, 'after a restart, too');
  assert.equal(auditMint(mint.databasePath).quotes.count, 0);
});
