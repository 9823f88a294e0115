import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { test } from 'node:test';
import { fromHex } from '../../protocols/bytes.ts';
import { auditMint } from '../../roles/mint/books.ts';
import { regtestNode } from '../harness/bitcoind.ts';
import { startMint } from '../harness/mint.ts';
import { TestOutbox } from '../harness/pool-outbox.ts';
import { until } from '../harness/template-client.ts';

const LIMIT_MS = 90_000;
const KEY = fromHex('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798');

test('a mint set back to a copy that is older than an outbox gets all of it again', {
  timeout: LIMIT_MS,
}, async (t) => {
  const node = await regtestNode(t, { blocks: 3 });
  const mint = await startMint(t, node);
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
  await until(() => auditMint(mint.databasePath).quotes.count === outbox.lastSeq, 'all quotes again');
  await outbox.stored();
  assert.deepEqual(outbox.refusals, []);
});
