import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openDatabase } from '../../../../runtime/sql/database.ts';
import { openBooks } from '../../../../services/wallet/balance.ts';
import { openHistory } from '../../../../services/wallet/history.ts';
import { openJournal } from '../../../../services/wallet/journal.ts';
import { openKeysets } from '../../../../services/wallet/keysets.ts';
import { openProofs, type Proof } from '../../../../services/wallet/proofs.ts';
import { openQuotes } from '../../../../services/wallet/quotes.ts';
import { walletSchema } from '../../../../services/wallet/schema.ts';

const DAY = 24 * 3_600_000;

function open() {
  const db = openDatabase(':memory:', walletSchema);
  db.exec(`INSERT INTO keysets (id, unit, active, input_fee_ppk, keys) VALUES ('01aa', 'u', 1, 0, '{}')`);
  db.exec(`INSERT INTO lock_keys (key_index, public_key, news_at) VALUES (0, '02', 0)`);
  const stores = {
    keysets: openKeysets(db),
    proofs: openProofs(db),
    quotes: openQuotes(db),
    history: openHistory(db),
  };
  let now = Date.now();
  const journal = openJournal(db, stores, () => now);
  const keyset = stores.keysets.get('01aa');
  return {
    ...stores,
    journal,
    keyset,
    books: openBooks(db, stores.proofs, stores.quotes),
    rows: () => Number(db.prepare('SELECT count(*) AS n FROM operations').get()?.['n']),
    pass: (ms: number) => {
      now += ms;
    },
    now: () => now,
    mint: (...ids: string[]) =>
      journal.begin({
        kind: 'mint',
        keyset,
        claim: (id) => {
          const amounts = stores.quotes.claim(ids, id).map(({ amount }) => amount);
          return amounts.length > 0 ? { amounts, fee: 0n } : undefined;
        },
      }),
  };
}

const proof = (secret: string, amount: bigint): Proof => {
  return { secret, keysetId: '01aa', amount, c: '02', dleq: { e: '', s: '', r: '' } };
};
const quote = (id: string, amount: bigint) => ({
  id,
  method: 'ehash' as const,
  keyIndex: 0,
  unit: 'u',
  amount,
  state: 'PAID' as const,
});

test('a quote is claimed by one operation only, and counters never overlap', () => {
  const { quotes, mint, now } = open();
  quotes.note([quote('a', 1n), quote('b', 2n), quote('c', 4n)], now());
  const first = mint('a', 'b');
  const second = mint('b', 'c');
  assert.deepEqual([first?.amounts, first?.firstCounter], [[1n, 2n], 0]);
  assert.deepEqual([second?.amounts, second?.firstCounter], [[4n], 2]);
  assert.equal(mint('a', 'b', 'c'), undefined);
});

test('a quote that the mint has moved to another epoch is minted there, at once, also where it was refused before', () => {
  const { quotes, journal, mint, now } = open();
  quotes.note([quote('a', 1n)], now());
  const refused = mint('a');
  assert.ok(refused);
  const moved = { ...quote('a', 1n), unit: 'later' };
  assert.deepEqual(
    quotes.note([moved], now()),
    [],
    'while an operation has it, it stays in the unit of that',
  );
  journal.refuse(refused, 'Inputs and outputs not of same unit');
  quotes.refused('a', 'Inputs and outputs not of same unit', now());
  assert.deepEqual(quotes.mintableKinds(now()), []);

  assert.deepEqual(quotes.note([moved], now()), [moved]);
  assert.deepEqual(quotes.note([moved], now()), []);
  assert.deepEqual(quotes.mintableKinds(now()), [{ method: 'ehash', unit: 'later' }]);
  assert.deepEqual(quotes.mintable({ method: 'ehash', unit: 'later' }, 10, now()), ['a']);
  assert.deepEqual(quotes.refusals(), []);
});

test('a refused operation gives its quotes and counters back, once, unless others were taken since', () => {
  const { quotes, journal, mint, now } = open();
  quotes.note([quote('a', 1n), quote('b', 2n)], now());
  const refused = mint('a');
  assert.ok(refused);
  journal.refuse(refused, 'no');
  const again = mint('a');
  assert.ok(again);
  assert.equal(again.firstCounter, 0);
  const other = mint('b');
  assert.equal(other?.firstCounter, 1);
  journal.refuse(again, 'no');
  assert.equal(mint('a')?.firstCounter, 2);
  journal.refuse(refused, 'no');
  quotes.note([quote('c', 4n)], now());
  assert.equal(mint('c')?.firstCounter, 3);
});

test('counters that were signed for something else are never given back', () => {
  const { quotes, journal, mint, now } = open();
  quotes.note([quote('a', 1n)], now());
  const outdated = mint('a');
  assert.ok(outdated);
  journal.outdated(outdated, 'signed before');
  assert.equal(mint('a')?.firstCounter, 1);
});

test('completing twice, or after a refusal that was too early, adds the proofs once', () => {
  const { quotes, books, journal, mint, now } = open();
  quotes.note([quote('a', 8n)], now());
  const operation = mint('a');
  assert.ok(operation);
  journal.complete(operation, { own: [proof('s', 8n)] });
  journal.complete(operation, { own: [proof('s', 8n)] });
  assert.deepEqual(books.balance(), [{ unit: 'u', amount: 8n, waiting: 0n, reserved: 0n, sent: 0n }]);
  quotes.note([quote('b', 4n)], now());
  const early = mint('b');
  assert.ok(early);
  journal.refuse(early, 'unpaid');
  journal.complete(early, { own: [proof('t', 4n)] });
  assert.equal(books.balance()[0]?.amount, 12n);
});

test('a look-up that was under way while a quote was minted does not bring it back', () => {
  const { quotes, journal, mint, now } = open();
  quotes.note([quote('a', 8n)], now());
  const operation = mint('a');
  assert.ok(operation);
  journal.complete(operation, { own: [proof('s', 8n)] });
  assert.deepEqual(quotes.note([quote('a', 8n)], now()), []);
  assert.deepEqual(quotes.mintableKinds(now()), []);
  assert.deepEqual(quotes.sums(), []);
});

test('quotes that a look-up does not find any more are forgotten, claimed ones are not', () => {
  const { quotes, mint, now, pass } = open();
  quotes.note([quote('a', 1n), quote('b', 2n)], now());
  mint('b');
  pass(1);
  quotes.dropUnseen([0], now());
  assert.deepEqual(quotes.sums(), [{ unit: 'u', method: 'ehash', state: 'PAID', amount: 2n }]);
});

test('an operation is taken over when it was let go, or held too long', () => {
  const { quotes, journal, mint, now, pass } = open();
  quotes.note([quote('a', 1n)], now());
  const operation = mint('a');
  assert.ok(operation);
  assert.deepEqual(journal.takeOver(), []);
  journal.letGo(operation);
  assert.deepEqual(journal.takeOver(), [operation]);
  assert.deepEqual(journal.takeOver(), []);
  pass(60_001);
  assert.deepEqual(journal.takeOver(), [operation]);
});

test('what a token was swapped for is known after a restart, as are its inputs', () => {
  const { journal, keyset } = open();
  const foreignInputs = [{ secret: 'x', keysetId: '01aa', amount: 1n << 60n, c: '03' }];
  const operation = journal.begin({
    kind: 'receive',
    keyset,
    foreignInputs,
    claim: () => ({ amounts: [1n << 60n], fee: 0n }),
  });
  assert.ok(operation);
  journal.letGo(operation);
  assert.deepEqual(journal.takeOver(), [operation]);
});

test('what is over is forgotten in the end, what is not never', () => {
  const { quotes, proofs, journal, mint, rows, now, pass } = open();
  quotes.note([quote('a', 1n), quote('b', 2n)], now());
  const done = mint('a');
  assert.ok(done && mint('b'));
  journal.complete(done, { own: [proof('s', 1n)] });
  pass(8 * DAY);
  proofs.forgetSpentBefore(now());
  journal.forgetEndedBefore(now());
  assert.equal(rows(), 1);
  assert.equal(proofs.unspent('u').length, 1);
});
