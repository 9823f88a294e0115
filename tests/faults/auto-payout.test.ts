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

test('a mint killed between any two writes of an auto-payout credits once and pays once', async (t) => {
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
    const { fee, payouts } = await scene.mintTransaction(arrival.txid);
    // What came back to an earlier miner's balance may be paid by the same transaction: each bears its part of the fee.
    const charged = standing.credited - standing.balance - arrival.sats;
    // Rewards of regtest are small by then: where more coins were needed than there was room for, the mint bears the rest.
    const most = scene.mostFee(address);
    const parts = [Math.floor(fee / payouts), Math.ceil(fee / payouts)].map((part) => Math.min(part, most));
    assert.ok(
      parts.includes(charged),
      `${point}: ${charged} of a fee of ${fee} for ${payouts}, at most ${most}`,
    );
    sound();
  }
});
