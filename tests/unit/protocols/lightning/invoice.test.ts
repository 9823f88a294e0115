import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { fromHex, toHex } from '../../../../protocols/bytes.ts';
import { decodeInvoice, encodeInvoice, type NewInvoice } from '../../../../protocols/lightning/invoice.ts';
import { loadCrypto } from '../../../../runtime/crypto.ts';
import vectors from './vectors/bolt11.json' with { type: 'json' };

const { curve } = await loadCrypto();
const secretKey = fromHex('e126f68f7eafcc8b74f54d269fe206be715000f94dac067d1c04a8ca3b2db734');
const payee = '03e7156ae33b0a208d0744199163177e909e80176e55d97a2f221ede0f934dd9ad';
const paymentHash = '0001020304050607080900010203040506070809000102030405060708090102';

test('BOLT 11: the examples are read, and their signatures fit the key of the page', () => {
  const read = vectors.valid.map(({ invoice }) => decodeInvoice(curve, invoice));
  const ofPage = read.filter((invoice) => toHex(invoice.payee) === payee);
  assert.equal(read.length, 15);
  assert.equal(ofPage.length, 14, 'all but the one with a high s, whose key another one is');
  assert.ok(read.every((invoice) => toHex(invoice.paymentSecret) === '11'.repeat(32)));
  assert.ok(read.every(({ description }) => typeof description === 'string' || description.length === 32));
  const [donation, coffee, , list, testnet] = read;
  assert.ok(donation && coffee && list && testnet);
  assert.equal(toHex(donation.paymentHash), paymentHash);
  assert.deepEqual(
    [donation.amountMsat, donation.createdAt, donation.expiresAt, donation.description],
    [undefined, 1496314658, 1496314658 + 3600, 'Please consider supporting this project'],
  );
  assert.deepEqual([coffee.amountMsat, coffee.expiresAt - coffee.createdAt], [250_000_000n, 60]);
  assert.deepEqual([list.network, testnet.network], ['mainnet', 'testnet4']);
  assert.equal(read.find(({ amountMsat }) => amountMsat === 967_878_534n)?.createdAt, 1572468703);
});

for (const { name, invoice } of vectors.invalid) {
  test(`BOLT 11: refused: ${name}`, () => {
    assert.throws(() => decodeInvoice(curve, invoice), { code: 'bad-invoice' });
  });
}

const anyInvoice: fc.Arbitrary<NewInvoice> = fc
  .record({
    network: fc.constantFrom('mainnet', 'testnet4', 'signet', 'regtest'),
    amountMsat: fc.option(fc.bigInt({ min: 1n, max: 2_100_000_000_000_000_000n }), { nil: undefined }),
    createdAt: fc.integer({ min: 1, max: 2 ** 35 - 1 }),
    lifetime: fc.integer({ min: 1, max: 10 ** 9 }),
    paymentHash: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    paymentSecret: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    description: fc.string({ unit: 'grapheme', maxLength: 60 }),
  })
  .map(({ lifetime, ...invoice }) => ({ ...invoice, expiresAt: invoice.createdAt + lifetime }));

test('what is written is read again, whoever signs, and one changed letter is noticed', () => {
  fc.assert(
    fc.property(anyInvoice, fc.nat(), (invoice, place) => {
      const key = randomBytes(32);
      const text = encodeInvoice(curve, invoice, key, randomBytes(32));
      assert.deepEqual(decodeInvoice(curve, text), {
        ...invoice,
        payee: curve.publicKey(key),
      });
      const at = place % text.length;
      const changed = `${text.slice(0, at)}${text[at] === 'q' ? 'p' : 'q'}${text.slice(at + 1)}`;
      assert.throws(() => decodeInvoice(curve, changed), { code: 'bad-invoice' });
    }),
    { numRuns: 60 },
  );
});

test('amounts take the shortest form', () => {
  const text = (amountMsat: bigint) =>
    encodeInvoice(
      curve,
      {
        network: 'regtest',
        amountMsat,
        createdAt: 1_700_000_000,
        expiresAt: 1_700_000_060,
        paymentHash: fromHex(paymentHash),
        paymentSecret: randomBytes(32),
        description: '',
      },
      secretKey,
      randomBytes(32),
    );
  const cases: [bigint, string][] = [
    [1n, 'lnbcrt10p1'],
    [1_337_000n, 'lnbcrt13370n1'],
    [100_000n, 'lnbcrt1u1'],
    [2_000_000_000n, 'lnbcrt20m1'],
    [300_000_000_000n, 'lnbcrt31'],
  ];
  for (const [amount, start] of cases) assert.ok(text(amount).startsWith(start), text(amount));
});
