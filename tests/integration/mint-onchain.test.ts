import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OnchainScene } from '../harness/onchain-scene.ts';

const limit = { timeout: 240_000 };

test(
  'a deposit becomes tokens, and tokens a payout that is confirmed, its spare fee given back',
  limit,
  async (t) => {
    const scene = await OnchainScene.open(t);
    const quote = await scene.depositQuote();
    assert.equal(quote.expiry, null);
    assert.equal(quote.amount_paid, 0);
    await scene.deposit(quote, 100_000);
    assert.equal((await scene.depositState(quote)).amount_paid, 0, 'in the mempool it counts for nothing');
    await scene.node.generate(1);
    await scene.untilPaid(quote, 100_000);
    const [part, rest] = [await scene.take(quote, 60_000), await scene.take(quote, 40_000)];
    assert.equal((await scene.depositState(quote)).amount_issued, 100_000);

    const address = await scene.newAddress();
    const payout = await scene.payoutQuote(address, 50_000);
    const [option] = payout.fee_options;
    assert.ok(option && option.fee_reserve > 100 && option.fee_reserve < 1_000, JSON.stringify(payout));
    const blanks = scene.tokens.outputs(2 ** 14 - 1);
    const pending = await scene.pay(payout, part, blanks);
    assert.equal(pending.state, 'PENDING');
    assert.equal(pending.selected_fee_index, 0);
    const sent = await scene.untilSent(payout);
    assert.equal(sent.state, 'PENDING');
    await scene.node.generate(1);
    const paid = await scene.untilState(payout, 'PAID');
    assert.equal(paid.outpoint, sent.outpoint);
    const [arrival, ...others] = await scene.arrivals(address);
    assert.deepEqual(others, []);
    assert.equal(arrival?.sats, 50_000);
    assert.equal(`${arrival?.txid}:${arrival?.vout}`, paid.outpoint);
    const change = (paid.change ?? []).reduce((sum, { amount }) => sum + amount, 0);
    const fee = 10_000 - change;
    assert.ok(fee > 100 && fee <= option.fee_reserve, `the payout cost ${fee} of ${option.fee_reserve}`);
    assert.deepEqual(
      await scene.tokens.states(rest),
      rest.map(() => 'UNSPENT'),
    );
  },
);
