import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeBackup } from '../../commands/backups/make-backup.ts';
import { restoreBackup } from '../../commands/backups/restore-backup.ts';
import { auditMint } from '../../roles/mint/books.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { moveTablesAside } from '../../runtime/sql/backup.ts';
import { ABSENT_NODE, journaledPayments } from '../harness/journaled-mint.ts';
import { startMint } from '../harness/mint.ts';
import { useStore } from '../harness/new-place.ts';
import { bare, SatWallet } from '../harness/sat-wallet.ts';
import { temporaryFolder } from '../harness/temporary-folder.ts';

useStore('postgres');

test('two processes of a mint note what they do in one journal, and it is all there', async (t) => {
  const folder = temporaryFolder();
  const journal = join(folder, 'journal');
  const payments = journaledPayments(journal);
  const mint = await startMint(t, ABSENT_NODE, { payments });
  const beside = await startMint(t, ABSENT_NODE, { payments, beside: mint });
  const { curve } = await loadCrypto();
  const wallets = [new SatWallet(mint.url, curve), new SatWallet(beside.url, curve)] as const;
  for (const wallet of wallets) await wallet.load();
  const places = { mint: mint.databasePath };
  const now = new Date();
  const [to, notes] = [join(folder, 'backups'), join(folder, 'notes')];
  const { file } = await makeBackup({ places, to, notes, keep: 1, recipient: undefined, journal, now });

  const minted = await Promise.all(
    Array.from({ length: 20 }, (_, i) => (wallets[i % 2] ?? wallets[0]).mint(4)),
  );
  const swaps = minted.slice(0, 8).map((inputs, i) => {
    const wallet = wallets[(i + 1) % 2] ?? wallets[0];
    return wallet.post('/v1/swap', { inputs, outputs: bare(wallet.outputs(4)) });
  });
  assert.ok((await Promise.all(swaps)).every(({ status }) => status === 200));
  await Promise.all([mint.end('SIGKILL'), beside.end('SIGKILL')]);
  const books = auditMint(mint.databasePath);
  moveTablesAside(mint.databasePath, 1);

  const options = { file, places, journal, force: false, identity: undefined, work: notes, now };
  const { mint: found } = await restoreBackup(options);
  assert.equal(found?.frozen, undefined);
  assert.deepEqual(auditMint(mint.databasePath), books);
  await Promise.all([mint.start(), beside.start()]);
  const states = await Promise.all(minted.map((proofs, i) => (wallets[i % 2] ?? wallets[0]).states(proofs)));
  assert.deepEqual(
    states.map(([state]) => state),
    minted.map((_, i) => (i < 8 ? 'SPENT' : 'UNSPENT')),
  );
});
