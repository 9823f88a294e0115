import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { Wallet as CashuWallet, CheckStateEnum, getDecodedToken } from '@cashu/cashu-ts';
import { auditMint } from '../../roles/mint/books.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { openSeed } from '../../services/wallet/seed.ts';
import type { Wallet } from '../../services/wallet/wallet.ts';
import { type Moment, startMint } from './wallet/mint-behind-proxy.ts';
import { MNEMONIC, OTHER, walletsAt } from './wallet/wallets.ts';

const { curve } = await loadCrypto();
const MINT_BATCH = '/v1/mint/ehash/batch';
const SWAP = '/v1/swap';
/** NUT-00's error code for a quote whose tokens were issued. */
const ISSUED = 20002;

async function setUp(t: TestContext) {
  const proxied = await startMint(t);
  return { ...proxied, ...walletsAt(t, proxied.url) };
}

async function sums(wallet: Wallet) {
  const [balance] = await wallet.balance();
  const { amount = 0n, waiting = 0n, reserved = 0n, sent = 0n } = balance ?? {};
  return { amount, waiting, reserved, sent };
}

/** Every counter that a database says was used, once for each use. */
function countersOf(path: string): string[] {
  const db = new DatabaseSync(path, { readOnly: true });
  const rows = db
    .prepare('SELECT keyset_id, first_counter, amounts FROM operations WHERE amounts != ?')
    .all('[]');
  db.close();
  return rows.flatMap((row) => {
    const count = (JSON.parse(String(row['amounts'])) as unknown[]).length;
    return Array.from({ length: count }, (_, i) => `${row['keyset_id']} ${Number(row['first_counter']) + i}`);
  });
}

test('ehash goes from quote to wallet to wallet, and cashu-ts reads it as a foreign wallet', async (t) => {
  const { mint, url, open } = await setUp(t);
  const wallet = await open();
  const key = await wallet.keyForChannel('channel');
  await mint.addQuotes(
    key,
    Array.from({ length: 120 }, (_, i) => i % 7),
  );
  const total = Array.from({ length: 120 }, (_, i) => 1n << BigInt(i % 7)).reduce((a, b) => a + b);
  assert.deepEqual(await wallet.collect(), { minted: total, waiting: 0n });
  const token = await wallet.send(1000n);

  const foreign = new CashuWallet(url, { unit: mint.unit });
  await foreign.loadMint();
  const decoded = getDecodedToken(token, [mint.keysetId]);
  assert.equal(
    decoded.proofs.reduce((sum, { amount }) => sum + amount.toBigInt(), 0n),
    1000n,
  );
  const states = await foreign.checkProofsStates(decoded.proofs);
  assert.ok(states.every(({ state }) => state === CheckStateEnum.UNSPENT));
  const taken = await foreign.receive(token, { requireDleq: true });
  const back = await foreign.send(300n, taken);

  const second = await open('second', OTHER);
  const { getEncodedToken } = await import('@cashu/cashu-ts');
  assert.equal(
    await second.receive(getEncodedToken({ mint: url, unit: mint.unit, proofs: back.send })),
    300n,
  );
  await assert.rejects(second.receive(token), { code: 'token-refused' });
  assert.deepEqual(await sums(second), { amount: 300n, waiting: 0n, reserved: 0n, sent: 0n });
  assert.deepEqual(await sums(wallet), { amount: total - 1000n, waiting: 0n, reserved: 0n, sent: 1000n });
  const books = auditMint(mint.path);
  assert.equal(books.issued.sum, total);
  assert.equal(books.outstanding, total);
});

test('a quote that was minted elsewhere since it was seen keeps none of its batch from being minted', async (t) => {
  const { mint, refusals, trap, open } = await setUp(t);
  const wallet = await open();
  const { secretKey } = openSeed(MNEMONIC, curve).lockKey(0);
  const quotes = await mint.addQuotes(await wallet.keyForChannel('channel'), [0, 1, 2, 3, 4, 5]);
  const poisoned = quotes[3] ?? '';
  trap('request', MINT_BATCH, async (): Promise<'pass'> => {
    const output = mint.blind(3);
    const signatures = [mint.sign(poisoned, [output], secretKey)];
    await mint.engine.mint({ quotes: [poisoned], outputs: [output], signatures });
    return 'pass';
  });
  assert.deepEqual(await wallet.collect(), { minted: 63n - 8n, waiting: 0n });
  assert.deepEqual(refusals, [ISSUED], 'the mint is asked how they stand, and no more is refused');
  assert.deepEqual((await wallet.troubles()).refusedQuotes, []);
});

test('two processes that mint, send and receive at once use no counter and no proof twice', async (t) => {
  const { mint, refusals, pathOf, open, run } = await setUp(t);
  const wallet = await open();
  const key = await wallet.keyForChannel('channel');
  await mint.addQuotes(key, new Array(300).fill(2));
  await wallet.collect();
  const before = (await sums(wallet)).amount;
  assert.equal(before, 1200n);

  const processes = ['collect', 'send', 'collect', 'send'].map((action) =>
    run(action, { argument: '7', repeat: 5 }),
  );
  for (let i = 0; i < 10; i++) {
    await mint.addQuotes(key, new Array(40).fill(1));
    await wallet.collect();
  }
  for (const { ended } of processes)
    assert.deepEqual({ ...(await ended), out: '' }, { code: 0, out: '', err: '' });
  await wallet.collect();
  assert.deepEqual(await sums(wallet), { amount: 1200n + 800n - 70n, waiting: 0n, reserved: 0n, sent: 70n });
  const counters = countersOf(pathOf('wallet'));
  assert.equal(new Set(counters).size, counters.length);
  assert.deepEqual(refusals, []);
  assert.deepEqual((await wallet.troubles()).refusedQuotes, []);
});

/** Requests of a first collect at which its process is killed, one after the other. */
const collectingPaths: Record<Moment, readonly string[]> = {
  request: ['/v1/mint/quote/ehash/pubkey', '/v1/restore', MINT_BATCH],
  answer: ['/v1/restore', '/v1/checkstate', MINT_BATCH],
};

for (const moment of ['request', 'answer'] as const satisfies Moment[]) {
  for (const path of collectingPaths[moment]) {
    test(`collecting survives kill -9 at the ${moment} of ${path}`, async (t) => {
      const { mint, trap, pathOf, open, run } = await setUp(t);
      // Tokens from before make the new database's own restore ask for their states.
      const earlier = await open('earlier');
      const key = await earlier.keyForChannel('channel');
      await mint.addQuotes(key, [0, 1, 2]);
      await earlier.collect();
      await mint.addQuotes(key, [3, 4, 5]);
      const { child, ended } = run('collect');
      trap(moment, path, () => {
        child.kill('SIGKILL');
        return 'drop';
      });
      assert.equal((await ended).code, null);
      const wallet = await open();
      await wallet.collect();
      assert.deepEqual(await sums(wallet), { amount: 63n, waiting: 0n, reserved: 0n, sent: 0n });
      assert.equal(auditMint(mint.path).issued.sum, 63n);
      const counters = countersOf(pathOf('wallet'));
      assert.equal(new Set(counters).size, counters.length);
    });
  }

  test(`sending survives kill -9 at the ${moment} of its swap`, async (t) => {
    const { mint, trap, open, run } = await setUp(t);
    const wallet = await open();
    await mint.addQuotes(await wallet.keyForChannel('channel'), [5, 6]);
    await wallet.collect();
    const { child, ended } = run('send', { argument: '7' });
    trap(moment, SWAP, () => {
      child.kill('SIGKILL');
      return 'drop';
    });
    assert.equal((await ended).code, null);
    assert.deepEqual(await sums(wallet), { amount: 64n, waiting: 0n, reserved: 32n, sent: 0n });
    await wallet.collect();
    assert.deepEqual(await sums(wallet), { amount: 96n, waiting: 0n, reserved: 0n, sent: 0n });
    await wallet.send(7n);
    assert.deepEqual(await sums(wallet), { amount: 89n, waiting: 0n, reserved: 0n, sent: 7n });
  });

  test(`receiving survives kill -9 at the ${moment} of its swap`, async (t) => {
    const { mint, trap, open, run } = await setUp(t);
    const wallet = await open();
    await mint.addQuotes(await wallet.keyForChannel('channel'), [5]);
    await wallet.collect();
    const token = await wallet.send(32n);
    const { child, ended } = run('receive', { name: 'second', mnemonic: OTHER, argument: token });
    trap(moment, SWAP, () => {
      child.kill('SIGKILL');
      return 'drop';
    });
    assert.equal((await ended).code, null);
    const second = await open('second', OTHER);
    await second.collect();
    assert.deepEqual(await sums(second), { amount: 32n, waiting: 0n, reserved: 0n, sent: 0n });
  });
}

test('a token that was written but never shown is on the list of sent ones', async (t) => {
  const { mint, open, run } = await setUp(t);
  const wallet = await open();
  await mint.addQuotes(await wallet.keyForChannel('channel'), [5]);
  await wallet.collect();
  const { out } = await run('send', { argument: '32' }).ended;
  const [sent] = await wallet.sent();
  assert.equal(sent?.token, out);
  assert.equal(await wallet.receive(out), 32n);
  assert.deepEqual(await sums(wallet), { amount: 32n, waiting: 0n, reserved: 0n, sent: 0n });
});

test('the seed alone finds tokens, keys and quotes in an empty database', async (t) => {
  const { mint, refusals, open } = await setUp(t);
  const lost = await open('lost');
  for (let i = 0; i < 150; i++) await lost.keyForChannel(`never used ${i}`);
  const key = await lost.keyForChannel('busy');
  await mint.addQuotes(key, new Array(250).fill(3));
  await lost.collect();
  const token = await lost.send(77n);
  await mint.addQuotes(key, [10]);
  const second = await open('second', OTHER);
  await second.receive(token);

  const found = await open('found');
  const restored = await found.restore();
  assert.deepEqual({ keys: restored.keys, amount: restored.amount }, { keys: 1, amount: 2000n - 77n });
  assert.deepEqual(await found.collect(), { minted: 1024n, waiting: 0n });
  assert.deepEqual(await sums(found), { amount: 3024n - 77n, waiting: 0n, reserved: 0n, sent: 0n });
  assert.deepEqual(refusals, []);

  // The lost database comes back: what the other has spent since is found out, and nothing is counted twice.
  await found.send(1n);
  await found.collect();
  await lost.restore();
  assert.equal((await sums(lost)).amount, (await sums(found)).amount + 1n);
});

test('a mint that is down costs an error and nothing else', async (t) => {
  const { mint, trap, open } = await setUp(t);
  const wallet = await open();
  await mint.addQuotes(await wallet.keyForChannel('channel'), [4]);
  for (const path of ['/v1/keysets', '/v1/mint/quote/ehash/pubkey', MINT_BATCH]) {
    trap('request', path, () => 'drop');
    await assert.rejects(wallet.collect(), { code: 'mint-unreachable' });
  }
  assert.deepEqual(await wallet.collect(), { minted: 16n, waiting: 0n });
});
