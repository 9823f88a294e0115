import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openDatabase } from '../../../../runtime/sql/database.ts';
import { LONGEST_NOTE, openHistory } from '../../../../services/wallet/history.ts';
import { walletSchema } from '../../../../services/wallet/schema.ts';
import type { Wallet } from '../../../../services/wallet/wallet.ts';
import { heldBy, OTHER, openScene } from './scene.ts';

const HOUR = 3_600_000;

async function booked(wallet: Wallet): Promise<bigint> {
  const lines = await wallet.history({ limit: 1000 });
  return lines.reduce((sum, { amount, fee }) => sum + amount - fee, 0n);
}

test('the lines of a history add up to what is held, after every kind of operation, fees included', async (t) => {
  const { mint, open, fill } = await openScene(t, { inputFeePpk: 100 });
  const wallet = await open();
  const other = await open('other', OTHER);
  const check = async (...kinds: string[]) => {
    assert.equal(await booked(wallet), await heldBy(wallet), kinds.join());
    const lines = await wallet.history({ limit: 1000 });
    assert.deepEqual(
      lines.map(({ kind }) => kind),
      kinds,
    );
    return lines;
  };
  await check();
  await fill(wallet, 64n, 36n);
  const [minted] = await check('minted');
  assert.deepEqual([minted?.amount, minted?.fee, minted?.unit], [100n, 0n, mint.unit]);
  const token = await wallet.send(7n, { note: 'for tea' });
  const [sent] = await check('sent', 'swapped', 'minted');
  assert.deepEqual([sent?.amount, sent?.fee, sent?.note], [-7n, 0n, 'for tea']);
  assert.equal(await other.receive(token), 6n);
  assert.deepEqual(
    (await other.history({ limit: 9 })).map(({ kind, amount, fee }) => [kind, amount, fee]),
    [['received', 7n, 1n]],
  );
  await wallet.receive(await other.send(3n));
  await check('received', 'sent', 'swapped', 'minted');
  const key = Buffer.from(await other.keyForChannel('paid')).toString('hex');
  await wallet.send(5n, { lock: { kind: 'P2PK', data: key, tags: [] }, note: 'locked' });
  const [locked] = await check('sent', 'received', 'sent', 'swapped', 'minted');
  assert.deepEqual([locked?.amount, locked?.fee, locked?.note], [-5n, 1n, 'locked']);

  const restored = await open('restored');
  await restored.restore();
  assert.equal(await booked(restored), await heldBy(restored));
  await restored.send(1n);
  await restored.collect();
  await wallet.restore();
  assert.equal(await booked(wallet), await heldBy(wallet));
  assert.ok((await wallet.history({ limit: 9 })).some(({ kind }) => kind === 'lost'));
  assert.ok(!JSON.stringify(await wallet.history({ limit: 9 }), (_, v) => String(v)).includes('cashu'));
});

test('a restore settles what was half done, and finds nothing lost', async (t) => {
  const { mint, open, fill } = await openScene(t);
  const wallet = await open();
  await fill(wallet, 64n);
  mint.fault('/v1/swap', 'drop-answer');
  await assert.rejects(wallet.send(5n), { code: 'mint-unreachable' });
  await wallet.restore();
  assert.deepEqual(
    (await wallet.history({ limit: 9 })).map(({ kind }) => kind),
    ['minted'],
  );
  assert.equal(await booked(wallet), await heldBy(wallet));
});

function openBook() {
  const history = openHistory(openDatabase(':memory:', walletSchema));
  const add = (kind: 'minted' | 'sent', amount: bigint, at: number, note = '') =>
    history.add({ kind, unit: 'u', amount, fee: 0n, note }, at);
  const lines = () => history.page({ limit: 100 });
  return { history, add, lines };
}

test('mints of one hour are one line, what was sent is a line each', () => {
  const { add, lines } = openBook();
  add('minted', 1n, HOUR);
  add('minted', 2n, HOUR + 1);
  add('sent', -1n, HOUR + 2);
  add('sent', -1n, HOUR + 2);
  add('minted', 4n, 2 * HOUR - 1);
  add('minted', 8n, 2 * HOUR);
  assert.deepEqual(
    lines().map(({ kind, amount, at, operations }) => [kind, amount, at, operations]),
    [
      ['minted', 8n, 2 * HOUR, 1],
      ['sent', -1n, HOUR + 2, 1],
      ['sent', -1n, HOUR + 2, 1],
      ['minted', 7n, HOUR, 3],
    ],
  );
});

test('amounts that no 64-bit integer holds together stay on lines of their own', () => {
  const { add, lines } = openBook();
  add('minted', 1n << 62n, HOUR);
  add('minted', 1n << 62n, HOUR);
  assert.deepEqual(
    lines().map(({ amount }) => amount),
    [1n << 62n, 1n << 62n],
  );
});

test('pages follow each other, nothing that changed nothing is told, notes are cut', () => {
  const { history, add } = openBook();
  for (let i = 1; i <= 5; i++) add('sent', -BigInt(i), i, 'x'.repeat(300));
  add('sent', 0n, 6);
  const first = history.page({ limit: 3 });
  const second = history.page({ limit: 3, before: first.at(-1)?.id });
  assert.deepEqual(
    [...first, ...second].map(({ amount }) => amount),
    [-5n, -4n, -3n, -2n, -1n],
  );
  assert.equal(first[0]?.note.length, LONGEST_NOTE);
});
