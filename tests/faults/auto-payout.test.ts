import assert from 'node:assert/strict';
import { test } from 'node:test';
import { autoPayoutScene } from '../harness/auto-payout-scene.ts';

/** Between any two writes of an auto-payout; those of the payout itself are payout-schema.ts's. */
const POINTS = [
  'payout-registered',
  'payouts-credited',
  'balance-held',
  'payout-promised',
  'payout-built',
  'payout-stored',
  'payout-sent',
  'melt-paid',
  'melt-signed',
  'melt-finished',
] as const;

/** Below which bitcoind's wallet makes no change, in sats: what an output costs to make and, at a high rate, to spend. */
const DUST = 1_000;

test('a mint killed between any two writes of an auto-payout credits once and pays once', {
  timeout: 600_000,
}, async (t) => {
  const { scene, miner, close, sound } = await autoPayoutScene(t);
  const { node } = scene;
  for (const point of POINTS) {
    const paid = await miner(6);
    const address = await scene.newAddress();
    const register = () => paid.register(1, address);
    if (point === 'payout-registered') await scene.killedAt(point, register, false);
    assert.equal((await register()).address, address, point);
    const unit = await close();
    await node.generate(99);
    if (point === 'payout-registered') await node.generate(1);
    else await scene.killedAt(point, () => node.generate(1));
    const standing = await scene.until(
      async () => {
        await node.generate(1);
        return paid.standing();
      },
      ({ payments }) => payments.some((payment) => payment.paid !== null),
    );
    assert.deepEqual(
      standing.credits.map((credit) => [credit.unit, credit.ehash]),
      [[unit, 64]],
      point,
    );
    const [payment] = standing.payments;
    const arrivals = await scene.arrivals(address);
    assert.deepEqual(
      arrivals.map(({ txid, vout }) => `${txid}:${vout}`),
      [payment?.outpoint],
      point,
    );
    const [arrival] = arrivals;
    assert.ok(arrival);
    const { fee } = await scene.mintTransaction(arrival.txid);
    const charged = standing.credited - standing.balance - arrival.sats;
    // Change too small for an output goes to the miners of the chain with the fee, and that is not the balance's.
    assert.ok(
      charged > 0 && charged <= fee && fee - charged < DUST,
      `${point}: ${charged} of a fee of ${fee}`,
    );
    sound();
  }
});
