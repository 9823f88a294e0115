import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { acceptLoss } from '../../../roles/mint/accept-loss.ts';
import { AutoPayouts } from '../../../roles/mint/auto-payouts.ts';
import { askRelease, lostHolds, type ReleaseWish } from '../../../roles/mint/store/payout-releases.ts';
import { schema } from '../../../roles/mint/store/schema.ts';
import { createLog } from '../../../runtime/logs.ts';
import { inTransaction } from '../../../runtime/sql/database.ts';
import { openPlace } from '../../../runtime/sql/open.ts';
import { payoutScene } from './coinbase-payout-scene.ts';

const TXID = 'ab'.repeat(32);

/** A mint that has gone on from an older copy, in which two keys were owed 5,000 and 4,000 sats. */
async function scene(t: TestContext) {
  const s = await payoutScene(t, { confirmations: 1, keys: 2 });
  s.credit(1, 5000);
  s.credit(2, 4000);
  await s.engine.store.call('freeze', 'a test');
  const db = openPlace(s.mint.path, schema);
  t.after(() => db.close());
  acceptLoss(db, 'of a test', 7);
  const { engine } = s;
  const log = createLog('test', 'silent');
  const auto = new AutoPayouts({ engine, network: 'regtest', terms: undefined, log });
  const numberOf = (key: number) => lostHolds(db).find(({ payoutKey }) => payoutKey === key)?.number ?? 0;
  const transaction = (amount: bigint, confirmations = 100) => ({
    ...{ txid: TXID, hex: '', confirmations, inputs: [] },
    outputs: [
      { vout: 0, script: Uint8Array.of(0x51), amount: 1n },
      { vout: 1, script: s.scripts[0] ?? Uint8Array.of(), amount },
    ],
  });
  return {
    ...s,
    numberOf,
    transaction,
    lost: () => lostHolds(db),
    ask: (key: number, wish: Partial<ReleaseWish>) => {
      const usual = { evidence: undefined, isForced: false, reason: 'a test', now: 8 };
      return inTransaction(db, () => askRelease(db, { number: numberOf(key), ...usual, ...wish }));
    },
    /** The mint does what it was asked for. */
    turn: () => auto.credit(),
    /** free, held, and what was paid of holds of a loss. */
    standing: async (key: number) => {
      const [found] = s.books().filter((each) => each.key === key);
      const payments = db.prepare('SELECT paid, proof FROM payout_holds WHERE payout_key = ?').all(key);
      return [found?.free, found?.held, ...payments.map(({ paid, proof }) => [paid && Number(paid), proof])];
    },
  };
}

test('what a transaction has paid since a loss stays paid, and the rest is owed again', async (t) => {
  const s = await scene(t);
  assert.deepEqual(
    s.lost().map(({ address, sats, heldSince, isAsked }) => [address, sats, heldSince, isAsked]),
    [
      ['address 1', 5000n, 7, false],
      ['address 2', 4000n, 7, false],
    ],
  );
  s.ask(1, { evidence: s.transaction(3000n) });
  assert.deepEqual(await s.standing(1), [0, 5000, [null, null]], 'the mint itself does it');
  await s.turn();
  assert.deepEqual(await s.standing(1), [2000, 0, [3000, `${TXID}:1`]]);
  await s.turn();
  assert.deepEqual(await s.standing(1), [2000, 0, [3000, `${TXID}:1`]], 'once');
  assert.deepEqual(await s.standing(2), [0, 4000, [null, null]], 'and no other key');
});

test('what paid more than was held back has paid all of it', async (t) => {
  const s = await scene(t);
  s.ask(1, { evidence: s.transaction(9000n) });
  await s.turn();
  assert.deepEqual(await s.standing(1), [0, 0, [5000, `${TXID}:1`]]);
});

test('nothing is released that is not certain, but on the word of who bears the loss', async (t) => {
  const s = await scene(t);
  const refused = (wish: Partial<ReleaseWish>, message: RegExp, key = 2) =>
    assert.throws(() => s.ask(key, wish), { code: 'bad-release', message });
  refused({}, /--though-it-may-have-been-paid/);
  refused({ evidence: s.transaction(1n, 99) }, /99 confirmations; from 100 on/);
  refused({ evidence: s.transaction(1n) }, /pays nothing to address 2/);
  refused({ number: 999 }, /nothing is held back by number 999/);
  s.withdraw(1);
  refused({ evidence: s.transaction(1n) }, /has no address any more/, 1);
  s.ask(2, { isForced: true });
  refused({ isForced: true }, /asked to release \d+ already/);
  assert.deepEqual(
    s.lost().map(({ isAsked }) => isAsked),
    [false, true],
  );
  await s.turn();
  assert.deepEqual(await s.standing(2), [4000, 0]);
  refused({ isForced: true, number: s.numberOf(1) + 1 }, /nothing is held back/);
});
