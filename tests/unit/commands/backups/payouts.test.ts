import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeBackup } from '../../../../commands/backups/make-backup.ts';
import { restoreBackup } from '../../../../commands/backups/restore-backup.ts';
import type { PayoutOperations } from '../../../../roles/mint/payments/bitcoind/payout-store.ts';
import { openStore } from '../../../../runtime/sql/store.ts';
import { temporaryFolder } from '../../../harness/temporary-folder.ts';

const module = new URL('../../../../roles/mint/payments/bitcoind/payout-store.ts', import.meta.url);

const open = (path: string) => openStore<PayoutOperations>({ module, path, name: 'payouts' });

test('a payout that waits in a copy is made only if the mint asks for it again', async () => {
  const folder = temporaryFolder();
  const payouts = join(folder, 'payouts.sqlite');
  const store = await open(payouts);
  for (const key of ['made', 'lost its coins', 'given up', 'waits']) {
    const rest = { amount: 1_000n, reserve: 500n, rate: 1_000n, blocks: 2, addedAt: 1 };
    await store.call('addPayout', { key, address: `to ${key}`, script: new Uint8Array(22), ...rest });
  }
  const [made, dead, failed] = await store.call('waitingPayouts', 10);
  assert.ok(made && dead && failed);
  for (const payout of [dead, made]) {
    const built = {
      txid: payout.key,
      hex: 'hex',
      rate: 1n,
      fee: 1n,
      inputs: [`${payout.key}:0`],
      places: [0],
    };
    await store.call('addSending', { payouts: [payout], blocks: 2, height: 100, built });
  }
  const sending = (await store.call('openSendings', { after: 0, limit: 10 })).find(
    ({ payouts }) => payouts[0]?.key === dead.key,
  );
  assert.ok(sending);
  await store.call('killSending', sending.sending);
  await store.call('failPayout', { payout: failed.payout, reason: 'too few coins' });
  await store.close();

  const [to, notes] = [join(folder, 'backups'), join(folder, 'notes')];
  const common = { journal: undefined, now: new Date('2026-01-01T00:00:00Z') };
  const { file } = await makeBackup({
    places: { payouts },
    to,
    notes,
    keep: 1,
    recipient: undefined,
    ...common,
  });
  const place = join(folder, 'restored.sqlite');
  const where = { places: { payouts: place }, force: false, identity: undefined, work: notes };
  await restoreBackup({ file, ...where, ...common });

  const restored = await open(place);
  const states = await Promise.all(
    ['made', 'lost its coins', 'given up', 'waits'].map((key) => restored.call('payoutState', key)),
  );
  await restored.close();
  assert.deepEqual(
    states.map(({ state }) => state),
    ['pending', 'unknown', 'failed', 'unknown'],
  );
});
