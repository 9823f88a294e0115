import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Pricing } from '../../../roles/mint/pricing.ts';
import { schema } from '../../../roles/mint/store/schema.ts';
import { createLog } from '../../../runtime/logs.ts';
import { openPlace } from '../../../runtime/sql/open.ts';
import { runSql } from './coinbase-payout-scene.ts';
import { epochScene, FIRST, REWARD, readRows } from './epoch-scene.ts';

const NEVER_MS = 3_600_000;

/** A pool with prices. */
async function scene(t: TestContext) {
  const s = await epochScene(t, { confirmations: 1 });
  const { engine, watcher, chain } = s;
  const log = createLog('test', 'silent');
  const height = () => watcher.height;
  const pricing = new Pricing({ engine, height, isCarried: true, log, intervalMs: NEVER_MS });
  t.after(() => pricing.close());
  return {
    ...s,
    pricing,
    /** Mines so many blocks, and looks for what is due. */
    async on(blocks: number): Promise<void> {
      chain.mine(blocks);
      await s.follow();
      await pricing.run();
    },
    epoch: async (at: number) => {
      const epoch = await engine.store.call('epochByUnit', s.unit(at));
      assert.ok(epoch);
      return epoch;
    },
    /** Writes to the mint's database by hand. */
    write(sql: string): void {
      const db = openPlace(s.mint.path, schema);
      try {
        db.exec(sql);
      } finally {
        db.close();
      }
    },
    /** All that was received, and all that a price was or will be made of. */
    async received(): Promise<[bigint, bigint]> {
      const [sum] = readRows(
        s.mint.path,
        'SELECT CAST(sum(CASE WHEN c.hash IS NULL THEN 0 ELSE value END) AS BIGINT) AS n FROM pool_blocks LEFT JOIN chain AS c USING (hash)',
      );
      const rows = await engine.store.call('epochsBefore', {
        poolId: s.mint.poolId,
        height: 1_000_000,
        limit: 100,
      });
      const backed = rows.reduce((n, { gifts, closing }) => n + gifts + (closing?.reward ?? 0n), 0n);
      return [BigInt(Number(sum?.['n'] ?? 0)), backed];
    },
  };
}

test('a share that comes when the price of the epoch that its block would have closed is fixed: its reward stays booked', async (t) => {
  const s = await scene(t);
  const [outbox, lost] = [s.outbox(), s.outbox()];
  const x = s.pays();
  s.chain.mine();
  const y = s.pays();
  await outbox.block(y);
  await outbox.share(y);
  await s.on(0);
  await s.on(100);
  assert.equal((await s.epoch(FIRST)).price?.rewardSats, 2n * REWARD, 'it was a gift');
  await lost.block(x);
  await s.on(1);
  assert.deepEqual(await s.epochs(), ['101 live final closed 104 50', '102 dissolved', '104 live final']);
  assert.equal((await s.epoch(104)).gifts, 0n, 'nothing of it counts twice');
  assert.deepEqual(s.alerts(), ['gift']);
  assert.deepEqual(...(await s.received()));
  s.audit();
});

test('a share proves a block of which a price was made as a gift: the balances that it paid back the open epoch', async (t) => {
  const s = await scene(t);
  const [outbox, lost] = [s.outbox(), s.outbox()];
  const x = s.pays(20n);
  const y = s.pays();
  await outbox.block(y);
  await outbox.share(y);
  await s.on(0);
  await s.on(100);
  assert.equal((await s.epoch(FIRST)).price?.rewardSats, 20n + REWARD);
  const paid = 10n;
  const key = 'INSERT INTO payout_keys (payout_key, public_key, counter, threshold) VALUES (1, ?, 1, 1)';
  runSql(s.mint.path, key, new Uint8Array(33));
  runSql(s.mint.path, 'INSERT INTO paying_coinbases (hash, height, txid) VALUES (?, 102, ?)', x, x);
  const payment = 'INSERT INTO coinbase_payments (hash, vout, payout_key, sats) VALUES (?, 1, 1, ?)';
  runSql(s.mint.path, payment, x, Number(paid));
  await lost.block(x);
  await s.on(1);
  assert.equal((await s.epoch(103)).gifts, paid);
  assert.deepEqual(s.alerts(), ['gift', 'late-reward']);
  const z = s.pays();
  await outbox.block(z);
  await outbox.share(z);
  await lost.share(z);
  await s.on(0);
  await s.on(100);
  assert.equal((await s.epoch(103)).price?.rewardSats, REWARD + paid, 'it stays there');
  assert.equal((await s.epoch(205)).gifts, 0n);
  assert.deepEqual(s.alerts(), ['gift', 'late-reward'], 'once');
  s.audit();
});

test('a block that could not be read until prices were fixed backs the open epoch, and is taken back with the chain', async (t) => {
  const s = await scene(t);
  const outbox = s.outbox();
  const x = s.pays();
  await outbox.block(x);
  s.chain.prunedBelow = 103;
  const y = s.pays();
  await outbox.block(y);
  await outbox.share(y);
  await s.on(0);
  await s.on(100);
  assert.equal((await s.epoch(FIRST)).price?.rewardSats, REWARD);
  const paid = `value = ${REWARD}, coinbase_value = ${REWARD}`;
  s.write(`UPDATE pool_blocks SET ${paid} WHERE height = 102`);
  await s.on(1);
  assert.deepEqual(await s.epochs(), ['101 live final closed 103 50', '103 live final']);
  assert.equal((await s.epoch(103)).gifts, REWARD);
  assert.deepEqual(s.alerts().slice(-1), ['late-reward']);
  assert.deepEqual(...(await s.received()));
  s.audit();

  s.chain.invalidate(102);
  s.chain.mine(200);
  await s.on(0);
  assert.equal((await s.epoch(103)).gifts, 0n);
});

test("a block that a pool mined below its first epoch, by a share of it, backs that; a stranger's does not", async (t) => {
  const s = await scene(t);
  s.chain.invalidate(100);
  const before = s.pays();
  s.pays();
  s.chain.mine(5);
  await s.outbox().block(before);
  await s.on(0);
  assert.equal((await s.epoch(FIRST)).gifts, REWARD);
  assert.deepEqual(s.alerts().slice(-1), ['late-reward']);
  s.audit();
});

test('no price is fixed of what the chain has not been looked through for', async (t) => {
  const s = await scene(t);
  const outbox = s.outbox();
  const x = s.pays();
  s.chain.mine();
  const y = s.pays();
  await outbox.block(y);
  await outbox.share(y);
  await s.on(0);
  s.chain.mine(100);
  await s.pricing.run();
  assert.equal((await s.epoch(FIRST)).price, undefined, 'though the node is that far');
  await outbox.block(x);
  await s.on(0);
  assert.equal((await s.epoch(FIRST)).price?.rewardSats, REWARD);
  assert.deepEqual(await s.epochs(), [
    '101 live final closed 102 50',
    '102 live final closed 104 50',
    '104 live final',
  ]);
  s.audit();
});

test('a price is not fixed where the chain has moved since it was looked at', async (t) => {
  const s = await scene(t);
  const outbox = s.outbox();
  await outbox.block(s.pays());
  await s.on(0);
  const { epoch } = await s.epoch(FIRST);
  const fix = (epochs: readonly number[], height: number) =>
    s.engine.store.call('fixPrice', { epochs, height });
  assert.equal(await fix([epoch], 201), false, 'its block is not mature');
  s.chain.invalidate(102);
  s.chain.mine(2);
  await s.follow();
  assert.equal(await fix([epoch], 202), false, 'its block is gone');
  await outbox.block(s.pays());
  await s.on(0);
  const open = await s.epoch(104);
  assert.equal(await fix([epoch, open.epoch], 204), false, 'another epoch would share its reward');
  assert.equal(await fix([epoch], 204), true);
  assert.equal(await fix([epoch], 204), false, 'once');
  s.audit();
});
