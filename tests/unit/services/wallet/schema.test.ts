import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDatabase } from '../../../../runtime/sql/database.ts';
import { openBooks } from '../../../../services/wallet/balance.ts';
import { openHistory } from '../../../../services/wallet/history.ts';
import { openJournal } from '../../../../services/wallet/journal.ts';
import { openKeysets } from '../../../../services/wallet/keysets.ts';
import { openProofs } from '../../../../services/wallet/proofs.ts';
import { openQuotes } from '../../../../services/wallet/quotes.ts';
import { walletSchema } from '../../../../services/wallet/schema.ts';

test('a wallet of version 1 keeps its balance, its sent tokens and what is under way', (t) => {
  const path = join(tmpdir(), `wallet-schema-${process.pid}.sqlite`);
  t.after(() => {
    for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true });
  });
  const before = openDatabase(path, { ...walletSchema, migrations: walletSchema.migrations.slice(0, 1) });
  before.exec(`
    INSERT INTO keysets (id, unit, active, input_fee_ppk, keys) VALUES ('01aa', 'u', 1, 0, '{}');
    INSERT INTO lock_keys (key_index, public_key, news_at) VALUES (0, '02', 0);
    INSERT INTO operations (id, kind, state, keyset_id, first_counter, amounts, foreign_inputs, token, unit, pid, since)
    VALUES (1, 'mint', 'pending', '01aa', 0, '["4611686018427387904"]', NULL, NULL, 'u', 0, 0),
           (2, 'receive', 'pending', '01aa', 3, '["2"]', '[["s","01aa","2","03"]]', NULL, 'u', 0, 0),
           (3, 'send', 'done', NULL, NULL, '[]', NULL, 'cashuBx', 'u', 0, 5),
           (4, 'swap', 'pending', '01aa', 4, '["8"]', NULL, NULL, 'u', 0, 0);
    INSERT INTO quotes (id, key_index, unit, amount, state, seen_at, operation)
    VALUES ('q', 0, 'u', 4611686018427387904, 'PAID', 0, 1);
    INSERT INTO proofs (secret, keyset_id, amount, c, dleq_e, dleq_s, dleq_r, state, operation, since)
    VALUES ('a', '01aa', 1, '', '', '', '', 'unspent', NULL, 0),
           ('b', '01aa', 4, '', '', '', '', 'reserved', 3, 0),
           ('c', '01aa', 8, '', '', '', '', 'reserved', 4, 0);
  `);
  before.close();

  const db = openDatabase(path, walletSchema);
  const history = openHistory(db);
  const stores = { keysets: openKeysets(db), proofs: openProofs(db), quotes: openQuotes(db), history };
  const books = openBooks(db, stores.proofs, stores.quotes);
  assert.deepEqual(books.balance(), [{ unit: 'u', amount: 1n, waiting: 1n << 62n, reserved: 8n, sent: 4n }]);
  assert.deepEqual(books.sent(), [{ token: 'cashuBx', unit: 'u', amount: 4n, at: 5 }]);
  assert.deepEqual(
    history.page({ limit: 9 }).map(({ kind, amount }) => [kind, amount]),
    [['opening', 9n]],
  );
  const [mint, receive, swap] = openJournal(db, stores, () => 1).takeOver();
  assert.deepEqual(
    [mint, receive, swap].map((operation) => [operation?.id, operation?.kind, operation?.fee]),
    [
      [1, 'mint', 0n],
      [2, 'receive', 0n],
      [4, 'swap', 0n],
    ],
  );
  assert.deepEqual(stores.quotes.claimedBy(1)[0]?.id, 'q');
  assert.deepEqual(receive?.foreignInputs, [{ secret: 's', keysetId: '01aa', amount: 2n, c: '03' }]);
  assert.deepEqual(stores.proofs.reservedBy(4)[0]?.secret, 'c');
  db.close();
});
