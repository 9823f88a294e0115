import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { auditMint } from '../../roles/mint/books.ts';
import { openWallet } from '../../services/wallet/wallet.ts';
import { AutoPaidMiner } from '../harness/auto-paid-miner.ts';
import { autoPayoutScene, FEE_PPM } from '../harness/auto-payout-scene.ts';
import { temporaryFolder } from '../harness/temporary-folder.ts';

const MNEMONIC = 'legal winner thank year wave sausage worth useful legal winner thank yellow';
/** The least balance that is paid. */
const LEAST = 100_000_000;
const SUBSIDY = 5_000_000_000n;

test('mined, matured, auto-paid to an address to the satoshi; what is too little is carried over', async (t) => {
  const { scene, outbox, miner, close, sound } = await autoPayoutScene(t, LEAST);
  const { node } = scene;
  const [big, small, other] = [await miner(6, 5), await miner(0), await miner(5)];
  const [address, smallAddress] = [await scene.newAddress(), await scene.newAddress()];
  const stranger = new AutoPaidMiner(scene.mint);
  assert.equal((await stranger.register(1, address)).code, 40025, 'a key without a share');
  assert.equal((await big.register(1, 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4')).code, 40000);
  assert.equal((await big.register(1, address)).address, address);
  assert.equal((await small.register(1, smallAddress)).code, undefined);
  assert.equal((await big.register(1, smallAddress)).code, 40022, 'the counter must rise');

  const unit = await close();
  await node.generate(99);
  assert.deepEqual(
    (await big.quotes()).map(({ state }) => state),
    ['PAID', 'PAID'],
  );
  await node.generate(1);
  const paid = await scene.until(
    async () => {
      await node.generate(1);
      return big.standing();
    },
    ({ payments }) => payments.some(({ paid }) => paid !== null),
  );
  assert.deepEqual(
    (await big.quotes()).map(({ state }) => state),
    ['AUTO_PAID', 'AUTO_PAID'],
  );
  const epoch = (await (await fetch(`${scene.mint.url}/v1/ehash/epochs/${unit}`)).json()) as { work: number };
  const payable = (SUBSIDY * BigInt(1_000_000 - FEE_PPM)) / 1_000_000n;
  const worth = (ehash: number) => Number((payable * BigInt(ehash)) / BigInt(epoch.work));
  assert.deepEqual(paid.credits, [{ unit, ehash: 96, sats: worth(96) }]);
  const [payment] = paid.payments;
  assert.ok(payment && payment.paid !== null);
  const [arrival, ...more] = await scene.arrivals(address);
  assert.ok(arrival);
  assert.deepEqual([more, `${arrival.txid}:${arrival.vout}`], [[], payment.outpoint]);
  // To the satoshi: what was credited has arrived, was the chain's fee, or is still owed.
  const { fee } = await scene.mintTransaction(arrival.txid);
  assert.equal(arrival.sats + fee + paid.balance, worth(96));
  assert.equal(payment.paid, arrival.sats + fee);

  const carried = await small.standing();
  assert.deepEqual([carried.balance, carried.payments], [worth(1), []]);
  assert.ok(worth(1) < LEAST);
  assert.deepEqual(
    (await other.quotes()).map(({ state }) => state),
    ['PAID'],
    'who has not asked for it is not paid so',
  );
  sound();

  // The next epoch brings the small one beyond the least, and he is paid for both.
  await outbox.mine(node, small.publicKey, 6);
  await outbox.stored();
  const next = await close();
  await node.generate(100);
  const both = await scene.until(
    async () => {
      await node.generate(1);
      return small.standing();
    },
    ({ payments }) => payments.some(({ paid }) => paid !== null),
  );
  assert.deepEqual(
    both.credits.map((credit) => credit.unit),
    [next, unit],
  );
  const [second] = await scene.arrivals(smallAddress);
  assert.ok(second);
  const feeOfSecond = (await scene.mintTransaction(second.txid)).fee;
  assert.equal(second.sats + feeOfSecond + both.balance, both.credited);
  sound();
  const { balances } = auditMint(scene.mint.databasePath).sats;
  const owed = paid.balance + both.balance;
  assert.deepEqual(
    [Number(balances.payouts), Number(balances.paid)],
    [owed, arrival.sats + fee + second.sats + feeOfSecond],
  );
  assert.doesNotMatch(scene.mint.output, /"alert"/);
});

test('a wallet has one of its keys paid out, mints none of that meanwhile, and takes it back', async (t) => {
  const { scene, outbox } = await autoPayoutScene(t, LEAST);
  const wallet = await openWallet({
    path: join(temporaryFolder(), 'wallet.sqlite'),
    mnemonic: MNEMONIC,
    mintUrl: scene.mint.url,
    log: { info: () => undefined },
  });
  t.after(() => wallet.close());
  const own = await wallet.keyForChannel('username');
  const address = await scene.newAddress();
  const refused = (words: RegExp) => ({ code: 'mint-refused', message: words });
  await assert.rejects(wallet.startAutoPayout({ address, threshold: 0n }), refused(/no share for this key/));
  await outbox.mine(scene.node, own, 4);
  await outbox.stored();
  await assert.rejects(
    wallet.startAutoPayout({ address: 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4', threshold: 0n }),
    refused(/is not one of regtest/),
  );
  await assert.rejects(
    wallet.startAutoPayout({ address, threshold: BigInt(LEAST - 1) }),
    refused(/threshold is 99999999 sats; this mint pays balances of 100000000 or more/),
  );
  const stranger = `02${'79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'}`;
  await assert.rejects(wallet.startAutoPayout({ address, threshold: 0n, key: stranger }), {
    code: 'not-own-key',
  });
  assert.equal(await wallet.autoPayout(), undefined);

  const on = await wallet.startAutoPayout({ address, threshold: BigInt(LEAST) });
  assert.deepEqual([on.address, on.threshold, on.balance], [address, BigInt(LEAST), 0n]);
  await outbox.mine(scene.node, own, 3);
  await outbox.stored();
  assert.deepEqual(await wallet.collect(), { minted: 0n, waiting: 0n });
  assert.deepEqual(await wallet.autoPayout(), on);

  const off = await wallet.endAutoPayout();
  assert.equal(off.address, undefined);
  assert.ok(off.counter > on.counter);
  assert.equal((await wallet.collect()).minted, 24n);
});
