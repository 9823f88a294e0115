import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { schema } from '../../../roles/mint/store/schema.ts';
import { inTransaction } from '../../../runtime/sql/database.ts';
import { openPlace } from '../../../runtime/sql/open.ts';
import { openTestMint } from './support.ts';

/** A mint with keys that have so many sats, from their own thresholds on; one without an address is withdrawn. */
async function scene(
  t: TestContext,
  keys: readonly { address?: string; threshold: number; balance: number }[],
) {
  const { engine, path } = await openTestMint(t);
  const db = openPlace(path, schema);
  const add = db.prepare(`
    INSERT INTO payout_keys (payout_key, public_key, counter, address, script, threshold, balance, credited)
    VALUES (?, ?, 1, ?, ?, ?, ?, ?)`);
  inTransaction(db, () => {
    keys.forEach(({ address, threshold, balance }, i) => {
      const script = address === undefined ? null : new TextEncoder().encode(address);
      add.run(i + 1, randomBytes(33), address ?? null, script, threshold, balance, balance);
    });
  });
  db.close();
  const { store } = engine;
  const balances = async (least = 0n) => {
    const found = await store.call('payableBalances', { least, limit: 10 });
    return found.map(({ payoutKey, sats }) => [payoutKey, sats]);
  };
  return { store, balances };
}

test('a balance is payable from its threshold and the least on, the largest first', async (t) => {
  const { balances, store } = await scene(t, [
    { address: 'a', threshold: 10, balance: 9 },
    { address: 'b', threshold: 10, balance: 10 },
    { address: 'c', threshold: 10, balance: 30 },
    { threshold: 10, balance: 100 },
  ]);
  assert.deepEqual(await balances(), [
    [3, 30n],
    [2, 10n],
  ]);
  assert.deepEqual(await balances(11n), [[3, 30n]]);
  const [first] = await store.call('payableBalances', { least: 0n, limit: 1 });
  assert.deepEqual([first?.address, first?.script], ['c', new TextEncoder().encode('c')]);
});

test('a sat is held for one payment, and what is not taken comes back', async (t) => {
  const { balances, store } = await scene(t, [
    { address: 'a', threshold: 1, balance: 100 },
    { address: 'b', threshold: 1, balance: 50 },
  ]);
  const one = { purpose: 'coinbase', reference: randomBytes(16) } as const;
  const other = { purpose: 'coinbase', reference: randomBytes(16) } as const;
  await store.call('holdBalances', { ...one, holds: [{ payoutKey: 1, sats: 90n }] });
  assert.deepEqual(await balances(), [
    [2, 50n],
    [1, 10n],
  ]);
  const both = [
    { payoutKey: 2, sats: 50n },
    { payoutKey: 1, sats: 11n },
  ];
  const changed = { code: 'balance-changed' };
  await assert.rejects(store.call('holdBalances', { ...other, holds: both }), changed, 'all or nothing');
  await assert.rejects(
    store.call('holdBalances', { ...one, holds: [{ payoutKey: 1, sats: 1n }] }),
    changed,
    'one hold of a name',
  );
  assert.deepEqual(await balances(), [
    [2, 50n],
    [1, 10n],
  ]);
  await store.call('holdBalances', { ...other, holds: [{ payoutKey: 2, sats: 50n }] });
  assert.deepEqual(await balances(), [[1, 10n]]);

  assert.equal(await store.call('settleHeld', { ...one, proof: 'txid:0', left: 20n }), 70n);
  assert.deepEqual(await balances(), [[1, 30n]]);
  assert.equal(await store.call('settleHeld', { ...one, proof: 'txid:0', left: 20n }), 0n, 'once');
  assert.equal(await store.call('releaseHeld', one), 0n, 'what was paid stays paid');
  assert.equal(await store.call('releaseHeld', other), 50n);
  assert.equal(await store.call('releaseHeld', other), 0n, 'once');
  assert.deepEqual(await balances(), [
    [2, 50n],
    [1, 30n],
  ]);
});

test('an address has nothing to be paid while a payment on the chain to it is under way', async (t) => {
  const { balances, store } = await scene(t, [
    { address: 'a', threshold: 1, balance: 100 },
    { address: 'a', threshold: 1, balance: 90 },
    { address: 'b', threshold: 1, balance: 80 },
  ]);
  const name = { purpose: 'onchain', reference: randomBytes(16) } as const;
  await store.call('holdBalances', { ...name, holds: [{ payoutKey: 2, sats: 10n }] });
  assert.deepEqual(await balances(), [[3, 80n]]);
  await store.call('settleHeld', { ...name, proof: 'txid:0' });
  assert.deepEqual(await balances(), [
    [1, 100n],
    [2, 80n],
    [3, 80n],
  ]);
  const after = { sats: 80n, payoutKey: 2 };
  const behind = await store.call('payableBalances', { least: 0n, limit: 10, after });
  assert.deepEqual(
    behind.map(({ payoutKey }) => payoutKey),
    [3],
  );
});

test('more than was held is never left, nor anything of a payment to several keys', async (t) => {
  const { store } = await scene(t, [
    { address: 'a', threshold: 1, balance: 100 },
    { address: 'b', threshold: 1, balance: 50 },
  ]);
  const name = { purpose: 'coinbase', reference: Uint8Array.of(1) } as const;
  const holds = [
    { payoutKey: 1, sats: 100n },
    { payoutKey: 2, sats: 50n },
  ];
  await store.call('holdBalances', { ...name, holds });
  await assert.rejects(store.call('settleHeld', { ...name, proof: '', left: 1n }), { code: 'bad-hold' });
  assert.equal(await store.call('settleHeld', { ...name, proof: 'txid' }), 150n);
  const other = { purpose: 'onchain', reference: Uint8Array.of(2) } as const;
  await assert.rejects(
    store.call('holdBalances', { ...other, holds: [{ payoutKey: 3, sats: 1n }] }),
    { code: 'balance-changed' },
    'a key that there is none of',
  );
});
