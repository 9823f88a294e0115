import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Built } from '../../../roles/mint/payments/bitcoind/build.ts';
import type { Verdict } from '../../../roles/mint/payments/bitcoind/by-hand.ts';
import type { Evidence } from '../../../roles/mint/payments/bitcoind/evidence.ts';
import {
  operations,
  type PayoutOperations,
  schema,
} from '../../../roles/mint/payments/bitcoind/payout-store.ts';
import { type Database, inTransaction } from '../../../runtime/sql/database.ts';
import { openPlace } from '../../../runtime/sql/open.ts';
import { newPlace } from '../../harness/new-place.ts';

const GONE_AT = 200;
const [first, second] = [new Uint8Array(22).fill(1), new Uint8Array(22).fill(2)];

interface Scene {
  readonly db: Database;
  readonly store: PayoutOperations;
  readonly sending: number;
  settle(verdict?: Partial<Verdict>): string[];
}

/** A transaction with two payouts, sent and replaced once, whose coins are gone. */
async function open(t: TestContext): Promise<Scene> {
  const db = openPlace(await newPlace(), schema);
  t.after(() => db.close());
  const store = operations(db);
  for (const [key, script] of [
    ['a.1', first],
    ['b.1', second],
  ] as const) {
    const terms = { amount: 1_000n, reserve: 500n, rate: 1_000n, blocks: 2, addedAt: 1 };
    store.addPayout({ key, address: `to ${key}`, script, ...terms });
  }
  const payouts = store.waitingPayouts(10);
  assert.deepEqual(store.addSending({ payouts, blocks: 2, height: 100, built: built('v1', ['x:0']) }), []);
  const [{ sending } = { sending: 0 }] = store.openSendings({ after: 0, limit: 1 });
  const newer = { sending, number: 2, height: 103, payouts, built: built('v2', ['x:0', 'y:0']) };
  assert.deepEqual(store.addVersion(newer), []);
  store.noteSent('v1');
  store.noteMissing({ sending, since: GONE_AT });
  const verdict: Verdict = {
    sending,
    end: 'failed',
    reason: 'looked into',
    evidence: evidence(),
    isForced: false,
    height: GONE_AT + 100,
    at: 7,
  };
  const settle = (more: Partial<Verdict> = {}) =>
    inTransaction(db, () => store.settleByHand({ ...verdict, ...more }), 'EXCLUSIVE');
  return { db, store, sending, settle };
}

function built(txid: string, inputs: readonly string[]): Built {
  return { txid, hex: `hex of ${txid}`, rate: 1_000n, fee: 300n, inputs, places: [0, 1] };
}

function evidence(more: Partial<Evidence> = {}): Evidence {
  return { txid: 'taker', hex: 'hex', confirmations: 100, inputs: ['x:0'], outputs: [], ...more };
}

const bothPaid = [first, second].map((script, vout) => ({ vout: vout + 3, script, amount: 1_000n }));

test('what can never be mined any more has failed, once, and its coins are free', async (t) => {
  const { db, store, sending, settle } = await open(t);
  assert.deepEqual(settle(), ['a.1', 'b.1']);
  for (const key of ['a.1', 'b.1']) assert.equal(store.payoutState(key).state, 'failed');
  assert.deepEqual(store.waitingPayouts(10), [], 'it is made by no other transaction either');
  assert.deepEqual(store.openSendings({ after: 0, limit: 9 }), [], 'and sent no more');
  assert.throws(() => settle({ end: 'paid', isForced: true }), { code: 'payout-not-open' });
  const payouts = [] as const;
  const version = { sending, number: 3, height: 300, payouts, built: built('v3', ['x:0']) };
  assert.throws(() => store.addVersion(version), { code: 'payouts-taken' });
  const row = db.prepare('SELECT settled FROM onchain_sendings WHERE sending = ?').get(sending);
  assert.deepEqual(JSON.parse(String(row?.['settled'])), {
    at: 7,
    reason: 'looked into',
    isForced: false,
    txid: 'taker',
  });
});

test('nothing is settled while the mint may do so itself, whoever insists', async (t) => {
  const { store, sending, settle } = await open(t);
  assert.throws(() => settle({ height: GONE_AT + 99, isForced: true }), {
    code: 'payout-under-way',
    message: /for 99 blocks/,
  });
  store.noteMissing({ sending, since: undefined });
  assert.throws(() => settle({ isForced: true }), {
    code: 'payout-under-way',
    message: /its coins are there/,
  });
  assert.throws(() => settle({ sending: sending + 1 }), { code: 'payout-not-open' });
  assert.equal(store.payoutState('a.1').state, 'pending');
});

test('what may be mined yet is settled by who insists alone', async (t) => {
  const uncertain: Partial<Verdict>[] = [
    { evidence: undefined },
    { evidence: evidence({ confirmations: 99 }) },
    { evidence: evidence({ inputs: ['z:0'] }) },
    // The first version does not spend it.
    { evidence: evidence({ inputs: ['y:0'] }) },
    { end: 'paid', evidence: evidence({ inputs: ['z:0'], outputs: bothPaid }) },
    { end: 'paid', evidence: evidence({ outputs: bothPaid, confirmations: 99 }) },
    { end: 'paid', evidence: evidence({ txid: 'v1', outputs: bothPaid, confirmations: 99 }) },
  ];
  for (const verdict of uncertain) {
    const { store, settle } = await open(t);
    assert.throws(() => settle(verdict), { code: 'payout-may-confirm' });
    assert.equal(store.payoutState('a.1').state, 'pending');
    settle({ ...verdict, isForced: true });
    assert.equal(store.payoutState('a.1').state, verdict.end ?? 'failed');
  }
});

test('what has paid all of them has not failed, and what has not paid all is no proof of payment', async (t) => {
  const { store, settle } = await open(t);
  const [one, other] = bothPaid;
  assert.ok(one && other);
  const paid = (outputs: Evidence['outputs']) => ({ evidence: evidence({ outputs }), isForced: true });
  assert.throws(() => settle(paid(bothPaid)), { code: 'evidence-refutes', message: /has not failed/ });
  assert.throws(() => settle(paid([one])), { code: 'evidence-refutes' });
  assert.throws(() => settle({ evidence: evidence({ txid: 'v2' }), isForced: true }), {
    code: 'evidence-refutes',
  });
  assert.throws(() => settle({ end: 'paid', evidence: undefined, isForced: true }), {
    code: 'evidence-missing',
  });
  assert.throws(() => settle({ end: 'paid', ...paid([one, { ...other, amount: 999n }]) }), {
    code: 'evidence-refutes',
    message: /no output of 1000 sats to to b\.1/,
  });
  assert.throws(() => settle({ end: 'paid', ...paid([one, { ...other, script: first }]) }), {
    code: 'evidence-refutes',
  });
  assert.equal(store.payoutState('a.1').state, 'pending');
});

test('a payment by another transaction is told as one, and pays no other payouts', async (t) => {
  const { store, settle } = await open(t);
  settle({ end: 'paid', evidence: evidence({ outputs: bothPaid }) });
  assert.deepEqual(store.payoutState('b.1'), { state: 'paid', proof: 'taker:4', fee: 0n });
  const terms = { amount: 1_000n, reserve: 500n, rate: 1_000n, blocks: 2, addedAt: 1 };
  store.addPayout({ key: 'c.1', address: 'again', script: first, ...terms });
  const payouts = store.waitingPayouts(10);
  store.addSending({ payouts, blocks: 2, height: 100, built: { ...built('w1', ['w:0']), places: [0] } });
  const [{ sending } = { sending: 0 }] = store.openSendings({ after: 0, limit: 1 });
  store.noteMissing({ sending, since: GONE_AT });
  const again = { sending, end: 'paid', evidence: evidence({ outputs: bothPaid }), isForced: true } as const;
  assert.throws(() => settle(again), { code: 'evidence-refutes', message: /pays other payouts/ });
});

test('a version that the wallet has forgotten has paid, at its own fee', async (t) => {
  const { store, settle } = await open(t);
  const outputs = bothPaid.map((output, vout) => ({ ...output, vout }));
  settle({ end: 'paid', evidence: evidence({ txid: 'v1', outputs }) });
  assert.deepEqual(store.payoutState('a.1'), { state: 'paid', proof: 'v1:0', fee: 150n });
});
