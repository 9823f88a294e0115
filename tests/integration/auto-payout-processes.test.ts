import assert from 'node:assert/strict';
import { test } from 'node:test';
import { autoPayoutScene } from '../harness/auto-payout-scene.ts';
import { useStore } from '../harness/new-place.ts';

const MINERS = 6;

useStore('postgres');

test('two processes of one mint credit once and pay once, also where one of them is killed over it', async (t) => {
  const { scene, second, miner, close, sound } = await autoPayoutScene(t);
  const { node } = scene;
  const other = await second();
  for (const point of [undefined, 'payouts-credited', 'balance-held', 'payout-promised']) {
    const paid = [];
    for (let i = 0; i < MINERS; i++) {
      const each = await miner(5);
      const address = await scene.newAddress();
      assert.equal((await each.register(1, address)).address, address);
      paid.push({ miner: each, address });
    }
    await close();
    await node.generate(99);
    if (point) {
      await other.end('SIGTERM');
      await other.start(point);
    }
    await node.generate(1);
    for (const { miner: each, address } of paid) {
      const standing = await scene.until(
        async () => {
          await node.generate(1);
          return each.standing();
        },
        ({ payments }) => payments.some((payment) => payment.paid !== null),
      );
      assert.deepEqual([standing.credits.length, standing.payments.length], [1, 1]);
      const arrivals = await scene.arrivals(address);
      assert.deepEqual(
        arrivals.map(({ txid, vout }) => `${txid}:${vout}`),
        [standing.payments[0]?.outpoint],
      );
    }
    sound();
  }
});
