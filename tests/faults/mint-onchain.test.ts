import assert from 'node:assert/strict';
import { cp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { auditMint } from '../../roles/mint/books.ts';
import { OnchainScene, type PayoutQuote } from '../harness/onchain-scene.ts';

/**
 * The mint is killed between any two steps of a payout, as roles/mint/payments/bitcoind/payout-schema.ts counts them;
 * after the next start the payout comes to its end, on the chain once, and the sums hold.
 */
const points = [
  'melt-begun',
  'payout-promised',
  'payout-built',
  'payout-stored',
  'payout-sent',
  'payout-noted',
  'payout-final',
  'melt-signed',
  'melt-finished',
] as const;

const MANY_BLOCKS = 101;

/** Sums of the sat unit: what is out is what deposits brought less what payouts took. */
function checkSums({ mint }: OnchainScene): void {
  const sums = auditMint(mint.databasePath).units.get('sat');
  assert.ok(sums);
  assert.equal(sums.pending, 0n);
  assert.ok(sums.outstanding <= sums.issued - sums.redeemed);
  assert.equal(sums.paid, sums.credited);
}

/** A block that leaves the mempool's transactions where they are. */
async function mineEmpty({ node }: OnchainScene, address: string): Promise<void> {
  await node.rpc.call('generateblock', [address, []]);
}

async function begin(
  scene: OnchainScene,
): Promise<{ quote: PayoutQuote; address: string; pay: () => Promise<unknown> }> {
  const proofs = await scene.sats(20_000);
  const address = await scene.newAddress();
  const quote = await scene.payoutQuote(address, 15_000);
  return { quote, address, pay: () => scene.pay(quote, proofs, scene.tokens.outputs(8_191)) };
}

test('a mint killed at any step of a payout makes it once', async (t) => {
  const scene = await OnchainScene.open(t);
  for (const point of points) {
    const { quote, address, pay } = await begin(scene);
    await scene.killedAt(point, pay);
    const paid = await scene.untilPaidOut(quote);
    const arrivals = await scene.arrivals(address);
    assert.deepEqual(
      arrivals.map(({ txid, vout, sats }) => ({ outpoint: `${txid}:${vout}`, sats })),
      [{ outpoint: paid.outpoint, sats: 15_000 }],
      point,
    );
    checkSums(scene);
  }
});

test('a payout that takes too long pays a higher fee, once, also where the mint is killed over it', async (t) => {
  const scene = await OnchainScene.open(t);
  for (const point of [undefined, 'replacement-built', 'replacement-stored']) {
    const { quote, address, pay } = await begin(scene);
    await pay();
    const before = await scene.untilSent(quote);
    const mine = await scene.newAddress();
    const mineSome = async () => {
      for (let i = 0; i < 2; i++) await mineEmpty(scene, mine);
    };
    if (point) await scene.killedAt(point, mineSome, false);
    else await mineSome();
    const after = await scene.until(
      () => scene.payoutState(quote),
      ({ outpoint }) => outpoint !== before.outpoint,
    );
    await scene.untilPaidOut(quote);
    const arrivals = await scene.arrivals(address);
    assert.deepEqual(
      arrivals.map(({ txid, vout }) => `${txid}:${vout}`),
      [after.outpoint],
    );
    const [was, is] = [before, after].map(({ outpoint }) => outpoint?.split(':')[0] ?? '');
    const [old, replaced] = [await scene.mintTransaction(was ?? ''), await scene.mintTransaction(is ?? '')];
    assert.ok(replaced.fee >= 2 * old.fee, `${replaced.fee} after ${old.fee}`);
    checkSums(scene);
  }
});

test('a payout is not made again by a mint whose store of payouts is lost or set back', async (t) => {
  const scene = await OnchainScene.open(t);
  const state = join(scene.mint.folder, 'state');
  const copy = join(scene.mint.folder, 'copy');
  for (const what of ['set back', 'lost']) {
    const { quote, address, pay } = await begin(scene);
    await scene.mint.end('SIGTERM');
    await scene.mint.start('payout-promised');
    // The mint may be gone before it has answered.
    await Promise.allSettled([pay()]);
    await scene.untilGone();
    await cp(state, copy, { recursive: true });
    await scene.mint.start();
    const { outpoint } = await scene.untilSent(quote);
    await scene.mint.end('SIGKILL');
    for (const name of await readdir(state)) {
      if (!name.startsWith('onchain.sqlite')) continue;
      await rm(join(state, name));
      if (what === 'set back') await cp(join(copy, name), join(state, name), { force: true });
    }
    await scene.mint.start();
    const paid = await scene.untilPaidOut(quote);
    assert.equal(paid.outpoint, outpoint);
    assert.deepEqual(
      (await scene.arrivals(address)).map(({ txid, vout }) => `${txid}:${vout}`),
      [outpoint],
      what,
    );
    assert.match(scene.mint.output, /"alert":"payout-remembered"/);
    checkSums(scene);
    await rm(copy, { recursive: true });
  }
});

test('a payout whose coins somebody else has spent is made with others, when that is certain', async (t) => {
  const scene = await OnchainScene.open(t);
  const { quote, address, pay } = await begin(scene);
  await scene.mint.end('SIGTERM');
  await scene.mint.start('payout-stored');
  // The mint may be gone before it has answered.
  await Promise.allSettled([pay()]);
  await scene.untilGone();
  await scene.mintWallet.call('sendall', [[await scene.newAddress()]]);
  await scene.node.generate(1);
  await scene.mint.start();
  await scene.untilSaid(/coins of a payout are gone/);
  assert.match(scene.mint.output, /"alert":"payout-coins-gone"/);
  const refill = await scene.depositQuote();
  await scene.deposit(refill, 50_000);
  await scene.node.generate(1);
  await scene.untilPaid(refill, 50_000);
  assert.deepEqual(await scene.arrivals(address), []);
  await scene.node.generate(MANY_BLOCKS);
  await scene.untilPaidOut(quote);
  assert.deepEqual(
    (await scene.arrivals(address)).map(({ sats }) => sats),
    [15_000],
  );
});
