import assert from 'node:assert/strict';
import { test } from 'node:test';
import { epochScene, FIRST, REWARD, readRows } from './epoch-scene.ts';

test('a block of the pool closes the open epoch with its reward, and opens one that is final at its depth', async (t) => {
  const s = await epochScene(t);
  const outbox = s.outbox();
  const before = await outbox.share(s.chain.mine());
  assert.deepEqual([before.unit, before.state], [s.unit(FIRST), 'PAID']);
  const x = s.pays();
  const found = await outbox.block(x);
  assert.equal(found.unit, s.unit(FIRST), 'the block itself is work of the epoch that it closes');
  const after = await outbox.share(x);
  await s.follow();
  assert.deepEqual(await s.epochs(), ['101 live final closed 103 50', '103 live']);
  assert.equal((await s.again(after)).unit, s.unit(103));
  assert.equal((await s.again(after)).state, 'UNPAID');
  await assert.rejects(s.issue(await s.again(after)), { code: 'quote-unpaid' });
  await s.issue(await s.again(before));
  s.chain.mine();
  await s.follow();
  assert.equal((await s.again(after)).state, 'UNPAID');
  s.chain.mine();
  await s.follow();
  assert.equal((await s.again(after)).state, 'PAID');
  await s.issue(await s.again(after));
  assert.equal(s.engine.epochs.current(s.mint.poolId)?.unit, s.unit(103));
  assert.deepEqual(s.alerts(), []);
  s.audit();
});

test('a share goes by its prev hash, not by when it comes, and by whichever outbox', async (t) => {
  const s = await epochScene(t);
  const [outbox, heldBack] = [s.outbox(), s.outbox()];
  const below = s.chain.mine();
  const x = s.pays();
  await outbox.block(x);
  await s.follow();
  const late = await heldBack.share(below);
  assert.equal(late.unit, s.unit(FIRST));
  assert.equal((await outbox.share(s.chain.mine())).unit, s.unit(103), 'the chain is followed for it');
  s.audit();
});

test('work on a block that pays the pool waits until it is known whose block that is', async (t) => {
  const s = await epochScene(t);
  const [finder, other] = [s.outbox(), s.outbox()];
  await finder.share(s.chain.mine());
  const x = s.pays();
  const quote = await other.share(x);
  assert.deepEqual([quote.unit, quote.state], [s.unit(103), 'UNPAID']);
  s.chain.mine(10);
  await s.follow();
  assert.deepEqual(
    await s.epochs(),
    ['101 live final', '103 unproven'],
    'the finder may still hold its share',
  );
  assert.equal(s.engine.epochs.current(s.mint.poolId)?.unit, s.unit(FIRST));
  await finder.block(x);
  await s.follow();
  assert.deepEqual(await s.epochs(), ['101 live final closed 103 50', '103 live final']);
  await s.issue(await s.again(quote));
  s.audit();
});

test('while the share of a block has not come, it is asked for again without a new block', async (t) => {
  const s = await epochScene(t);
  const outbox = s.outbox();
  const x = s.pays();
  await outbox.share(x);
  assert.equal(await s.keeper.arrange(), true);
  assert.deepEqual(await s.epochs(), ['101 live final', '102 unproven']);
  await outbox.block(x);
  assert.equal(await s.keeper.arrange(), false);
  assert.deepEqual(await s.epochs(), ['101 live final closed 102 50', '102 live']);
});

test('a satoshi of a stranger closes nothing: it backs the open epoch, and work on it is paid there', async (t) => {
  const s = await epochScene(t);
  const outbox = s.outbox();
  const x = s.pays(1n);
  const quote = await outbox.share(x);
  assert.deepEqual(await s.epochs(), ['101 live final', '102 unproven']);
  s.chain.mine(2);
  await s.follow();
  assert.deepEqual(await s.epochs(), ['101 live final', '102 dissolved']);
  const paid = await s.again(quote);
  assert.deepEqual([paid.unit, paid.state], [s.unit(FIRST), 'PAID']);
  assert.equal(s.engine.epochs.current(s.mint.poolId)?.gifts, 1n);
  assert.deepEqual(s.alerts(), ['gift']);
  await s.issue(paid);
  const y = s.pays();
  await outbox.block(y);
  await s.follow();
  assert.deepEqual((await s.epochs()).at(0), `101 live final closed 105 ${REWARD}`);
  assert.equal(s.engine.epochs.ofPool(s.mint.poolId)[0]?.gifts, 1n, 'a gift goes on backing it');
  s.audit();
});

test('a share that comes after its block was taken for a gift makes it a boundary all the same', async (t) => {
  const s = await epochScene(t);
  const [other, finder] = [s.outbox(), s.outbox()];
  const x = s.pays();
  const [minted, kept] = [await other.share(x), await other.share(x)];
  s.chain.mine(2);
  await s.follow();
  assert.deepEqual(s.alerts(), ['gift']);
  await s.issue(await s.again(minted));
  await finder.block(x);
  await s.follow();
  assert.deepEqual(await s.epochs(), ['101 live final closed 102 50', '102 live final']);
  assert.equal(s.engine.epochs.ofPool(s.mint.poolId)[0]?.gifts, 0n);
  assert.equal((await s.again(minted)).unit, s.unit(FIRST));
  assert.equal(
    (await s.again(kept)).unit,
    s.unit(FIRST),
    'a segment of which something was minted is never moved',
  );
  assert.equal((await other.share(x)).unit, s.unit(102));
  s.audit();
});

test('an orphaned boundary dissolves its epoch, and its quotes are of the epoch before again', async (t) => {
  const s = await epochScene(t);
  const { outbox, x } = await s.boundaryAt103();
  const quote = await outbox.share(x);
  await s.follow();
  const branch = s.chain.invalidate(103);
  const z = s.chain.mine();
  await s.follow();
  assert.deepEqual(await s.epochs(), ['101 live final', '103 dissolved']);
  const paid = await s.again(quote);
  assert.deepEqual([paid.unit, paid.state], [s.unit(FIRST), 'PAID']);
  const orphan = await outbox.share(x);
  assert.deepEqual(
    [orphan.unit, orphan.state],
    [s.unit(FIRST), 'PAID'],
    'on the branch of the orphan as well',
  );
  assert.equal((await outbox.share(z)).unit, s.unit(FIRST));
  s.audit();

  s.chain.leave(103);
  s.chain.comeBackTo(103, branch);
  s.chain.mine();
  await s.follow();
  assert.deepEqual(await s.epochs(), ['101 live final closed 103 50', '103 live']);
  assert.deepEqual([(await s.again(quote)).unit, (await s.again(quote)).state], [s.unit(103), 'UNPAID']);
  s.audit();
});

test('what was minted in the epoch before stays there when the orphan comes back', async (t) => {
  const s = await epochScene(t);
  const { outbox, x } = await s.boundaryAt103();
  const [minted, kept] = [await outbox.share(x), await outbox.share(x)];
  await s.follow();
  const branch = s.chain.invalidate(103);
  s.chain.mine();
  await s.follow();
  await s.issue(await s.again(minted));
  s.chain.leave(103);
  s.chain.comeBackTo(103, branch);
  s.chain.mine();
  await s.follow();
  assert.deepEqual(await s.epochs(), ['101 live final closed 103 50', '103 live']);
  assert.equal((await s.again(minted)).unit, s.unit(FIRST));
  assert.deepEqual([(await s.again(kept)).unit, (await s.again(kept)).state], [s.unit(FIRST), 'PAID']);
  assert.equal((await outbox.share(x)).unit, s.unit(103));
  s.audit();
});

test('another block of the pool at the same height serves the same unit and keyset', async (t) => {
  const s = await epochScene(t);
  const { outbox, x } = await s.boundaryAt103();
  const quote = await outbox.share(x);
  await s.follow();
  const before = await s.engine.store.call('epochByUnit', s.unit(103));
  s.chain.invalidate(103);
  const y = s.pays(40n);
  await outbox.block(y);
  await s.follow();
  const after = await s.engine.store.call('epochByUnit', s.unit(103));
  assert.deepEqual([after?.epoch, after?.keysetId], [before?.epoch, before?.keysetId]);
  assert.deepEqual(await s.epochs(), ['101 live final closed 103 40', '103 live']);
  assert.equal((await s.again(quote)).unit, s.unit(FIRST), 'it was mined on the orphan');
  assert.equal((await outbox.share(y)).unit, s.unit(103));
  s.audit();
});

test('a reward that moves by a block opens a unit of its own height', async (t) => {
  const s = await epochScene(t);
  const { outbox, x } = await s.boundaryAt103();
  await outbox.share(x);
  await s.follow();
  s.chain.invalidate(103);
  s.chain.mine();
  const y = s.pays();
  await outbox.block(y);
  await s.follow();
  assert.deepEqual(await s.epochs(), ['101 live final closed 104 50', '103 dissolved', '104 live']);
  s.audit();
});

test('a chain of boundaries that is left falls back to where it parted, and no further', async (t) => {
  const s = await epochScene(t, { confirmations: 6 });
  const outbox = s.outbox();
  const [x, y] = [s.pays(), s.pays()];
  await outbox.block(x);
  await outbox.block(y);
  const [onX, onY] = [await outbox.share(x), await outbox.share(y)];
  await s.follow();
  assert.deepEqual(await s.epochs(), ['101 live final closed 102 50', '102 live closed 103 50', '103 live']);
  s.chain.invalidate(103);
  s.chain.mine();
  await s.follow();
  assert.equal((await s.again(onY)).unit, s.unit(102));
  s.chain.invalidate(102);
  s.chain.mine(2);
  await s.follow();
  assert.deepEqual(await s.epochs(), ['101 live final', '102 dissolved', '103 dissolved']);
  assert.deepEqual([(await s.again(onX)).unit, (await s.again(onY)).unit], [s.unit(FIRST), s.unit(FIRST)]);
  s.audit();
});

test('work on a branch that was never the chain is placed where it left it, once that lies deep enough', async (t) => {
  const s = await epochScene(t);
  const outbox = s.outbox();
  s.chain.mine();
  const [stale] = [s.pays()];
  s.chain.invalidate(103);
  s.chain.mine();
  await s.follow();
  const quote = await outbox.share(stale);
  assert.equal(quote.state, 'UNPAID', 'the branch may yet be the chain');
  s.chain.mine(2);
  await s.follow();
  assert.deepEqual([(await s.again(quote)).unit, (await s.again(quote)).state], [s.unit(FIRST), 'PAID']);
  s.audit();
});

test('a boundary that is lost after its ehash was given out stops the pool until its operator has merged', async (t) => {
  const s = await epochScene(t, { confirmations: 1 });
  const { outbox, x } = await s.boundaryAt103();
  const [minted, kept] = [await outbox.share(x), await outbox.share(x)];
  await s.follow();
  await s.issue(await s.again(minted));
  s.chain.invalidate(103);
  s.chain.mine(2);
  await s.follow();
  assert.deepEqual(await s.epochs(), ['101 live final', '103 stranded final']);
  assert.ok(s.alerts().includes('epoch-stranded'));
  await assert.rejects(s.issue(await s.again(kept)), { code: 'signing-stopped' });
  const elsewhere = await outbox.share(s.chain.mine());
  await assert.rejects(s.issue(elsewhere), { code: 'signing-stopped' });
  s.audit();

  await s.askMerge(103, FIRST);
  await s.follow();
  const lost = await s.engine.store.call('epochByUnit', s.unit(103));
  const heir = await s.engine.store.call('epochByUnit', s.unit(FIRST));
  assert.equal(lost?.mergedInto, heir?.epoch);
  await s.issue(await s.again(kept));
  await s.issue(elsewhere);
  await assert.rejects(s.askMerge(103, FIRST), { code: 'bad-merge', message: /shares a reward already/ });
  s.audit();
});

test('a boundary that is lost at any depth dissolves its epoch where nothing was given out', async (t) => {
  const s = await epochScene(t, { confirmations: 1 });
  const outbox = s.outbox();
  const x = s.pays();
  await outbox.block(x);
  const quote = await outbox.share(x);
  await s.follow();
  assert.equal((await s.again(quote)).state, 'PAID');
  s.chain.invalidate(102);
  s.chain.mine(2);
  await s.follow();
  assert.deepEqual(await s.epochs(), ['101 live final', '102 dissolved']);
  await s.issue(await s.again(quote));
  s.audit();
});

test('quotes that were counted by other terms stay in a unit of their own, which shares the next reward', async (t) => {
  const s = await epochScene(t);
  const outbox = s.outbox();
  const x = s.pays();
  s.setTerms({ policy: 'hash' });
  await outbox.block(x);
  await s.follow();
  const quote = await outbox.share(x);
  s.chain.invalidate(102);
  s.chain.mine();
  await s.follow();
  assert.deepEqual(await s.epochs(), ['101 live final', '102 stranded final']);
  const [first, lost] = s.engine.epochs.ofPool(s.mint.poolId);
  assert.equal(lost?.mergedInto, first?.epoch);
  assert.equal((await s.again(quote)).unit, s.unit(102));
  await s.issue(await s.again(quote));
  assert.equal(s.alerts().includes('epoch-stranded'), false, 'nothing is to be done about it');
  const y = s.pays();
  await outbox.block(y);
  await s.follow();
  assert.deepEqual(await s.epochs(), ['101 live final closed 103 50', '102 stranded final', '103 live']);
  s.audit();
});

test('a chain that is not followed to where an epoch opened says nothing of it', async (t) => {
  const s = await epochScene(t);
  await s.boundaryAt103();
  await s.follow();
  s.chain.invalidate(103);
  await s.follow();
  assert.deepEqual(await s.epochs(), ['101 live final closed 103 50', '103 live']);
  s.chain.mine();
  await s.follow();
  assert.deepEqual(await s.epochs(), ['101 live final', '103 dissolved']);
  s.audit();
});

test('a share that comes when the price of its epoch is fixed goes into the open one, marked late, by its terms', async (t) => {
  const s = await epochScene(t, { confirmations: 1 });
  const [outbox, heldBack] = [s.outbox(), s.outbox()];
  const below = s.chain.mine();
  const x = s.pays();
  s.setTerms({ policy: 'hash' });
  await outbox.block(x);
  await s.follow();
  const [closed] = s.engine.epochs.ofPool(s.mint.poolId);
  assert.ok(closed);
  await s.engine.store.call('fixPrice', { epochs: [closed.epoch], height: 203 });
  await s.engine.epochs.changed();
  const quote = await heldBack.share(below);
  assert.deepEqual([quote.unit, quote.state], [s.unit(103), 'PAID']);
  const late = readRows(s.mint.path, 'SELECT late_quotes.epoch FROM late_quotes JOIN quotes USING (quote)');
  assert.deepEqual(
    late.map(({ epoch }) => epoch),
    [closed.epoch],
  );
  const { issued, work } = await s.engine.store.call('epochWork', closed.epoch);
  assert.deepEqual([issued, work], [0n, 1n], 'the price was made of what was there');
  await s.issue(await s.again(quote));
});

test('two processes that lay out the same block, and one that comes again, make one epoch of it', async (t) => {
  const s = await epochScene(t);
  const outbox = s.outbox();
  const x = s.pays();
  await outbox.block(x);
  await s.follow();
  const { poolId } = s.mint;
  const before = await s.epochs();
  const { blocks, unopened } = await s.engine.store.call('course', { poolId, confirmations: 3 });
  assert.deepEqual(unopened, []);
  const terms = { policy: 'target', minimumDifficulty: 0, feePpm: 0, windowBlocks: 1 } as const;
  const again = await s.engine.store.call('arrangeEpochs', { poolId, blocks, terms, keysets: [] });
  assert.deepEqual(again, { epochs: [], gifts: [] });
  assert.deepEqual(await s.epochs(), before);
  const unknown = blocks.map((block) => ({ ...block, height: 300, hash: 'ab'.repeat(32) }));
  await assert.rejects(
    s.engine.store.call('arrangeEpochs', { poolId, blocks: unknown, terms, keysets: [] }),
    {
      code: 'epochs-moved',
    },
  );
  s.audit();
});
