import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIRST } from '../../mint/epoch-scene.ts';
import { checkHistory, epochWallets, sumsOf } from './epoch-wallets.ts';
import { OTHER } from './scene.ts';

const MINT_BATCH = '/v1/mint/ehash/batch';

test('a quote that waits for its block is minted in the epoch and for the worth that the mint finds for it', async (t) => {
  const s = await epochWallets(t);
  const outbox = s.outbox();
  const wallet = await s.open();
  s.setTerms({ minimumDifficulty: 1 });
  const x = s.pays();
  const branch = s.chain.leave(FIRST + 1);
  await outbox.share(x, 4, await wallet.keyForChannel('channel'));
  assert.deepEqual(await wallet.collect(), { minted: 0n, waiting: 16n });
  s.chain.comeBackTo(FIRST + 1, branch);
  await outbox.block(x);
  await s.follow();
  assert.deepEqual(await wallet.collect(), { minted: 8n, waiting: 0n });
  assert.deepEqual(await sumsOf(wallet, s.unit(FIRST + 1)), [8n, 0n, 0n, 0n]);
  assert.deepEqual(s.refused, []);
});

test('quotes of an epoch that is dissolved while they are being minted are minted in the one before', async (t) => {
  const s = await epochWallets(t);
  const outbox = s.outbox();
  const wallet = await s.open();
  const key = await wallet.keyForChannel('channel');
  const x = s.pays();
  await outbox.block(x);
  for (let i = 0; i < 3; i++) await outbox.share(x, 2, key);
  s.cut(MINT_BATCH);
  await assert.rejects(wallet.collect(), { code: 'mint-unreachable' });
  s.chain.invalidate(FIRST + 1);
  s.chain.mine(2);
  await s.follow();
  assert.deepEqual(await wallet.collect(), { minted: 12n, waiting: 0n });
  assert.deepEqual(await sumsOf(wallet, s.unit(FIRST)), [12n, 0n, 0n, 0n]);
  assert.deepEqual(await wallet.troubles(), { refusedQuotes: [], stuck: [] });
  await checkHistory(wallet);
});

test('a pool whose epoch is stranded holds up its own quotes alone, and says why; merged, all of it becomes sats', async (t) => {
  const s = await epochWallets(t);
  const outbox = s.outbox();
  const wallet = await s.open();
  const key = await wallet.keyForChannel('channel');
  await outbox.share(s.chain.mine(), 5, key);
  await wallet.collect();
  const x = s.pays();
  await outbox.block(x);
  await outbox.share(x, 3, key);
  await wallet.collect();
  assert.deepEqual(await sumsOf(wallet, s.unit(FIRST + 2)), [8n, 0n, 0n, 0n]);
  s.chain.invalidate(FIRST + 2);
  await outbox.share(s.chain.mine(2), 2, key);
  await s.follow();
  const [stranded] = (await s.epochs()).slice(-1);
  assert.equal(stranded, `${FIRST + 2} stranded final`);
  for (let pass = 0; pass < 5; pass++) {
    await assert.rejects(wallet.collect(), /signing: the block that opened .* is in the chain no more/);
    assert.deepEqual(await sumsOf(wallet, s.unit(FIRST)), [32n, 4n, 0n, 0n]);
  }
  // All else goes on: change is made, and a token taken in.
  const other = await s.open('other', OTHER);
  assert.equal(await other.receive(await wallet.send(5n, { unit: s.unit(FIRST) })), 5n);
  assert.equal(await wallet.receive(await other.send(3n)), 3n);

  await s.askMerge(FIRST + 2, FIRST);
  await s.follow();
  assert.equal((await wallet.collect()).minted, 4n);
  await outbox.block(s.pays());
  await outbox.share(s.chain.mine(), 0);
  await s.on(100);
  const sats = (await wallet.redeem()).reduce((sum, epoch) => sum + epoch.sats, 0n);
  assert.ok(sats > 0n);
  assert.deepEqual(await sumsOf(wallet, 'sat'), [sats, 0n, 0n, 0n]);
  await checkHistory(wallet);
  const restored = await s.open('restored');
  await restored.restore();
  assert.deepEqual(await sumsOf(restored, 'sat'), [sats, 0n, 0n, 0n]);
});

test('what a mint that signs nothing keeps back is minted when it signs again, and nothing piles up meanwhile', async (t) => {
  const s = await epochWallets(t);
  const outbox = s.outbox();
  const wallet = await s.open();
  const key = await wallet.keyForChannel('channel');
  s.engine.issuance.hold();
  for (let pass = 0; pass < 4; pass++) {
    await outbox.share(s.chain.mine(), 2, key);
    await assert.rejects(wallet.collect(), /it compares its books before it signs/);
  }
  assert.deepEqual(await sumsOf(wallet, s.unit(FIRST)), [0n, 16n, 0n, 0n]);
  s.engine.issuance.release();
  assert.deepEqual(await wallet.collect(), { minted: 16n, waiting: 0n });
  const batches = s.refused.filter(([path]) => path === MINT_BATCH);
  assert.equal(batches.length, 4, 'one request a pass');
  const restored = await s.open('restored');
  assert.equal((await restored.restore()).amount, 16n);
});

test('what another copy of the wallet has redeemed keeps the rest of the epoch from nothing', async (t) => {
  const s = await epochWallets(t);
  const outbox = s.outbox();
  const wallet = await s.open();
  const key = await wallet.keyForChannel('channel');
  s.engine.issuance.hold();
  await outbox.share(s.chain.mine(), 4, key);
  await assert.rejects(wallet.collect());
  const copy = await s.copy('wallet', 'copy');
  s.engine.issuance.release();
  const x = s.pays();
  await outbox.block(x);
  await outbox.share(x);
  await s.on(100);
  const [first] = await copy.redeem();
  assert.equal(first?.ehash, 16n);
  // It has not been told of what came meanwhile, nor that the first is gone.
  await wallet.redeem();
  await wallet.collect();
  assert.deepEqual(await wallet.troubles(), { refusedQuotes: [], stuck: [] });
  assert.deepEqual((await sumsOf(wallet, s.unit(FIRST))).slice(0, 3), [0n, 0n, 0n]);
  await checkHistory(wallet);
});

test('a token of an epoch that has its price is taken in as sats', async (t) => {
  const s = await epochWallets(t);
  const outbox = s.outbox();
  const wallet = await s.open();
  await outbox.share(s.chain.mine(), 4, await wallet.keyForChannel('channel'));
  await wallet.collect();
  const token = await wallet.send(8n);
  const x = s.pays();
  await outbox.block(x);
  await outbox.share(x);
  await s.on(100);
  const other = await s.open('other', OTHER);
  const received = await other.receive(token);
  assert.deepEqual(await sumsOf(other, 'sat'), [received, 0n, 0n, 0n]);
  await assert.rejects(wallet.receive(token), { code: 'token-refused' });
  await checkHistory(other);
});
