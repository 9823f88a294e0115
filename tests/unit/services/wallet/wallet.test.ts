import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { getDecodedToken, hasValidDleq } from '@cashu/cashu-ts';
import { isHashpoolError } from '../../../../protocols/errors.ts';
import { openWallet } from '../../../../services/wallet/wallet.ts';
import { startFakeMint } from './fake-mint.ts';
import { MNEMONIC, OTHER, openScene } from './scene.ts';

const MINT_BATCH = '/v1/mint/ehash/batch';
const log = { info: () => undefined };

const code =
  (...codes: string[]) =>
  (error: unknown) =>
    isHashpoolError(error, ...codes);
const amounts = async (wallet: Awaited<ReturnType<typeof openWallet>>) => {
  const [balance] = await wallet.balance();
  return (
    balance && {
      amount: balance.amount,
      waiting: balance.waiting,
      reserved: balance.reserved,
      sent: balance.sent,
    }
  );
};

test('quotes of our keys become the fewest tokens of their sum', async (t) => {
  const { mint, open } = await openScene(t);
  const wallet = await open();
  const key = await wallet.keyForChannel('channel 1');
  assert.deepEqual(await wallet.keyForChannel('channel 1'), key);
  const second = await wallet.keyForChannel('channel 2');
  assert.notDeepEqual(second, key);
  for (let i = 0; i < 130; i++) mint.addQuote(i % 2 === 0 ? key : second, 8n);
  mint.addQuote(key, 1n << 55n, 'UNPAID');
  assert.deepEqual(await wallet.collect(), { minted: 1040n, waiting: 1n << 55n });
  assert.deepEqual(await amounts(wallet), { amount: 1040n, waiting: 1n << 55n, reserved: 0n, sent: 0n });
  const batches = mint.requests.filter(({ path }) => path === MINT_BATCH).map(({ body }) => body);
  assert.deepEqual(
    batches.map(({ quotes }) => (quotes as string[]).length),
    [100, 30],
  );
  assert.deepEqual(
    batches.map(({ outputs }) => (outputs as { amount: number }[]).map(({ amount }) => amount)),
    [
      [32, 256, 512],
      [16, 32, 64, 128],
    ],
  );
});

test('amounts beyond 2^53 are exact from quote to token', async (t) => {
  const { mint, open } = await openScene(t);
  const wallet = await open();
  const key = await wallet.keyForChannel('channel');
  mint.addQuote(key, 1n << 61n);
  mint.addQuote(key, 1n << 0n);
  assert.equal((await wallet.collect()).minted, (1n << 61n) + 1n);
  const token = await wallet.send((1n << 60n) + 1n);
  const receiver = await open('receiver', OTHER);
  assert.equal(await receiver.receive(token), (1n << 60n) + 1n);
  assert.equal((await amounts(wallet))?.amount, 1n << 60n);
});

test('a token is read and checked by a foreign wallet, and claimed once', async (t) => {
  const { mint, open } = await openScene(t);
  const wallet = await open();
  const receiver = await open('receiver', OTHER);
  mint.addQuote(await wallet.keyForChannel('channel'), 64n);
  await wallet.collect();
  const token = await wallet.send(21n);
  assert.match(token, /^cashuB/);
  const decoded = getDecodedToken(token, [mint.keysetId]);
  assert.equal(decoded.mint, mint.url);
  assert.equal(decoded.unit, mint.unit);
  assert.equal(
    decoded.proofs.reduce((sum, { amount }) => sum + amount.toBigInt(), 0n),
    21n,
  );
  const { keysets } = (await (await fetch(`${mint.url}/v1/keys/${mint.keysetId}`)).json()) as {
    keysets: { id: string; keys: Record<string, string> }[];
  };
  const [keyset] = keysets;
  assert.ok(keyset);
  for (const proof of decoded.proofs) assert.ok(hasValidDleq(proof, keyset));

  assert.deepEqual(await amounts(wallet), { amount: 43n, waiting: 0n, reserved: 0n, sent: 21n });
  assert.deepEqual(
    (await wallet.sent()).map(({ token, amount }) => ({ token, amount })),
    [{ token, amount: 21n }],
  );
  assert.equal(await receiver.receive(token), 21n);
  await assert.rejects(receiver.receive(token), code('token-refused'));
  assert.deepEqual(await amounts(receiver), { amount: 21n, waiting: 0n, reserved: 0n, sent: 0n });
  await wallet.collect();
  assert.deepEqual(await amounts(wallet), { amount: 43n, waiting: 0n, reserved: 0n, sent: 0n });
  assert.deepEqual(await wallet.sent(), []);
});

test('a token that nobody has claimed comes back by receive', async (t) => {
  const { mint, open } = await openScene(t);
  const wallet = await open();
  mint.addQuote(await wallet.keyForChannel('channel'), 32n);
  await wallet.collect();
  assert.equal(await wallet.receive(await wallet.send(32n)), 32n);
  assert.deepEqual(await amounts(wallet), { amount: 32n, waiting: 0n, reserved: 0n, sent: 0n });
});

test('bad requests and foreign tokens are refused in words', async (t) => {
  const { folder, mint, open } = await openScene(t);
  const wallet = await open();
  mint.addQuote(await wallet.keyForChannel('channel'), 8n);
  await wallet.collect();
  await assert.rejects(wallet.send(0n), code('bad-amount'));
  await assert.rejects(wallet.send(9n), code('not-enough'));
  await assert.rejects(wallet.receive('cashuBnonsense'), code('bad-token'));
  const elsewhere = await startFakeMint();
  t.after(() => elsewhere.close());
  const stranger = await openWallet({
    path: join(folder, 'stranger.sqlite'),
    mnemonic: OTHER,
    mintUrl: elsewhere.url,
    log,
  });
  t.after(() => stranger.close());
  await assert.rejects(stranger.receive(await wallet.send(8n)), code('wrong-mint'));
});

test('one poisoned quote does not keep the others, and is named', async (t) => {
  const { mint, open } = await openScene(t);
  const wallet = await open();
  const key = await wallet.keyForChannel('channel');
  const ids = Array.from({ length: 50 }, () => mint.addQuote(key, 2n));
  mint.poisoned.add(ids[17] ?? '');
  assert.deepEqual(await wallet.collect(), { minted: 98n, waiting: 2n });
  const { refusedQuotes } = await wallet.troubles();
  assert.deepEqual(
    refusedQuotes.map(({ id }) => id),
    [ids[17]],
  );
  assert.match(refusedQuotes[0]?.reason ?? '', /Quote is not known/);
  assert.deepEqual(await wallet.collect(), { minted: 0n, waiting: 2n });
});

test('one poisoned invoice does not hide that the others are paid', async (t) => {
  const { mint, open } = await openScene(t, { unit: 'sat' });
  const wallet = await open();
  for (let i = 0; i < 5; i++) await wallet.invoice(4n);
  for (const quote of mint.quotes.values()) quote.state = 'PAID';
  const [first = '', second = ''] = mint.quotes.keys();
  mint.poisoned.add(second);
  const unpaid = mint.quotes.get(first);
  assert.ok(unpaid);
  unpaid.state = 'UNPAID';
  assert.deepEqual(await wallet.collect(), { minted: 12n, waiting: 0n });
  assert.deepEqual(
    (await wallet.troubles()).refusedQuotes.map(({ id }) => id),
    [second],
  );
  unpaid.state = 'PAID';
  assert.deepEqual(await wallet.collect(), { minted: 4n, waiting: 0n });
});

test('a kind of quotes that the mint refuses, all of them, keeps no other from being minted', async (t) => {
  const { mint, open } = await openScene(t, { unit: 'sat' });
  const wallet = await open();
  const key = await wallet.keyForChannel('channel');
  for (let i = 0; i < 40; i++) mint.poisoned.add(mint.addQuote(key, 2n));
  for (const pass of [1n, 2n, 3n]) {
    await wallet.invoice(4n);
    const invoice = [...mint.quotes.values()].at(-1);
    if (invoice) invoice.state = 'PAID';
    await wallet.collect().catch((error) => assert.ok(code('mint-refuses')(error)));
    assert.deepEqual(await amounts(wallet), { amount: 4n * pass, waiting: 80n, reserved: 0n, sent: 0n });
  }
});

test("somebody's token whose proofs are in a payment keeps nothing from its turn, and is taken in when they are free", async (t) => {
  const { mint, open } = await openScene(t);
  const wallet = await open();
  const other = await open('other', OTHER);
  mint.addQuote(await other.keyForChannel('channel'), 16n);
  await other.collect();
  const token = await other.send(16n);
  await wallet.collect();
  mint.fault('/v1/swap', 'pending', 'pending');
  await assert.rejects(wallet.receive(token), /Proofs are pending/);
  mint.addQuote(await wallet.keyForChannel('channel'), 8n);
  assert.deepEqual(await wallet.collect(), { minted: 8n, waiting: 0n });
  assert.match((await wallet.troubles()).stuck[0]?.reason ?? '', /Proofs are pending/);
  await wallet.collect();
  assert.deepEqual(await amounts(wallet), { amount: 24n, waiting: 0n, reserved: 0n, sent: 0n });
  assert.deepEqual((await wallet.troubles()).stuck, []);
});

test('a mint that is asked too much is asked again when it says so', async (t) => {
  const { mint, open } = await openScene(t);
  const wallet = await open();
  mint.addQuote(await wallet.keyForChannel('channel'), 16n);
  mint.fault(MINT_BATCH, 'too-many');
  assert.deepEqual(await wallet.collect(), { minted: 16n, waiting: 0n });
  mint.fault('/v1/keysets', ...new Array<'too-many'>(9).fill('too-many'));
  await assert.rejects(wallet.collect(), /answered 429/);
});

test('a mint that refuses everything is left alone after ten refusals', async (t) => {
  const { mint, open } = await openScene(t);
  const wallet = await open();
  const key = await wallet.keyForChannel('channel');
  for (let i = 0; i < 40; i++) mint.poisoned.add(mint.addQuote(key, 2n));
  await assert.rejects(wallet.collect(), code('mint-refuses'));
  assert.equal(mint.requests.filter(({ path }) => path === MINT_BATCH).length, 10);
  assert.deepEqual(await wallet.collect(), { minted: 0n, waiting: 80n });
  assert.equal(mint.requests.filter(({ path }) => path === MINT_BATCH).length, 10);
});

for (const fault of ['drop-request', 'drop-answer', 'unavailable'] as const) {
  test(`minting goes on after ${fault}`, async (t) => {
    const { mint, open } = await openScene(t);
    const wallet = await open();
    mint.addQuote(await wallet.keyForChannel('channel'), 16n);
    mint.fault(MINT_BATCH, fault);
    await assert.rejects(wallet.collect(), code('mint-unreachable'));
    assert.deepEqual(await amounts(wallet), { amount: 0n, waiting: 16n, reserved: 0n, sent: 0n });
    await wallet.collect();
    assert.deepEqual(await amounts(wallet), { amount: 16n, waiting: 0n, reserved: 0n, sent: 0n });
  });

  test(`a swap goes on after ${fault}`, async (t) => {
    const { mint, open } = await openScene(t);
    const wallet = await open();
    mint.addQuote(await wallet.keyForChannel('channel'), 16n);
    await wallet.collect();
    mint.fault('/v1/swap', fault);
    await assert.rejects(wallet.send(5n), code('mint-unreachable'));
    assert.deepEqual(await amounts(wallet), { amount: 0n, waiting: 0n, reserved: 16n, sent: 0n });
    await wallet.send(5n);
    assert.deepEqual(await amounts(wallet), { amount: 11n, waiting: 0n, reserved: 0n, sent: 5n });
  });

  test(`receiving goes on after ${fault}`, async (t) => {
    const { mint, open } = await openScene(t);
    const wallet = await open();
    const receiver = await open('receiver', OTHER);
    mint.addQuote(await wallet.keyForChannel('channel'), 16n);
    await wallet.collect();
    const token = await wallet.send(16n);
    await receiver.collect();
    mint.fault('/v1/swap', fault);
    await assert.rejects(receiver.receive(token), code('mint-unreachable'));
    await receiver.collect();
    assert.equal((await amounts(receiver))?.amount, 16n);
  });
}

test('a signature by an unpublished key is never taken for a token, and asked for again', async (t) => {
  const { folder, mint, open } = await openScene(t);
  const wallet = await open();
  mint.addQuote(await wallet.keyForChannel('channel'), 16n);
  mint.fault(MINT_BATCH, 'forge-dleq');
  await assert.rejects(wallet.collect(), code('dleq-mismatch'));
  assert.deepEqual(await amounts(wallet), { amount: 0n, waiting: 16n, reserved: 0n, sent: 0n });
  assert.match((await wallet.troubles()).stuck[0]?.reason ?? '', /another key/);
  const db = new DatabaseSync(join(folder, 'wallet.sqlite'));
  db.exec('UPDATE operations SET since = since - 61000');
  db.close();
  await wallet.collect();
  assert.deepEqual(await amounts(wallet), { amount: 16n, waiting: 0n, reserved: 0n, sent: 0n });
  assert.deepEqual((await wallet.troubles()).stuck, []);
});

test('without its mint a wallet opens, gives keys, shows its balance and sends what it has in exact change', async (t) => {
  const { mint, open } = await openScene(t);
  const first = await open();
  mint.addQuote(await first.keyForChannel('channel'), 24n);
  await first.collect();
  await first.close();
  await mint.close();
  const wallet = await open();
  assert.equal((await wallet.keyForChannel('another')).length, 33);
  await assert.rejects(wallet.collect(), code('mint-unreachable'));
  assert.match(await wallet.send(8n), /^cashuB/);
  await assert.rejects(wallet.send(3n), code('mint-unreachable'));
  assert.deepEqual(await amounts(wallet), { amount: 16n, waiting: 0n, reserved: 0n, sent: 8n });
});

test('the seed alone brings everything back', async (t) => {
  const { mint, open } = await openScene(t);
  const lost = await open('lost');
  for (let i = 0; i < 60; i++) await lost.keyForChannel(`idle ${i}`);
  const key = await lost.keyForChannel('busy');
  mint.addQuote(key, 100n);
  await lost.collect();
  const given = await lost.send(30n);
  mint.addQuote(key, 7n);
  const other = await open('other', OTHER);
  await other.receive(given);

  const found = await open('found');
  const restored = await found.restore();
  assert.equal(restored.amount, 70n);
  assert.equal(restored.keys, 1);
  assert.deepEqual(await amounts(found), { amount: 70n, waiting: 7n, reserved: 0n, sent: 0n });
  assert.deepEqual(await found.collect(), { minted: 7n, waiting: 0n });
  assert.notDeepEqual(await found.keyForChannel('next'), key);
  assert.equal(mint.repeatedOutputs(), 0);
});

test('a new database of an old seed restores itself before it uses a counter', async (t) => {
  const { mint, open } = await openScene(t);
  const lost = await open('lost');
  mint.addQuote(await lost.keyForChannel('channel'), 9n);
  await lost.collect();
  const fresh = await open('fresh');
  mint.addQuote(await fresh.keyForChannel('channel'), 2n);
  assert.deepEqual(await fresh.collect(), { minted: 2n, waiting: 0n });
  assert.equal((await amounts(fresh))?.amount, 11n);
  assert.equal(mint.repeatedOutputs(), 0);
});

for (const amount of [6n, 5n]) {
  test(`a database set back to an older copy restores itself, and loses nothing (6 minted since, now ${amount})`, async (t) => {
    const { folder, mint, open } = await openScene(t);
    const before = await open('before');
    const key = await before.keyForChannel('channel');
    mint.addQuote(key, 9n);
    await before.collect();
    await before.close();
    copyFileSync(join(folder, 'before.sqlite'), join(folder, 'copy.sqlite'));
    const since = await open('before');
    mint.addQuote(key, 6n);
    await since.collect();
    const copy = await open('copy');
    mint.addQuote(key, amount);
    await assert.rejects(copy.collect(), code('wallet-outdated'));
    await copy.collect();
    assert.deepEqual(await amounts(copy), { amount: 15n + amount, waiting: 0n, reserved: 0n, sent: 0n });
    const other = await open('other', OTHER);
    assert.equal(await other.receive(await copy.send(15n + amount)), 15n + amount);
  });
}

test('keys that their id does not commit to are refused', async (t) => {
  const { mint, open } = await openScene(t);
  const wallet = await open();
  mint.tamperWithKeys();
  await assert.rejects(wallet.collect(), code('bad-keyset'));
});

test('closing ends a long pass between two batches, and the next one goes on', async (t) => {
  const { mint, open } = await openScene(t);
  const wallet = await open();
  const key = await wallet.keyForChannel('channel');
  mint.maxBatch(1);
  for (let i = 0; i < 50; i++) mint.addQuote(key, 1n);
  const pass = wallet.collect();
  while (!mint.requests.some(({ path }) => path === MINT_BATCH)) await setTimeout(5);
  await wallet.close();
  const { minted } = await pass;
  assert.ok(minted > 0n && minted < 50n);
  const again = await open();
  await again.collect();
  assert.equal((await amounts(again))?.amount, 50n);
});

test('a wallet is held to its mint, by its key and not by its address', async (t) => {
  const { mint, open } = await openScene(t);
  const wallet = await open();
  mint.addQuote(await wallet.keyForChannel('channel'), 8n);
  await wallet.collect();
  mint.become('03'.padEnd(66, '2'));
  mint.addQuote(await wallet.keyForChannel('channel'), 4n);
  const isOther = { code: 'wrong-mint', message: /has the key 032222/ };
  await assert.rejects(wallet.collect(), isOther);
  await assert.rejects(wallet.restore(), isOther);
  assert.match(await wallet.send(8n), /^cashuB/);
  mint.become('02'.padEnd(66, '1'));
  assert.equal((await wallet.collect()).minted, 4n);
});

test('another mnemonic does not open the database, and a mistyped one is not repeated', async (t) => {
  const { open } = await openScene(t);
  await (await open()).keyForChannel('channel');
  await assert.rejects(open('wallet', OTHER), code('wallet-seed-mismatch'));
  await assert.rejects(open('new', MNEMONIC.replace('winner', 'loser')), (error: unknown) => {
    return isHashpoolError(error, 'bad-mnemonic') && !error.message.includes('loser');
  });
});
