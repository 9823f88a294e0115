import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { auditMint } from '../../roles/mint/books.ts';
import { askRewardInvoice, listRewards } from '../../roles/mint/store/lightning-rewards.ts';
import { schema } from '../../roles/mint/store/schema.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { inTransaction } from '../../runtime/sql/database.ts';
import { openPlace } from '../../runtime/sql/open.ts';
import { regtestNode } from '../harness/bitcoind.ts';
import { auditEpochs } from '../harness/epoch-audit.ts';
import { epochRows } from '../harness/epoch-rows.ts';
import { startThrough } from '../harness/killed-mint.ts';
import { startMint } from '../harness/mint.ts';
import { TestOutbox } from '../harness/pool-outbox.ts';
import { until } from '../harness/template-client.ts';

const FIRST = 3;
const SATS = 5_000n;
const CONFIG = `
[payments]
[payments.bolt11]
backend = "fake"
[payments.fake]
pays_after_ms = 0
[backup]
journal_path = "journal"
`;

test('a mint killed between any two writes of a reward over Lightning books it once and closes one epoch', async (t) => {
  const { curve } = await loadCrypto();
  const node = await regtestNode(t, { blocks: FIRST });
  const pool = `rewards = "lightning"\nreward_period_blocks = 1\nreward_minimum = ${SATS}`;
  const mint = await startMint(t, node, { rewardScript: '', pool, payments: CONFIG });
  const outbox = new TestOutbox();
  await outbox.link(t, mint);
  const key = curve.publicKey(randomBytes(32));
  const at = <T>(act: (db: ReturnType<typeof openPlace>) => T): T => {
    const db = openPlace(mint.databasePath, schema);
    try {
      return inTransaction(db, () => act(db));
    } finally {
      db.close();
    }
  };
  const rows = () => epochRows(mint.databasePath, mint.poolId).join();
  let height = FIRST;
  const closed: string[] = [];
  for (const point of [
    'reward-requested',
    'payments-received',
    'payments-stored',
    'reward-closed',
    'journal-written',
  ]) {
    await outbox.mine(node, key, 1);
    await outbox.stored();
    await mint.end('SIGTERM');
    at((db) => askRewardInvoice(db, { poolId: mint.poolId, sats: SATS, memo: point, now: 1 }));
    await node.generate(1);
    await startThrough(mint, point);
    closed.push(`${height} live final closed ${height + 1}`);
    height += 1;
    const wanted = [...closed, `${height} live final`].join();
    await until(() => rows() === wanted, `epochs ${wanted} after ${point}`).catch((cause: Error) => {
      throw new Error(`${cause.message}: ${rows()}`, { cause });
    });
    assert.deepEqual(auditEpochs(mint.databasePath), [], point);
    await outbox.stored();
  }
  const listed = at((db) => listRewards(db, { limit: 100 }));
  assert.deepEqual(
    listed.map(({ paid, unit }) => [paid, unit?.replace(/^.*_/, '')]),
    closed.map((_, i) => [SATS, String(FIRST + i)]),
  );
  const { balances, contradictions } = auditMint(mint.databasePath).sats;
  assert.deepEqual([balances.lightning, contradictions], [-SATS * BigInt(closed.length), []]);
});
