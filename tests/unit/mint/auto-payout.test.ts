import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { bringUpToDate } from '../../../commands/backups/bring-up-to-date.ts';
import { COINBASE_MATURITY } from '../../../domain/epochs/redemption-window.ts';
import { mismatchOf } from '../../../domain/ledger/sums.ts';
import { AutoPayouts } from '../../../roles/mint/auto-payouts.ts';
import { auditMint } from '../../../roles/mint/books.ts';
import { Engine } from '../../../roles/mint/engine.ts';
import { PATIENCE_BLOCKS, Pricing } from '../../../roles/mint/pricing.ts';
import { schema } from '../../../roles/mint/store/schema.ts';
import { openDatabase } from '../../../runtime/sql/database.ts';
import { temporaryFolder } from '../../harness/temporary-folder.ts';
import { runSql } from './coinbase-payout-scene.ts';
import { epochScene, FIRST, REWARD } from './epoch-scene.ts';
import { SEED } from './support.ts';

const NEVER_MS = 3_600_000;
const to = { address: 'an address', script: Uint8Array.of(0x51) };

/** On the store that openTestMint takes: a pool's first epoch, which a block closes when it is asked to, and keys with quotes in it. */
async function scene(t: TestContext, options: { journalFolder?: string; place?: string } = {}) {
  const epochs = await epochScene(t, { confirmations: 1, ...options });
  const { engine, chain, mint } = epochs;
  const log = pino({ level: 'silent' });
  const height = () => epochs.watcher.height;
  const pricing = new Pricing({ engine, height, isCarried: true, log, intervalMs: NEVER_MS });
  t.after(() => pricing.close());
  const outbox = epochs.outbox();
  const tipHash = () => chain.blocks.at(-1)?.hashLe ?? new Uint8Array(32);
  const newKey = () => {
    const secretKey = randomBytes(32);
    return { secretKey, key: mint.curve.publicKey(secretKey) };
  };
  return {
    ...epochs,
    pricing,
    newKey,
    /** Registers a key. */
    register: (publicKey: Uint8Array, counter = 1, threshold = 1n) =>
      engine.store.call('registerPayout', { publicKey, counter, to, threshold }),
    withdraw: (publicKey: Uint8Array, counter: number) =>
      engine.store.call('registerPayout', { publicKey, counter, to: undefined, threshold: 1n }),
    /** Mines the block that closes the epoch, and all that its price takes. The block itself is a share of 1 ehash. */
    async priced(value = REWARD): Promise<void> {
      await outbox.block(epochs.pays(value));
      await epochs.follow();
      await outbox.share(tipHash());
      // The outbox that adds quotes never passes the boundary.
      chain.mine(COINBASE_MATURITY + PATIENCE_BLOCKS);
      await epochs.follow();
      await pricing.run();
    },
    /** Credits all that is due, so many quotes a transaction. */
    async credit(limit = 1_000): Promise<number> {
      let quotes = 0;
      while (await engine.store.call('arePayoutsDue', null)) {
        const done = await engine.store.call('creditPayouts', { limit });
        quotes += done.quotes;
      }
      return quotes;
    },
    states: async (names: readonly string[]) => (await engine.quotes(names)).map(({ state }) => state),
    balance: async (publicKey: Uint8Array) => (await engine.store.call('payoutKey', publicKey))?.balance,
    sound(): void {
      const { units, sats } = auditMint(mint.path);
      assert.deepEqual(
        [...units].flatMap(([unit, sums]) => mismatchOf(unit, sums) ?? []),
        [],
      );
      assert.deepEqual(sats.contradictions, []);
      epochs.audit();
    },
  };
}

test('quotes of a registered key become AUTO_PAID with the price, rounded down once for the epoch', async (t) => {
  for (const limit of [1_000, 1]) {
    const s = await scene(t);
    const [miner, other] = [s.newKey(), s.newKey()];
    const mine = await s.mint.addQuotes(miner.key, [0, 1, 2, 0]);
    const others = await s.mint.addQuotes(other.key, [3]);
    await s.register(miner.key);
    assert.equal(await s.credit(limit), 0, 'nothing before the price');
    await s.priced();
    assert.deepEqual(await s.states(mine), ['PAID', 'PAID', 'PAID', 'PAID']);
    assert.equal(await s.credit(limit), 4);
    assert.deepEqual(await s.states(mine), ['AUTO_PAID', 'AUTO_PAID', 'AUTO_PAID', 'AUTO_PAID']);
    assert.deepEqual(await s.states(others), ['PAID']);
    // 8 of 17 ehash of 50 sats are 23.5; each quote by itself would have been 2, 5, 11 and 2.
    assert.equal(await s.balance(miner.key), 23n);
    const found = await s.engine.store.call('payoutKey', miner.key);
    assert.deepEqual(found?.credits, [{ unit: s.unit(FIRST), ehash: 8n, sats: 23n }]);
    assert.equal(await s.credit(limit), 0, 'once');
    const { sats, autoPaid } = auditMint(s.mint.path);
    assert.deepEqual(
      [sats.balances.payouts, sats.payouts.balances, autoPaid],
      [23n, 23n, { count: 4, sum: 8n }],
    );
    const figures = await s.engine.figures();
    assert.deepEqual([figures.ehash_issued, figures.ehash_total - figures.ehash_waiting], [8n, 8n]);
    s.sound();
  }
});

test('a quote is minted or paid out, whichever comes first', async (t) => {
  const s = await scene(t);
  const miner = s.newKey();
  const [minted = '', left = ''] = await s.mint.addQuotes(miner.key, [1, 2]);
  await s.register(miner.key);
  const outputs = [s.mint.blind(1)];
  const signatures = [s.mint.sign(minted, outputs, miner.secretKey)];
  await s.engine.mint({ quotes: [minted], outputs, signatures });
  await s.priced();
  assert.equal(await s.credit(), 1);
  assert.deepEqual(await s.states([minted, left]), ['ISSUED', 'AUTO_PAID']);
  const late = [s.mint.blind(2, outputs[0]?.keysetId)];
  await assert.rejects(
    s.engine.mint({ quotes: [left], outputs: late, signatures: [s.mint.sign(left, late, miner.secretKey)] }),
    { code: 'quote-issued', message: /is AUTO_PAID; its worth went to the balance of its key/ },
  );
  s.sound();
});

test('a key that is registered late is paid for all that can still be redeemed, one that withdrew for nothing', async (t) => {
  const s = await scene(t);
  const miner = s.newKey();
  const first = await s.mint.addQuotes(miner.key, [2]);
  await s.priced();
  assert.equal(await s.credit(), 0);
  await s.register(miner.key);
  assert.equal(await s.credit(), 1);
  const balance = await s.balance(miner.key);

  const second = await s.mint.addQuotes(miner.key, [2]);
  await s.withdraw(miner.key, 2);
  await s.priced();
  assert.equal(await s.credit(), 0);
  assert.deepEqual(await s.states([...first, ...second]), ['AUTO_PAID', 'PAID']);
  assert.deepEqual(await s.engine.store.call('payableBalances', { least: 0n, limit: 10 }), []);
  assert.equal(await s.balance(miner.key), balance, 'what was credited stays');
  await s.register(miner.key, 3);
  assert.equal(await s.credit(), 1);
  s.sound();
});

test('a price that is fixed while a key is looked through brings all of its quotes', async (t) => {
  const s = await scene(t);
  const miner = s.newKey();
  const first = await s.mint.addQuotes(miner.key, [0, 0]);
  await s.priced();
  const second = await s.mint.addQuotes(miner.key, [0, 0]);
  await s.register(miner.key);
  for (const _ of [1, 2, 3]) await s.engine.store.call('creditPayouts', { limit: 1 });
  assert.deepEqual(await s.states([...first, ...second]), ['AUTO_PAID', 'AUTO_PAID', 'PAID', 'PAID']);
  await s.priced();
  assert.equal(await s.credit(1), 2);
  s.sound();
});

test('a key that registers again and again keeps no other waiting', async (t) => {
  const s = await scene(t);
  const [loud, quiet] = [s.newKey(), s.newKey()];
  const due = await s.mint.addQuotes(quiet.key, [0]);
  await s.priced();
  await s.mint.addQuotes(loud.key, [0, 0, 0]);
  await s.register(loud.key);
  await s.register(quiet.key);
  for (let counter = 2; counter < 8; counter++) {
    await s.register(loud.key, counter);
    await s.engine.store.call('creditPayouts', { limit: 1 });
  }
  assert.deepEqual(await s.states(due), ['AUTO_PAID']);
  s.sound();
});

test('no window ends while nothing can be credited of it', async (t) => {
  const s = await scene(t);
  const { engine, mint, chain } = s;
  const miner = s.newKey();
  const names = await mint.addQuotes(miner.key, [2]);
  await s.register(miner.key);
  await s.priced();
  runSql(mint.path, 'UPDATE epochs SET window_blocks = 20');
  const log = pino({ level: 'silent' });
  const terms = { min_threshold: 2_000, max_fee_ppm: 50_000 };
  const payouts = new AutoPayouts({ engine, network: 'regtest', terms, log });
  const credit = () => payouts.credit();
  const height = () => s.watcher.height;
  const pricing = new Pricing({ engine, height, credit, isCarried: true, log, intervalMs: NEVER_MS });
  t.after(() => pricing.close());
  engine.issuance.hold();
  chain.mine(20);
  await s.follow();
  await pricing.run();
  engine.issuance.release();
  await pricing.run();
  assert.deepEqual(await s.states(names), ['AUTO_PAID']);
  assert.deepEqual(await engine.store.call('passedWindows', { height: height() ?? 0, limit: 1 }), []);
  s.sound();
});

test('only a key with a quote registers, by a counter that rises', async (t) => {
  const s = await scene(t);
  const miner = s.newKey();
  await assert.rejects(s.register(miner.key), { code: 'key-unknown' });
  await s.mint.addQuotes(miner.key, [0]);
  await s.register(miner.key, 7);
  await assert.rejects(s.register(miner.key, 7, 2n), {
    code: 'counter-too-low',
    message: /counter is 7, .* 7;/,
  });
  await assert.rejects(s.register(miner.key, 6), { code: 'counter-too-low' });
  await s.register(miner.key, 8);
});

test('keys of others that name an address keep nobody from registering it', async (t) => {
  const s = await scene(t);
  const keys = Array.from({ length: 101 }, () => s.newKey().key);
  for (const key of keys) await s.mint.addQuotes(key, [0]);
  for (const key of keys) assert.equal((await s.register(key))?.address, to.address);
});

test('two processes credit and a wallet mints at once: each quote ends once', async (t) => {
  const s = await scene(t);
  const miner = s.newKey();
  const names = await s.mint.addQuotes(miner.key, new Array(20).fill(0));
  await s.register(miner.key);
  await s.priced();
  const other = await Engine.open({ path: s.mint.path, seed: SEED, threads: 1 });
  t.after(() => other.close());
  const epoch = await s.engine.store.call('epochByUnit', s.unit(FIRST));
  assert.ok(epoch);
  const redeemed = names.map(async (name) => {
    const id = (await s.engine.quotes([name]))[0]?.id;
    assert.ok(id);
    const quotes = { ids: [id], keyset: epoch.keyset };
    const write = { epoch: epoch.epoch, ehash: 1n, sats: 0n, spent: [], quotes, signatures: [] };
    return s.engine.store.call('redeem', write).then(
      () => 1,
      () => 0,
    );
  });
  const credits = [s.engine, other].flatMap((engine) =>
    Array.from({ length: 10 }, () => engine.store.call('creditPayouts', { limit: 3 })),
  );
  const paid = (await Promise.all(credits)).reduce((sum, { quotes }) => sum + quotes, 0);
  const issued = (await Promise.all(redeemed)).reduce<number>((sum, n) => sum + n, 0);
  assert.equal(paid + issued + (await s.credit(3)), 20);
  const books = auditMint(s.mint.path);
  assert.equal(books.issued.count + books.autoPaid.count, 20);
  s.sound();
});

test('an older copy and its journal credit the same sats, and hold the same', async (t) => {
  const folder = temporaryFolder();
  const [place, copy, journalFolder] = ['mint.sqlite', 'copy.sqlite', 'journal'].map((name) =>
    join(folder, name),
  );
  assert.ok(place && copy && journalFolder);
  const s = await scene(t, { place, journalFolder });
  const miner = s.newKey();
  await s.mint.addQuotes(miner.key, [2, 3]);
  await s.priced();
  const db = openDatabase(place, schema);
  db.prepare('VACUUM INTO ?').run(copy);
  db.close();

  await s.register(miner.key);
  await s.credit();
  const hold = { purpose: 'onchain', reference: randomBytes(16) } as const;
  await s.engine.store.call('holdBalances', { ...hold, holds: [{ payoutKey: 1, sats: 20n }] });
  await s.engine.store.call('settleHeld', { ...hold, proof: 'txid:0', left: 5n });
  const books = auditMint(place);
  assert.deepEqual(books.sats.payouts.paid, 15n);
  await s.pricing.close();
  await s.mint.engine.close();
  const now = new Date();
  const restored = { place: copy, journal: journalFolder, isNoted: true, made: now.toISOString(), now };
  assert.deepEqual(bringUpToDate(restored), { redone: 4, frozen: undefined });
  assert.deepEqual(auditMint(copy), books);
});
