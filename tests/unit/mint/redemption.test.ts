import assert from 'node:assert/strict';
import { hash, randomBytes } from 'node:crypto';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { bringUpToDate } from '../../../commands/backups/bring-up-to-date.ts';
import { mismatchOf } from '../../../domain/ledger/sums.ts';
import type { Input } from '../../../domain/ledger/tokens.ts';
import { toHex } from '../../../protocols/bytes.ts';
import { splitAmount } from '../../../protocols/cashu/amount.ts';
import { auditMint } from '../../../roles/mint/books.ts';
import { Engine } from '../../../roles/mint/engine.ts';
import { holderStateOf } from '../../../roles/mint/epoch-state.ts';
import { Redemptions } from '../../../roles/mint/redemption.ts';
import { closeEpoch } from '../../harness/close-epoch.ts';
import { temporaryFolder } from '../../harness/temporary-folder.ts';
import { type Blinded, openTestMint, SEED, type TestMint } from './support.ts';

const TIP = 300;

/** A mint of one epoch of 64 ehash, all of them tokens, and a sat keyset. */
async function scene(t: TestContext, options: Parameters<typeof openTestMint>[2] = {}) {
  const mint = await openTestMint(t, 101, options);
  await mint.engine.keysets.rotateTo({
    unit: 'sat',
    derivationIndex: 0,
    inputFeePpk: 0,
    finalExpiry: undefined,
  });
  const satKeyset = mint.engine.keysets.active('sat')?.id ?? '';
  const unit = mint.unit;
  const proofs = await mint.proofs([5, 4, 3, 2, 1, 0, 0]);
  const chain = { tip: TIP };
  const redemptions = () => new Redemptions(mint.engine, () => chain.tip);
  const outputs = (sats: number): Blinded[] =>
    splitAmount(BigInt(sats)).map((exponent) => mint.blind(exponent, satKeyset));
  const epoch = (await mint.engine.store.call('epochByUnit', unit))?.epoch ?? 0;
  return { mint, unit, epoch, proofs, satKeyset, chain, redemptions, outputs };
}

/** Fixes the price: 1,000 sats of a block and 24 of gifts for 64 ehash. */
async function fixPrice(mint: TestMint, epoch: number, height = TIP): Promise<boolean> {
  if (!(await mint.engine.store.call('epochById', epoch))?.closing) closeEpoch(mint.path, epoch, 1_000n, 24n);
  const done = await mint.engine.store.call('fixPrice', { epochs: [epoch], height });
  await mint.engine.keysets.reload();
  return done;
}

/** What the audit finds wrong. */
function troubles(mint: TestMint): string[] {
  const { units, sats } = auditMint(mint.path);
  return [...[...units].flatMap(([unit, sums]) => mismatchOf(unit, sums) ?? []), ...sats.contradictions];
}

test('ehash is redeemed for sats that can be spent, and the books say so', async (t) => {
  const { mint, unit, epoch, proofs, redemptions, outputs } = await scene(t);
  assert.equal(await fixPrice(mint, epoch), true);
  assert.equal(await fixPrice(mint, epoch), false, 'once');
  const [five, ...rest] = proofs;
  assert.ok(five);
  const wanted = outputs(512);
  const signed = await redemptions().redeem({ unit, inputs: [five], outputs: wanted });
  const sats = wanted.flatMap((output, i) => (signed[i] ? [mint.unblind(output, signed[i])] : []));
  await mint.engine.swap(sats, outputs(512));

  // All of it, in pieces: each is rounded down, and 1,024 sats are for 64 ehash.
  for (const [i, worth] of [256, 128, 64, 32, 16, 16].entries()) {
    await redemptions().redeem({ inputs: rest.slice(i, i + 1), outputs: outputs(worth) });
  }
  const redeemed = await mint.engine.store.call('redeemed', epoch);
  assert.deepEqual(redeemed, { ehash: 64n, sats: 1_024n, n: 7, autoEhash: 0n, autoSats: 0n });
  const books = auditMint(mint.path);
  assert.deepEqual(troubles(mint), []);
  assert.deepEqual([books.outstanding, books.redeemed], [0n, 64n]);
  assert.deepEqual(books.sats.balances, {
    coinbase: -1_000n,
    gifts: -24n,
    lightning: 0n,
    ehash: 0n,
    fees: 0n,
    sat: 1_024n,
    dust: 0n,
    expired: 0n,
    carried: 0n,
    payouts: 0n,
    paid: 0n,
  });
});

test('the same redemption again has the same answer, and no proof is redeemed twice', async (t) => {
  const { mint, epoch, proofs, redemptions, outputs, chain } = await scene(t);
  await fixPrice(mint, epoch);
  const request = { inputs: proofs.slice(0, 2), outputs: outputs(768) };
  const again = () => redemptions().redeem(request);
  const [first, ...same] = await Promise.all([again(), again(), again()]);
  for (const answer of same) assert.deepEqual(answer, first);
  await mint.restart();
  assert.deepEqual(await again(), first);
  chain.tip = TIP + 1_000_000;
  assert.deepEqual(await again(), first, 'also when the window has passed');
  chain.tip = TIP;
  const elsewhere = { inputs: proofs.slice(0, 2), outputs: outputs(768) };
  await assert.rejects(redemptions().redeem(elsewhere), { code: 'proofs-spent' });
  assert.equal((await mint.engine.store.call('redeemed', epoch)).n, 1);
  assert.deepEqual(troubles(mint), []);
});

test('nothing is redeemed before the price is fixed or after the window, and nothing spent by trying', async (t) => {
  const { mint, unit, epoch, proofs, redemptions, outputs, chain } = await scene(t);
  const request = { inputs: proofs.slice(0, 1), outputs: outputs(512) };
  await assert.rejects(redemptions().redeem(request), { code: 'epoch-open' });
  await fixPrice(mint, epoch);
  const row = await mint.engine.store.call('epochByUnit', unit);
  assert.ok(row);
  chain.tip = TIP + row.windowBlocks;
  await assert.rejects(redemptions().redeem(request), { code: 'epoch-expired' });
  chain.tip = TIP;
  for (const wrong of [511, 513]) {
    await assert.rejects(redemptions().redeem({ ...request, outputs: outputs(wrong) }), {
      code: 'not-balanced',
    });
  }
  const ehash = [mint.blind(9, mint.keysetId)];
  await assert.rejects(redemptions().redeem({ ...request, outputs: ehash }), (error: Error) =>
    /keyset|units/.test(error.message),
  );
  await assert.rejects(redemptions().redeem({ ...request, unit: 'hash_other' }), { code: 'epoch-mismatch' });
  const [sat] = await redemptions().redeem(request);
  assert.ok(sat, 'it was left as it was');
  const waiting = new Redemptions(mint.engine, () => undefined);
  await assert.rejects(waiting.redeem({ inputs: proofs.slice(1, 2), outputs: outputs(256) }), {
    code: 'mint-not-ready',
  });
});

test('sats are not redeemed, and forged ehash neither', async (t) => {
  const { mint, epoch, proofs, redemptions, outputs } = await scene(t);
  await fixPrice(mint, epoch);
  const wanted = outputs(512);
  const signed = await redemptions().redeem({ inputs: proofs.slice(0, 1), outputs: wanted });
  const sats = wanted.flatMap((output, i) => (signed[i] ? [mint.unblind(output, signed[i])] : []));
  await assert.rejects(redemptions().redeem({ inputs: sats, outputs: outputs(512) }), {
    code: 'unit-unsupported',
  });
  const [, four, three] = proofs;
  assert.ok(four && three);
  const forged: Input = { ...four, signature: three.signature };
  await assert.rejects(redemptions().redeem({ inputs: [forged], outputs: outputs(256) }), {
    code: 'proof-invalid',
  });
});

test('what is locked is redeemed by its owner alone', async (t) => {
  const { mint, epoch, redemptions, outputs } = await scene(t);
  const secretKey = randomBytes(32);
  const data = toHex(mint.curve.publicKey(secretKey));
  const secret = JSON.stringify(['P2PK', { nonce: 'aa', data, tags: [['sigflag', 'SIG_INPUTS']] }]);
  const [locked] = await mint.proofsOf([secret]);
  assert.ok(locked);
  // 65 ehash: 1,024 sats of them make 15 for one.
  await fixPrice(mint, epoch);
  await assert.rejects(redemptions().redeem({ inputs: [locked], outputs: outputs(15) }), {
    code: 'witness-invalid',
  });
  const digest = hash('sha256', secret, 'buffer');
  const signature = toHex(mint.curve.schnorrSign(digest, secretKey, randomBytes(32)));
  const witness = JSON.stringify({ signatures: [signature] });
  assert.equal(
    (await redemptions().redeem({ inputs: [{ ...locked, witness }], outputs: outputs(15) })).length,
    4,
  );
});

test('two redemptions of one proof at once: one of them succeeds', async (t) => {
  const { mint, epoch, proofs, redemptions, outputs } = await scene(t);
  await fixPrice(mint, epoch);
  const tries = await Promise.allSettled(
    Array.from({ length: 6 }, () => {
      return redemptions().redeem({ inputs: proofs.slice(0, 1), outputs: outputs(512) });
    }),
  );
  assert.equal(tries.filter(({ status }) => status === 'fulfilled').length, 1);
  assert.deepEqual(troubles(mint), []);
});

test('more than the reward is never given, whatever is asked of the store', async (t) => {
  const { mint, epoch } = await scene(t);
  await fixPrice(mint, epoch);
  const write = { epoch, spent: [], signatures: [] };
  const redeem = (ehash: bigint, sats: bigint) => mint.engine.store.call('redeem', { ...write, ehash, sats });
  await assert.rejects(redeem(64n, 1_025n), { code: 'reward-exhausted' });
  await assert.rejects(redeem(32n, 513n), { code: 'reward-exhausted' });
  await assert.rejects(redeem(65n, 1_024n), { code: 'reward-exhausted' });
  await redeem(32n, 512n);
  await assert.rejects(redeem(33n, 512n), { code: 'reward-exhausted' });
  assert.equal((await mint.engine.store.call('redeemed', epoch)).sats, 512n);
});

test('quotes that were never minted are redeemed by their key, once', async (t) => {
  const { mint, unit, epoch, redemptions, outputs } = await scene(t);
  const secretKey = randomBytes(32);
  const quotes = await mint.addQuotes(mint.curve.publicKey(secretKey), [5, 5]);
  const wanted = outputs(512);
  const request = (key = secretKey, into = wanted) => ({
    unit,
    quotes,
    outputs: into,
    signatures: quotes.map((quote) => mint.sign(quote, into, key)),
  });
  await assert.rejects(redemptions().redeemQuotes(request()), { code: 'epoch-open' });
  // 128 ehash for 1,024 sats.
  await fixPrice(mint, epoch);
  await assert.rejects(redemptions().redeemQuotes(request(randomBytes(32))), { code: 'signature-invalid' });
  const [first, again] = await Promise.all([
    redemptions().redeemQuotes(request()),
    redemptions().redeemQuotes(request()),
  ]);
  assert.deepEqual(again, first);
  await assert.rejects(redemptions().redeemQuotes(request(secretKey, outputs(512))), {
    code: 'quote-issued',
  });
  const minted = { ...request(), outputs: [mint.blind(6)] };
  await assert.rejects(mint.engine.mint(minted), /quote|keyset/i);
  const { n, ...sums } = await mint.engine.store.call('redeemed', epoch);
  assert.deepEqual([n, sums.ehash, sums.sats, sums.autoSats], [1, 64n, 512n, 0n]);
  assert.deepEqual(troubles(mint), []);
});

for (const isCarried of [true, false]) {
  test(`what nobody redeemed in time is ${isCarried ? "the pool's next reward's" : "the operator's"}`, async (t) => {
    const { mint, epoch, proofs, redemptions, outputs } = await scene(t);
    const { store } = mint.engine;
    await fixPrice(mint, epoch);
    await redemptions().redeem({ inputs: proofs.slice(0, 1), outputs: outputs(512) });
    const row = await store.call('epochById', epoch);
    const end = TIP + (row?.windowBlocks ?? 0);
    assert.deepEqual(await store.call('passedWindows', { height: end - 1, limit: 9 }), []);
    assert.deepEqual(await store.call('passedWindows', { height: end, limit: 9 }), [epoch]);
    const expiry = { epoch, height: end, isCarried };
    assert.equal(await store.call('expireEpoch', expiry), 512n);
    assert.equal(await store.call('expireEpoch', expiry), undefined, 'once');
    const late = { inputs: proofs.slice(1, 2), outputs: outputs(256) };
    await assert.rejects(redemptions().redeem(late), { code: 'epoch-expired' }, 'the store itself says no');
    assert.deepEqual(troubles(mint), []);
    const { balances } = auditMint(mint.path).sats;
    assert.deepEqual(
      [balances.ehash, balances.carried, balances.expired],
      [0n, isCarried ? 512n : 0n, isCarried ? 0n : 512n],
    );
  });
}

test('an epoch is told as it stands, and one that was merged as what it is worth', async (t) => {
  const { mint, unit, epoch } = await scene(t);
  const row = () => mint.engine.store.call('epochByUnit', unit);
  const open = await row();
  assert.ok(open);
  const closing = { hashLe: new Uint8Array(32), height: TIP - 100, reward: 1_000n };
  assert.equal(holderStateOf(open, TIP), 'open');
  assert.equal(holderStateOf({ ...open, isFinal: false }, TIP), 'provisional');
  assert.equal(holderStateOf({ ...open, closing }, TIP), 'maturing');
  assert.equal(holderStateOf({ ...open, standing: 'stranded' }, TIP), 'stranded');
  assert.equal(holderStateOf({ ...open, standing: 'dissolved' }, TIP), 'dissolved');
  await fixPrice(mint, epoch);
  const priced = await row();
  assert.ok(priced);
  assert.equal(holderStateOf(priced, undefined), 'redeemable');
  assert.equal(holderStateOf({ ...priced, standing: 'stranded' }, TIP), 'redeemable');
  assert.equal(holderStateOf(priced, TIP + priced.windowBlocks), 'expired');
});

test('an older copy and its journal make the same redemptions, and the same books', async (t) => {
  const folder = temporaryFolder();
  const [place, copy, journalFolder] = ['mint.sqlite', 'copy.sqlite', 'journal'].map((name) =>
    join(folder, name),
  );
  assert.ok(place && copy && journalFolder);
  const { mint, epoch, proofs, redemptions, outputs } = await scene(t, { place, journalFolder });
  await mint.engine.close();
  closeEpoch(place, epoch, 1_000n, 24n);
  copyFileSync(place, copy);
  mint.engine = await Engine.open({ path: place, seed: SEED, threads: 1, journalFolder });
  await fixPrice(mint, epoch);
  await redemptions().redeem({ inputs: proofs.slice(0, 1), outputs: outputs(512) });
  await mint.engine.store.call('expireEpoch', { epoch, height: TIP + 1, isCarried: true });
  const books = auditMint(place);
  await mint.engine.close();

  const now = new Date();
  const restored = { place: copy, journal: journalFolder, isNoted: true, made: now.toISOString(), now };
  assert.deepEqual(bringUpToDate(restored), { redone: 3, frozen: undefined });
  assert.deepEqual(auditMint(copy), books);
  assert.equal(books.sats.balances.carried, 512n);
});
