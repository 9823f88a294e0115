import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { acceptLoss, lossOf } from '../../../roles/mint/accept-loss.ts';
import { auditMint } from '../../../roles/mint/books.ts';
import { schema } from '../../../roles/mint/store/schema.ts';
import { Watchdog } from '../../../roles/mint/watchdog/watchdog.ts';
import { createLog } from '../../../runtime/logs.ts';
import { openPlace } from '../../../runtime/sql/open.ts';
import { CONFIG, payoutScene, runSql } from './coinbase-payout-scene.ts';
import { readRows } from './epoch-scene.ts';

/** free, held, paid of each key. */
type Scene = Awaited<ReturnType<typeof payoutScene>>;
const books = (s: Scene) => s.books().map(({ free, held, paid }) => [free, held, paid]);

test('a balance is told for the tip alone, paid by a block on it, and gone when that is final', async (t) => {
  const s = await payoutScene(t, { keys: 3 });
  s.credit(1, 5000);
  s.credit(2, 999);
  s.credit(3, 7000);
  await s.look();
  assert.deepEqual(books(s), [
    [0, 5000, 0],
    [999, 0, 0],
    [0, 7000, 0],
  ]);
  assert.deepEqual(
    s.onTip().map(({ value }) => value),
    [7000n, 5000n],
    'the largest first',
  );
  const block = s.mine(s.onTip());
  await s.deliver(block);
  await s.look();
  assert.deepEqual(s.onTip(), [], 'nobody is paid again on top of it');
  s.chain.mine();
  await s.look();
  assert.deepEqual(s.onTip(), []);
  assert.deepEqual(books(s)[0], [0, 5000, 0], 'not final');
  s.chain.mine();
  await s.look();
  assert.deepEqual(books(s), [
    [0, 0, 5000],
    [999, 0, 0],
    [0, 0, 7000],
  ]);
  assert.deepEqual(s.alerts, []);
  s.audit();
});

test('what a block leaves out stays owed, and is told again', async (t) => {
  const s = await payoutScene(t, { confirmations: 1, keys: 2 });
  s.credit(1, 5000);
  s.credit(2, 4000);
  await s.look();
  await s.deliver(s.mine(s.onTip().slice(1)));
  await s.look();
  assert.deepEqual(books(s), [
    [0, 5000, 0],
    [0, 0, 4000],
  ]);
  assert.deepEqual(
    s.onTip().map(({ value }) => value),
    [5000n],
  );
});

test('of an orphaned block nothing has happened, also where its branch comes back', async (t) => {
  const s = await payoutScene(t, { confirmations: 3, keys: 1 });
  s.credit(1, 5000);
  await s.look();
  const paying = s.onTip();
  const height = s.chain.blocks.length;
  await s.deliver(s.mine(paying));
  await s.look();
  const branch = s.chain.leave(height);
  s.chain.mine(2);
  await s.look();
  assert.deepEqual(books(s), [[0, 5000, 0]]);
  assert.deepEqual(s.onTip(), paying, 'offered again');
  s.chain.comeBackTo(height, branch);
  s.chain.mine(2);
  await s.look();
  assert.deepEqual(books(s), [[0, 0, 5000]]);
  assert.deepEqual(s.onTip(), []);
});

test('a final block that is lost is owed again, said as an alert, and paid once when it is back', async (t) => {
  const s = await payoutScene(t, { confirmations: 1, keys: 1 });
  s.credit(1, 5000);
  await s.look();
  const height = s.chain.blocks.length;
  await s.deliver(s.mine(s.onTip()));
  await s.look();
  assert.deepEqual(books(s), [[0, 0, 5000]]);
  const branch = s.chain.leave(height);
  s.chain.mine(2);
  await s.look();
  assert.deepEqual(books(s), [[0, 5000, 0]]);
  assert.deepEqual(s.alerts, ['coinbase-payout-undone']);
  s.chain.comeBackTo(height, branch);
  s.chain.mine(3);
  await s.look();
  assert.deepEqual(books(s), [[0, 0, 5000]]);
});

test('a block that only the journal of a restored mint knew of is owed again where the chain has left it', async (t) => {
  const s = await payoutScene(t, { confirmations: 1, keys: 1 });
  s.credit(1, 5000);
  await s.look();
  const payments = [{ payoutKey: 1, sats: 5000n, outpoint: `${'ab'.repeat(32)}:1` }];
  const height = s.watcher.height ?? 0;
  const block = { hashLe: randomBytes(32), height: height + 1, payments };
  // As the journal has it done again: the copy has not followed so far.
  await s.engine.store.call('settleCoinbase', block);
  await s.look();
  assert.deepEqual([books(s), s.alerts], [[[0, 0, 5000]], []]);
  s.chain.mine(2);
  await s.look();
  assert.deepEqual([books(s), s.alerts], [[[0, 5000, 0]], ['coinbase-payout-undone']]);
  await s.deliver(s.mine(s.onTip()));
  await s.look();
  assert.deepEqual(books(s), [[0, 0, 5000]]);
});

test('what a block pays has left, whether or not its share ever comes', async (t) => {
  const s = await payoutScene(t, { confirmations: 1, keys: 1 });
  s.credit(1, 5000);
  await s.look();
  s.mine(s.onTip());
  await s.look();
  assert.deepEqual([books(s), s.onTip()], [[[0, 0, 5000]], []]);
});

test('a block that pays no pool, or on another tip, pays nobody of what was told', async (t) => {
  const s = await payoutScene(t, { confirmations: 1, keys: 1 });
  s.credit(1, 5000);
  await s.look();
  const told = s.onTip();
  s.chain.mine(1, told);
  await s.look();
  s.mine([{ value: 4999n, script: told[0]?.script ?? new Uint8Array(0) }]);
  await s.look();
  assert.deepEqual(books(s), [[0, 5000, 0]]);
});

test('what was credited since is paid too, and what an old block paid is told apart from it', async (t) => {
  const s = await payoutScene(t, { confirmations: 2, keys: 1 });
  s.credit(1, 5000);
  await s.look();
  const height = s.chain.blocks.length;
  const old = s.onTip();
  s.chain.mine();
  s.credit(1, 3000);
  await s.look();
  assert.deepEqual(
    s.onTip().map(({ value }) => value),
    [8000n],
  );
  s.chain.leave(height);
  await s.deliver(s.mine(old));
  s.chain.mine();
  await s.look();
  assert.deepEqual(books(s), [[0, 3000, 5000]]);
});

test('what no coinbase is to pay any more is given back once no block can pay it', async (t) => {
  const s = await payoutScene(t, { confirmations: 2, keys: 2 });
  s.credit(1, 5000);
  s.credit(2, 5000);
  await s.look();
  s.withdraw(1);
  s.chain.mine();
  await s.look();
  assert.deepEqual(s.onTip().length, 1);
  assert.deepEqual(books(s)[0], [0, 5000, 0], 'a block of this depth may still be replaced');
  s.chain.mine();
  await s.look();
  assert.deepEqual(books(s), [
    [5000, 0, 0],
    [0, 5000, 0],
  ]);
  s.setConfig(undefined);
  s.chain.mine(2);
  await s.look();
  assert.deepEqual(books(s)[1], [5000, 0, 0]);
  assert.deepEqual(s.onTip(), []);
});

test('a balance that no coinbase has paid for so long is left to the chain', async (t) => {
  const s = await payoutScene(t, { confirmations: 1, keys: 1 });
  s.setConfig({ ...CONFIG, wait_blocks: 5 });
  s.credit(1, 5000);
  await s.look();
  assert.deepEqual(books(s), [[5000, 0, 0]], 'credited long ago');
  const height = s.chain.blocks.length - 1;
  runSql(s.mint.path, 'INSERT INTO payout_credits (payout_key, epoch, ehash, sats) VALUES (1, 1, 1, 5000)');
  runSql(s.mint.path, 'UPDATE epochs SET priced_height = ?', height);
  await s.look();
  assert.deepEqual(books(s), [[0, 5000, 0]]);
  s.chain.mine(5);
  await s.look();
  assert.equal(s.onTip().length, 1);
  s.chain.mine();
  await s.look();
  assert.deepEqual([books(s), s.onTip()], [[[5000, 0, 0]], []]);
});

test('what a pruned block may have paid is held until somebody has read it', async (t) => {
  const s = await payoutScene(t, { confirmations: 1, keys: 2 });
  s.credit(1, 5000);
  await s.look();
  s.mine(s.onTip());
  s.chain.mine();
  s.chain.prunedBelow = s.chain.blocks.length;
  s.credit(2, 4000);
  await s.look();
  assert.deepEqual(books(s), [
    [0, 5000, 0],
    [0, 4000, 0],
  ]);
  assert.deepEqual(
    s.onTip().map(({ value }) => value),
    [4000n],
  );
});

test('a mint that has stopped holds, tells and settles nothing, and takes up what it missed', async (t) => {
  const s = await payoutScene(t, { confirmations: 1, keys: 1 });
  s.credit(1, 5000);
  s.setStopped(true);
  await s.look();
  assert.deepEqual([books(s), s.onTip()], [[[5000, 0, 0]], []]);
  s.setStopped(false);
  await s.look();
  const told = s.onTip();
  s.setStopped(true);
  s.mine(told);
  await s.look();
  assert.deepEqual([books(s), s.onTip()], [[[0, 5000, 0]], []]);
  s.setStopped(false);
  await s.look();
  assert.deepEqual(books(s), [[0, 0, 5000]]);
});

test('no more is held than the pools have room for, and nothing where none has any', async (t) => {
  const s = await payoutScene(t, { keys: 3 });
  for (const key of [1, 2, 3]) s.credit(key, 1000 * key);
  s.setRooms([]);
  await s.look();
  assert.deepEqual(
    s.books().map(({ held }) => held),
    [0, 0, 0],
  );
  s.setRooms([
    { size: 40, sigops: 0 },
    { size: 70, sigops: 0 },
  ]);
  await s.look();
  assert.deepEqual(
    s.books().map(({ held }) => held),
    [0, 2000, 3000],
  );
  assert.equal(s.onTip().length, 2);
  assert.deepEqual(s.waiting(), { balances: 2, sats: 5000n, trouble: '' });
  s.setRooms([]);
  await s.look();
  const away = 'no pool that is linked leaves room for them';
  assert.deepEqual(s.waiting(), { balances: 2, sats: 5000n, trouble: away });
  await s.look(0);
  assert.equal(s.waiting()?.trouble, 'the mint has ended');
});

test('books that do not say what blocks have paid contradict themselves', async (t) => {
  const s = await payoutScene(t, { confirmations: 1, keys: 1 });
  s.credit(1, 5000);
  await s.look();
  s.mine(s.onTip());
  await s.look();
  const wrong = () => auditMint(s.mint.path).sats.contradictions.filter((words) => /block/.test(words));
  assert.deepEqual(wrong(), []);
  runSql(s.mint.path, 'UPDATE payout_holds SET paid = paid - 1');
  assert.deepEqual(wrong(), ['5000 sats of balances were paid by blocks, 4999 have left balances by them']);
  runSql(s.mint.path, 'UPDATE payout_holds SET paid = paid + 1');
  runSql(s.mint.path, 'UPDATE settled_coinbases SET unowed = 1');
  assert.deepEqual(wrong(), [
    'block 102 pays 1000000 sats to the pool and 5001 of balances, and its coinbase has 1005000',
  ]);
});

test('what waits for a coinbase is owed until a final block has paid it', async (t) => {
  const s = await payoutScene(t, { confirmations: 2, keys: 1 });
  const { issuance } = s.engine;
  const log = createLog('test', 'silent');
  const watchdog = await Watchdog.open({ place: s.mint.path, issuance, backends: [], log });
  t.after(() => watchdog.close());
  const owed = async () => {
    await watchdog.check();
    return watchdog.standing?.owed;
  };
  s.credit(1, 5000);
  assert.equal(await owed(), 5000n);
  await s.look();
  assert.equal(await owed(), 5000n, 'held for a coinbase');
  s.mine(s.onTip());
  await s.look();
  assert.equal(await owed(), 5000n, 'paid by a block that is not final');
  s.chain.mine();
  await s.look();
  assert.equal(await owed(), 0n);
});

test('after a loss no coinbase pays what one may have paid that the copy knows nothing of', async (t) => {
  const s = await payoutScene(t, { confirmations: 1, keys: 1 });
  s.credit(1, 5000);
  await s.look();
  s.chain.mine();
  await s.look();
  const paying = s.onTip();
  s.credit(1, 3000);
  await s.look();
  // The copy is of before this tip was told.
  const own = '(SELECT max(payout_set) FROM payout_sets)';
  runSql(s.mint.path, `DELETE FROM payout_set_outputs WHERE payout_set = ${own}`);
  runSql(s.mint.path, `DELETE FROM payout_sets WHERE payout_set = ${own}`);
  await s.engine.store.call('freeze', 'a test');
  const db = openPlace(s.mint.path, schema);
  t.after(() => db.close());
  const balances = lossOf(db)?.balances;
  acceptLoss(db, 'of a test', Date.now());
  await s.deliver(s.mine(paying));
  await s.look();
  assert.deepEqual(s.onTip(), []);
  assert.equal(balances, 8000n, 'said before it was accepted');
  assert.deepEqual(books(s), [[0, 8000, 0]]);
  const purposes = readRows(s.mint.path, 'SELECT purpose FROM payout_holds').map(({ purpose }) => purpose);
  assert.deepEqual(purposes, ['lost']);
  s.audit();
});
