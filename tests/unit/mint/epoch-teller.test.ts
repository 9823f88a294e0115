import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EPOCH_STATES, type StatsMessageOf } from '../../../protocols/stats/messages.ts';
import { auditMint } from '../../../roles/mint/books.ts';
import { EpochTeller } from '../../../roles/mint/epoch-teller.ts';
import { Pricing } from '../../../roles/mint/pricing.ts';
import { silent } from '../services/stats/scene.ts';
import { epochScene, FIRST, REWARD } from './epoch-scene.ts';

test('each state of an epoch is told once, with what stands behind it', async (t) => {
  const scene = await epochScene(t, { confirmations: 2 });
  scene.setTerms({ feePpm: 100_000, windowBlocks: 50 });
  const { engine, chain } = scene;
  const height = () => chain.tip?.height;
  const told: StatsMessageOf<'EpochState'>[] = [];
  const send = (message: StatsMessageOf<'EpochState'>) => void told.push(message);
  const teller = new EpochTeller({ engine, height, confirmations: 2, send, clock: () => 7 });
  const pricing = new Pricing({ engine, height, isCarried: false, log: silent, intervalMs: 3_600_000 });
  t.after(() => pricing.close());
  /** What is told anew of each epoch, by the height that opened it. */
  const news = async () => {
    told.length = 0;
    await teller.tell();
    return told.map(({ opened_height, state, due_height }) => [
      opened_height,
      EPOCH_STATES[state],
      due_height,
    ]);
  };
  const tipHash = () => chain.blocks.at(-1)?.hashLe ?? new Uint8Array(32);
  const outbox = scene.outbox();

  assert.equal(await engine.store.call('owedForEhash', null), 0n);
  const first = await outbox.share(tipHash());
  assert.deepEqual(await news(), [[FIRST, 'open', 0]]);
  assert.deepEqual(await news(), [], 'what has not changed is not told again');
  await scene.issue(first);
  assert.deepEqual(await news(), [[FIRST, 'open', 0]]);
  assert.deepEqual([told[0]?.work, told[0]?.issued, told[0]?.outstanding], [1n, 1n, 1n]);

  const block = scene.pays();
  await scene.follow();
  assert.deepEqual(await news(), [[FIRST + 1, 'unproven', FIRST + 2]]);
  await outbox.block(block);
  await scene.follow();
  assert.deepEqual(await news(), [
    [FIRST, 'maturing', FIRST + 101],
    [FIRST + 1, 'provisional', FIRST + 2],
  ]);
  assert.deepEqual([told[0]?.closed_height, told[0]?.reward_sat], [FIRST + 1, REWARD]);
  await outbox.share(tipHash());
  chain.mine();
  await scene.follow();
  assert.deepEqual(await news(), [[FIRST + 1, 'open', 0]]);

  chain.mine(99);
  await scene.follow();
  await pricing.run();
  assert.deepEqual(await news(), [[FIRST, 'redeemable', 0]]);
  const [priced] = told;
  assert.ok(priced);
  assert.equal(priced.at, 7n);
  assert.deepEqual(
    [priced.is_priced, priced.payable_sat, priced.work, priced.redeemed_sat, priced.redeemable_height],
    [1, REWARD, 2n, 0n, FIRST + 101],
  );

  assert.equal(await engine.store.call('owedForEhash', null), REWARD);
  assert.equal(auditMint(scene.mint.path).sats.balances.ehash, REWARD, 'the same as in the books');

  // The first epoch opened by the mint's own terms, whose window is a year.
  const blocks = priced.end_height - (height() ?? 0);
  assert.equal(blocks, 52_560);
});

test('an epoch whose ehash is out and whose block is lost is stranded, and dissolved where none is', async (t) => {
  const scene = await epochScene(t, { confirmations: 1 });
  const { engine, chain } = scene;
  const told: string[] = [];
  const teller = new EpochTeller({
    ...{ engine, confirmations: 1, clock: () => 7, height: () => chain.tip?.height },
    send: ({ opened_height, state, gifts_sat }) =>
      void told.push(`${opened_height} ${EPOCH_STATES[state]} ${gifts_sat}`),
  });
  const outbox = scene.outbox();
  chain.mine();
  const block = scene.pays();
  await outbox.block(block);
  await scene.follow();
  const quote = await outbox.share(block);
  await scene.issue(quote);
  await teller.tell();
  told.length = 0;
  chain.leave(FIRST + 1);
  chain.mine(3);
  await scene.follow();
  await teller.tell();
  assert.deepEqual(told.toSorted(), [`${FIRST} open 0`, `${FIRST + 2} stranded 0`]);
});
