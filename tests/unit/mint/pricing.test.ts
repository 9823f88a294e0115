import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { COINBASE_MATURITY } from '../../../domain/epochs/redemption-window.ts';
import { quoteIdText } from '../../../protocols/cashu/quote-id.ts';
import { auditMint } from '../../../roles/mint/books.ts';
import { PATIENCE_BLOCKS, Pricing } from '../../../roles/mint/pricing.ts';
import { closeEpoch } from '../../harness/close-epoch.ts';
import { runSql } from './coinbase-payout-scene.ts';
import { epochScene, FIRST, REWARD } from './epoch-scene.ts';
import { acceptedWork } from './support.ts';

const NEVER_MS = 3_600_000;

/** A pool whose first epoch has two shares and one on a block that nobody knows, and a block of it that closed that at `FIRST` + 1. */
async function closedEpoch(t: TestContext, isCarried = true) {
  const scene = await epochScene(t, { confirmations: 1, windowBlocks: 200 });
  scene.setTerms({ feePpm: 100_000, windowBlocks: 20 });
  const { engine, chain } = scene;
  const logged: { alert?: string; msg: string }[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void logged.push(JSON.parse(line)) });
  const height = () => chain.tip?.height;
  const settled: boolean[] = [];
  /** Whether the first epoch has its price, each time that quotes are looked at again. */
  const settle = async () => void settled.push((await epoch(FIRST))?.price !== undefined);
  const pricing = new Pricing({ engine, height, isCarried, settle, log, intervalMs: NEVER_MS });
  t.after(() => pricing.close());
  const outbox = scene.outbox();
  const tipHash = () => chain.blocks.at(-1)?.hashLe ?? new Uint8Array(32);
  await outbox.share(tipHash());
  await outbox.share(tipHash());
  const waiting = await outbox.share(randomBytes(32));
  await outbox.block(scene.pays());
  await scene.follow();
  const epoch = (at: number) => engine.store.call('epochByUnit', scene.unit(at));
  /** Mines so many blocks, and looks for what is due. */
  const on = async (blocks: number) => {
    chain.mine(blocks);
    await scene.follow();
    await pricing.run();
  };
  return { scene, engine, tipHash, outbox, waiting, logged, settled, pricing, epoch, on };
}

test('a price is fixed 100 blocks after the boundary, once, for all the work of the epoch', async (t) => {
  const { scene, tipHash, engine, outbox, logged, epoch, on } = await closedEpoch(t);
  await outbox.share(tipHash());
  await on(99);
  assert.equal((await epoch(FIRST))?.price, undefined);
  let told = 0;
  engine.events.on('keysets-changed', () => told++);
  await on(1);
  const priced = await epoch(FIRST);
  // The block is a share itself; the first epoch opened without a fee.
  assert.deepEqual(priced?.price, { rewardSats: REWARD, feeSats: 0n, payableSats: REWARD, work: 3n });
  assert.equal(priced?.pricedHeight, FIRST + 101);
  assert.ok(told > 0);
  assert.deepEqual(
    logged.flatMap(({ alert }) => alert ?? []),
    ['no-sat-keyset'],
  );
  await on(1);
  assert.deepEqual(await epoch(FIRST), priced);
  assert.equal((await epoch(FIRST + 1))?.price, undefined, 'the open one has none');
  assert.equal(scene.alerts().length, 0);
  assert.deepEqual(auditMint(scene.mint.path).sats.contradictions, []);
});

test('a quote whose block nobody knows has no part in a price, and waits on in the open epoch', async (t) => {
  const { scene, tipHash, outbox, waiting, settled, epoch, on } = await closedEpoch(t);
  assert.equal(waiting.unit, scene.unit(FIRST));
  await outbox.share(tipHash());
  await on(99);
  assert.deepEqual(settled, [], 'there is nothing to be priced');
  await on(1);
  assert.deepEqual(settled, [false], 'what waits is looked at right before');
  assert.equal((await epoch(FIRST))?.price?.work, 3n);
  assert.equal((await scene.again(waiting)).unit, scene.unit(FIRST + 1));
  scene.audit();
  assert.deepEqual(auditMint(scene.mint.path).sats.contradictions, []);
});

test('a price waits for an outbox that has not passed the boundary, a day at most', async (t) => {
  const { scene, tipHash, outbox, logged, pricing, epoch, on } = await closedEpoch(t);
  await on(100);
  assert.equal((await epoch(FIRST))?.price, undefined);
  assert.match(logged.at(-1)?.msg ?? '', /waits for outboxes .* at height 346 it is fixed without them/);
  await outbox.share(tipHash());
  await pricing.run();
  assert.ok((await epoch(FIRST))?.price);

  const other = await closedEpoch(t);
  await other.on(100 + PATIENCE_BLOCKS - 1);
  assert.equal((await other.epoch(FIRST))?.price, undefined);
  await other.on(1);
  assert.ok((await other.epoch(FIRST))?.price);
  assert.ok(other.logged.some(({ alert }) => alert === 'outbox-left-behind'));
  assert.equal(scene.alerts().length, 0);
});

test('epochs of one pool that wait for its outbox, however many, hold back no price of another pool', async (t) => {
  const { scene, engine, tipHash, outbox, epoch, on } = await closedEpoch(t);
  const { mint } = scene;
  for (let i = 0; i < 20; i++) await outbox.block(scene.pays());
  await scene.follow();
  await outbox.share(tipHash());
  // By an outbox that passes no boundary.
  await mint.addQuotes(randomBytes(33), [0]);
  const poolId = mint.curve.publicKey(randomBytes(32));
  const opened = FIRST + 40;
  await engine.epochs.openFirst({ poolId, height: opened, policy: 'target', minimumDifficulty: 0 });
  const { epoch: other, segment } = engine.epochs.current(poolId) ?? {};
  assert.ok(other !== undefined && segment !== undefined);
  const records = [acceptedWork(segment, randomBytes(33), 3)];
  const from = { poolId, outboxId: randomBytes(16), firstSeq: 1n, reachedHeight: opened + 1 };
  await engine.storeWork({ ...from, records });
  closeEpoch(mint.path, other, REWARD);
  await on(opened + 1 + COINBASE_MATURITY - FIRST - 21);
  assert.equal((await epoch(FIRST))?.price, undefined);
  assert.equal((await engine.store.call('epochById', other))?.price?.work, 8n);
});

for (const isCarried of [true, false]) {
  test(`what nobody redeems of an epoch ${isCarried ? 'backs the next one' : "is the operator's"}`, async (t) => {
    const { scene, tipHash, outbox, epoch, on } = await closedEpoch(t, isCarried);
    await outbox.share(tipHash());
    await on(100);
    const first = await epoch(FIRST);
    assert.ok(first);
    await on(first.windowBlocks);
    await outbox.block(scene.pays());
    await scene.follow();
    await outbox.share(tipHash());
    await on(100);
    const second = await epoch(FIRST + 1);
    assert.ok(second?.price);
    const reward = isCarried ? 2n * REWARD : REWARD;
    assert.deepEqual([second.price.rewardSats, second.price.feeSats], [reward, reward / 10n]);
    const { balances, contradictions } = auditMint(scene.mint.path).sats;
    assert.deepEqual(contradictions, []);
    assert.deepEqual(
      [balances.coinbase, balances.ehash, balances.fees, balances.expired, balances.carried],
      [-2n * REWARD, reward - reward / 10n, reward / 10n, isCarried ? 0n : REWARD, 0n],
    );
  });
}

test('no work goes into an epoch whose price is fixed, also none that waits or has nowhere else to go', async (t) => {
  const { scene, engine, tipHash, outbox, epoch, on } = await closedEpoch(t);
  const { poolId } = scene.mint;
  const { segment } = engine.epochs.ofPool(poolId)[0] ?? {};
  assert.ok(segment !== undefined);
  await outbox.share(tipHash());
  await on(100);
  const first = await epoch(FIRST);
  const work = { ...acceptedWork(segment, randomBytes(33), 0), isWaiting: true };
  const from = { poolId, outboxId: randomBytes(16) };
  await engine.storeWork({ ...from, firstSeq: 1n, records: [work] });
  const [quote] = await engine.quotes([quoteIdText(work.quoteId)]);
  assert.equal(quote?.unit, scene.unit(FIRST + 1));
  await engine.settle([{ quoteId: work.quoteId, segment, reason: undefined }]);
  const { work: ehash } = await engine.store.call('epochWork', first?.epoch ?? 0);
  assert.equal(ehash, first?.price?.work);
  scene.audit();

  runSql(scene.mint.path, "UPDATE epochs SET standing = 'stranded' WHERE opened_height > ?", FIRST);
  const next = engine.storeWork({
    ...from,
    firstSeq: 2n,
    records: [acceptedWork(segment, randomBytes(33), 0)],
  });
  await assert.rejects(next, { code: 'no-open-epoch' });
});
