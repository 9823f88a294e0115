import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { auditMint } from '../../commands/audit/audit-mint.ts';
import { httpMint } from '../../commands/audit/http-mint.ts';
import { rpcNode } from '../../commands/audit/rpc-node.ts';
import { exitCodeOf } from '../../commands/audit/words.ts';
import { toHex } from '../../protocols/bytes.ts';
import { readReport } from '../../protocols/ehash/report.ts';
import { reportHash } from '../../protocols/ehash/report-hash.ts';
import { askRewardInvoice } from '../../roles/mint/store/lightning-rewards.ts';
import { reportOperations } from '../../roles/mint/store/reports.ts';
import { schema } from '../../roles/mint/store/schema.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { inTransaction } from '../../runtime/sql/database.ts';
import { openPlace } from '../../runtime/sql/open.ts';
import { regtestNode } from '../harness/bitcoind.ts';
import { startThrough } from '../harness/killed-mint.ts';
import { startMint } from '../harness/mint.ts';
import { TestOutbox } from '../harness/pool-outbox.ts';
import { until } from '../harness/template-client.ts';

const SATS = 5_000n;
const CONFIG = `
[payments]
[payments.bolt11]
backend = "fake"
[payments.fake]
pays_after_ms = 0
`;

test('a mint killed as it signs or keeps a report makes one for each price, and what no chain can show does not fail', async (t) => {
  const { curve } = await loadCrypto();
  const node = await regtestNode(t, { blocks: 3 });
  const pool = `rewards = "lightning"\nreward_period_blocks = 1\nreward_minimum = ${SATS}`;
  const mint = await startMint(t, node, { rewardScript: '', pool, payments: CONFIG });
  const outbox = new TestOutbox();
  await outbox.link(t, mint);
  const key = curve.publicKey(randomBytes(32));
  const source = httpMint(mint.url);
  const points = ['report-signed', 'report-stored'];
  for (const [i, point] of points.entries()) {
    await outbox.mine(node, key, 3);
    await outbox.stored();
    await mint.end('SIGTERM');
    const db = openPlace(mint.databasePath, schema);
    inTransaction(db, () => askRewardInvoice(db, { poolId: mint.poolId, sats: SATS, memo: point, now: 1 }));
    db.close();
    await node.generate(1);
    await startThrough(mint, point);
    await until(() => countReports(mint.databasePath) === i + 1, `report ${i + 1} after ${point}`);
    await outbox.stored();
  }
  const signed = await source.reports();
  const reports = signed.map(({ text }) => readReport(text));
  const [first] = signed;
  assert.ok(first);
  assert.deepEqual(
    reports.map(({ number, previous, epochs }) => [number, previous, epochs.map(({ sources }) => sources)]),
    [
      [1, null, [{ lightning: String(SATS) }]],
      [2, toHex(reportHash(first.text)), [{ lightning: String(SATS) }]],
    ],
  );

  const findings = await auditMint({ mint: source, node: rpcNode(node.rpc), curve });
  const said = findings.map(({ verdict, code, words }) => `${verdict} ${code}: ${words}`).join('\n');
  assert.equal(exitCodeOf(findings), 2, said);
  const unproven = findings.filter(({ verdict }) => verdict === 'unproven').map(({ code }) => code);
  assert.deepEqual(
    new Set(unproven),
    new Set(['reward-not-on-chain', 'no-sample', 'no-reserve-proof']),
    said,
  );
});

function countReports(place: string): number {
  const db = openPlace(place, schema, { readOnly: true });
  try {
    return reportOperations(db).lastReport(null)?.number ?? 0;
  } finally {
    db.close();
  }
}
