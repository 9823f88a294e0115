import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { schema } from '../../../roles/mint/store/schema.ts';
import { Watchdog } from '../../../roles/mint/watchdog/watchdog.ts';
import type { Logger } from '../../../runtime/logs.ts';
import { createLog } from '../../../runtime/logs.ts';
import { inTransaction } from '../../../runtime/sql/database.ts';
import { openPlace } from '../../../runtime/sql/open.ts';
import { temporaryFolder } from '../../harness/temporary-folder.ts';
import { openTestPayments, type TestPayments } from './payments-support.ts';

/** A log that keeps its alerts. */
function alertLog(): { log: Logger; alerts: string[] } {
  const alerts: string[] = [];
  const keep = (facts: unknown) => {
    if (typeof facts === 'object' && facts !== null && 'alert' in facts) alerts.push(String(facts.alert));
  };
  return { log: Object.assign(createLog('test', 'silent'), { fatal: keep, error: keep }), alerts };
}

async function openWatchdog(t: TestContext, { mint, bolt11, onchain }: TestPayments) {
  const { log, alerts } = alertLog();
  const { issuance } = mint.engine;
  const watchdog = await Watchdog.open({ place: mint.path, issuance, backends: [bolt11, onchain], log });
  t.after(() => watchdog.close());
  return { watchdog, alerts };
}

test('sound books are left alone, whatever was minted, swapped and melted', async (t) => {
  const test = await openTestPayments(t, { paysAfterMs: 0, inputFeePpk: 1000 });
  const proofs = await test.sats(100);
  await test.mint.engine.swap(proofs, test.outputs(97));
  await test.melt(await test.meltQuote(10), await test.sats(30), { outputs: test.blanks(2) });
  await test.mint.proofs([4, 5]);
  await test.paidQuote(8);
  const { watchdog, alerts } = await openWatchdog(t, test);
  await watchdog.check();
  assert.deepEqual(alerts, []);
  assert.equal(test.mint.engine.issuance.stopped, undefined);
});

test('nothing is signed before the books were read once, and the mint serves meanwhile', async (t) => {
  const test = await openTestPayments(t);
  const proofs = await test.sats(16);
  const { engine } = test.mint;
  const { log, alerts } = alertLog();
  const { issuance } = engine;
  const away = { place: join(temporaryFolder(), 'gone', 'mint.sqlite'), issuance, backends: [], log };
  const blind = await Watchdog.open(away);
  await blind.close();
  assert.deepEqual(alerts, ['books-unread']);
  assert.equal(issuance.isHeld, true, 'books that could not be read are not sound');

  await assert.rejects(engine.swap(proofs, test.outputs(16)), {
    code: 'mint-not-ready',
    message: /compares its books before it signs/,
  });
  const melt = await test.meltQuote(2);
  await assert.rejects(test.melt(melt, proofs), { code: 'mint-not-ready' });
  assert.equal((await test.payments.meltQuotes.find('bolt11', melt.name)).state, 'UNPAID');

  const watchdog = await Watchdog.open({ ...away, place: test.mint.path }, 0);
  t.after(() => watchdog.close());
  await watchdog.check();
  assert.equal(issuance.isHeld, false);
  assert.equal((await engine.swap(proofs, test.outputs(16))).length, 1);
});

test('a token out of nothing ends all signing, with an alert', async (t) => {
  const test = await openTestPayments(t);
  const proofs = await test.sats(16);
  const { watchdog, alerts } = await openWatchdog(t, test);
  assert.deepEqual(alerts, []);
  const { engine } = test.mint;
  // Signed behind the engine's back, for nothing.
  const { rows } = await engine.issuance.sign(test.outputs(1));
  await engine.store.call('mintPaid', { quotes: [], signatures: rows });
  await watchdog.check();
  assert.deepEqual(alerts, ['books-mismatch', 'not-backed']);
  assert.match(engine.issuance.stopped ?? '', /1 more sat are out than were issued/);
  await assert.rejects(engine.swap(proofs, test.outputs(16)), { code: 'signing-stopped' });
  const wish = { unit: 'sat', amount: 1n, description: undefined, publicKey: undefined };
  await assert.rejects(test.payments.mintQuotes.create('bolt11', wish), { code: 'signing-stopped' });
  await watchdog.check();
  assert.equal(alerts.filter((alert) => alert === 'books-mismatch').length, 1, 'it is said once');
});

test('a backend that holds less than the mint owes is an alert, and no more', async (t) => {
  const test = await openTestPayments(t);
  await test.sats(16);
  const { alerts } = await openWatchdog(t, { ...test, bolt11: test.onchain });
  assert.deepEqual(alerts, ['not-backed']);
  assert.equal(test.mint.engine.issuance.stopped, undefined);
});

test('a quote that is paid by no payment ends all signing', async (t) => {
  const test = await openTestPayments(t);
  await test.paidQuote(16);
  const db = openPlace(test.mint.path, schema);
  inTransaction(db, () => db.exec('UPDATE mint_quotes SET amount_paid = amount_paid + 1'));
  db.close();
  const { alerts } = await openWatchdog(t, test);
  assert.deepEqual(alerts, ['books-mismatch', 'not-backed']);
});
