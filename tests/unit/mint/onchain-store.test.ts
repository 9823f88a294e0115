import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Built } from '../../../roles/mint/payments/bitcoind/build.ts';
import type { NewPayout, PayoutOperations } from '../../../roles/mint/payments/bitcoind/payout-store.ts';
import { openStore, type Store } from '../../../runtime/sql/store.ts';
import { newPlace } from '../../harness/new-place.ts';

const module = new URL('../../../roles/mint/payments/bitcoind/payout-store.ts', import.meta.url);

async function open(t: TestContext, keys: readonly string[] = ['a', 'b']): Promise<Store<PayoutOperations>> {
  const store = await openStore<PayoutOperations>({ module, path: await newPlace(), name: 'payouts' });
  t.after(() => store.close());
  for (const key of keys) await store.call('addPayout', payout(key));
  return store;
}

function payout(key: string, reserve = 500n): NewPayout {
  const rest = { amount: 1_000n, reserve, rate: 1_000n, blocks: 2, addedAt: 1 };
  return { key, address: `to ${key}`, script: new Uint8Array(22), ...rest };
}

function built(txid: string, inputs: readonly string[], places: readonly number[] = [0, 1]): Built {
  return { txid, hex: `hex of ${txid}`, rate: 1_000n, fee: 301n, inputs, places };
}

const common = { blocks: 2, height: 100 };

test('a key is one payout, whatever else is said of it later', async (t) => {
  const store = await open(t, ['a']);
  await store.call('addPayout', { ...payout('a'), amount: 9n, address: 'elsewhere' });
  const [found, ...others] = await store.call('waitingPayouts', 10);
  assert.deepEqual([found?.amount, found?.address, others], [1_000n, 'to a', []]);
  assert.deepEqual(await store.call('payoutState', 'a'), { state: 'pending' });
  assert.deepEqual(await store.call('payoutState', 'b'), { state: 'unknown' });
});

test('payouts are in one transaction at most, and coins too', async (t) => {
  const store = await open(t, ['a', 'b', 'c']);
  const [a, b, c] = await store.call('waitingPayouts', 10);
  assert.ok(a && b && c);
  assert.deepEqual(
    await store.call('addSending', { payouts: [a, b], ...common, built: built('1', ['x:0']) }),
    [],
  );
  assert.deepEqual(
    (await store.call('waitingPayouts', 10)).map(({ key }) => key),
    ['c'],
  );
  const again = store.call('addSending', { payouts: [b], ...common, built: built('2', ['y:0']) });
  await assert.rejects(again, { code: 'payouts-taken' });
  const sameCoin = { payouts: [c], ...common, built: built('3', ['y:0', 'x:0']) };
  assert.deepEqual(await store.call('addSending', sameCoin), ['x:0']);
  const [sending, ...others] = await store.call('openSendings', { after: 0, limit: 10 });
  assert.deepEqual([sending?.payouts.length, sending?.inputs, others], [2, ['x:0'], []]);
  await store.call('failPayout', { payout: a.payout, reason: 'too late' });
  assert.deepEqual(
    await store.call('payoutState', 'a'),
    { state: 'pending' },
    'what may be sent never fails',
  );
  await store.call('failPayout', { payout: c.payout, reason: 'no coins' });
  assert.deepEqual(await store.call('payoutState', 'c'), { state: 'failed', reason: 'no coins' });
  const late = store.call('addSending', { payouts: [c], ...common, built: built('4', ['z:0']) });
  await assert.rejects(late, { code: 'payouts-taken' }, 'what has failed is never paid');
});

test('the outpoint is that of the newest version that was sent, the end that of the one in the chain', async (t) => {
  const store = await open(t);
  const payouts = await store.call('waitingPayouts', 10);
  await store.call('addSending', { payouts, ...common, built: built('1', ['x:0']) });
  const [sending] = await store.call('openSendings', { after: 0, limit: 10 });
  assert.ok(sending);
  const version = { sending: sending.sending, number: 2, height: 103, payouts };
  const second = { ...built('2', ['x:0', 'y:0'], [4, 2]), fee: 777n };
  assert.deepEqual(await store.call('payoutState', 'b'), { state: 'pending' }, 'nobody has seen it');
  await store.call('noteSent', '1');
  assert.deepEqual(await store.call('payoutState', 'b'), { state: 'pending', proof: '1:1' });
  assert.deepEqual(await store.call('addVersion', { ...version, built: second }), []);
  assert.deepEqual(await store.call('payoutState', 'b'), { state: 'pending', proof: '1:1' });
  await store.call('noteSent', '2');
  assert.deepEqual(await store.call('payoutState', 'b'), { state: 'pending', proof: '2:2' });
  const twice = store.call('addVersion', { ...version, built: built('3', ['x:0']) });
  await assert.rejects(twice, { code: 'payouts-taken' });
  await store.call('finishSending', { sending: sending.sending, txid: '1' });
  assert.deepEqual(await store.call('payoutState', 'a'), { state: 'paid', proof: '1:0', fee: 151n });
  assert.deepEqual(await store.call('payoutState', 'b'), { state: 'paid', proof: '1:1', fee: 150n });
  const third = store.call('addVersion', { ...version, number: 3, built: built('3', ['x:0']) });
  await assert.rejects(third, { code: 'payouts-taken' }, 'what is final has no more versions');
});

test('a replacement may not take the coins of another sending', async (t) => {
  const store = await open(t);
  const [a, b] = await store.call('waitingPayouts', 10);
  assert.ok(a && b);
  await store.call('addSending', { payouts: [a], ...common, built: built('1', ['x:0']) });
  await store.call('addSending', { payouts: [b], ...common, built: built('2', ['y:0']) });
  const [first] = await store.call('openSendings', { after: 0, limit: 10 });
  const version = { sending: first?.sending ?? 0, number: 2, height: 103, payouts: [a] };
  assert.deepEqual(await store.call('addVersion', { ...version, built: built('3', ['x:0', 'y:0']) }), [
    'y:0',
  ]);
});

test('a payout whose coins are gone for good waits again, and its coins are free', async (t) => {
  const store = await open(t);
  const payouts = await store.call('waitingPayouts', 10);
  await store.call('addSending', { payouts, ...common, built: built('1', ['x:0']) });
  const [sending] = await store.call('openSendings', { after: 0, limit: 10 });
  const row = sending?.sending ?? 0;
  await store.call('noteMissing', { sending: row, since: 120 });
  assert.equal((await store.call('openSendings', { after: 0, limit: 10 }))[0]?.missingSince, 120);
  await store.call('noteMissing', { sending: row, since: undefined });
  assert.equal((await store.call('openSendings', { after: 0, limit: 10 }))[0]?.missingSince, undefined);
  await store.call('killSending', row);
  assert.deepEqual(await store.call('openSendings', { after: 0, limit: 10 }), []);
  assert.equal((await store.call('waitingPayouts', 10)).length, 2);
  assert.deepEqual(await store.call('addSending', { payouts, ...common, built: built('2', ['x:0']) }), []);
  await store.call('killSending', row);
  assert.equal((await store.call('openSendings', { after: 0, limit: 10 })).length, 1, 'it is dead once');
});

test('what a reorganization undoes is remembered once, and a final payout is followed again', async (t) => {
  const store = await open(t);
  const payouts = await store.call('waitingPayouts', 10);
  await store.call('addSending', { payouts, ...common, built: built('1', ['x:0']) });
  const [sending] = await store.call('openSendings', { after: 0, limit: 10 });
  await store.call('finishSending', { sending: sending?.sending ?? 0, txid: '1' });
  const undone = { sent: ['1', 'unknown'], deposits: [{ outpoint: 'd:0', amount: 7n }] };
  assert.deepEqual(await store.call('noteUndone', undone), { sendings: 1, deposits: 1 });
  assert.deepEqual(await store.call('noteUndone', undone), { sendings: 0, deposits: 0 });
  assert.equal((await store.call('openSendings', { after: 0, limit: 10 })).length, 1);
  assert.deepEqual(await store.call('undoneDeposits', 10), undone.deposits);
  await store.call('forgetUndone', 'd:0');
  assert.deepEqual(await store.call('undoneDeposits', 10), []);
});
