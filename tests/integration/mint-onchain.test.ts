import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OnchainScene } from '../harness/onchain-scene.ts';
import type { SatProof } from '../harness/sat-wallet.ts';

test('a deposit becomes tokens, and tokens a payout that is confirmed, its spare fee given back', async (t) => {
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
  const told = await scene.watch(payout);
  const pending = await scene.pay(payout, part, blanks);
  assert.equal(pending.state, 'PENDING');
  assert.equal(pending.selected_fee_index, 0);
  const sent = await scene.untilSent(payout);
  assert.equal(sent.state, 'PENDING');
  await scene.node.generate(1);
  const paid = await scene.untilState(payout, 'PAID');
  assert.equal(paid.outpoint, sent.outpoint);
  assert.ok(told.some(({ state, outpoint }) => state === 'PENDING' && outpoint === sent.outpoint));
  await scene.until(
    async () => told.at(-1)?.state,
    (state) => state === 'PAID',
  );
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
});

test('several deposits on one quote count each, those below the minimum do not', async (t) => {
  const scene = await OnchainScene.open(t);
  const quote = await scene.depositQuote();
  await scene.deposit(quote, 20_000);
  await scene.deposit(quote, 999);
  await scene.node.generate(1);
  await scene.untilPaid(quote, 20_000);
  await scene.take(quote, 5_000);
  await scene.deposit(quote, 30_000);
  await scene.deposit(quote, 1_000);
  await scene.node.generate(1);
  const state = await scene.untilPaid(quote, 51_000);
  assert.equal(state.amount_issued, 5_000);
  assert.equal((await scene.take(quote, 46_000)).length > 0, true);
  assert.equal((await scene.take(quote, 1)).length, 0, 'all of it is issued');
  await scene.mint.end('SIGKILL');
  await scene.mint.start();
  await scene.node.generate(1);
  assert.equal((await scene.depositState(quote)).amount_paid, 51_000);
});

test('a deposit that is reorganized away before it has its confirmations was never credited', async (t) => {
  const scene = await OnchainScene.open(t, 'batch_seconds = 0\nconfirmations = 3');
  const quote = await scene.depositQuote();
  const txid = await scene.deposit(quote, 40_000);
  const [first] = await scene.node.generate(2);
  assert.equal((await scene.depositState(quote)).amount_paid, 0, 'two of three');
  await scene.node.rpc.call('invalidateblock', [first]);
  await scene.doubleSpend(txid);
  await scene.node.generate(5);
  const other = await scene.depositQuote();
  await scene.deposit(other, 30_000);
  await scene.node.generate(3);
  await scene.untilPaid(other, 30_000);
  assert.equal((await scene.depositState(quote)).amount_paid, 0);
  assert.doesNotMatch(scene.mint.output, /payments-undone/);
});

test('a reorganization deeper than that is told, in the status too, until the deposit is back', async (t) => {
  const scene = await OnchainScene.open(t);
  const quote = await scene.depositQuote();
  await scene.deposit(quote, 40_000);
  const [block] = await scene.node.generate(1);
  await scene.untilPaid(quote, 40_000);
  await scene.node.rpc.call('invalidateblock', [block]);
  await scene.node.rpc.call('generateblock', [await scene.newAddress(), []]);
  await scene.node.rpc.call('generateblock', [await scene.newAddress(), []]);
  await scene.untilSaid(/has undone deposits of 40000 sats/);
  assert.match(scene.mint.output, /"alert":"payments-undone"/);
  assert.equal((await scene.depositState(quote)).amount_paid, 40_000, 'what is signed for is not taken back');
  await scene.node.generate(1);
  await scene.untilSaid(/^(?!.*has undone)/);
  assert.equal((await scene.depositState(quote)).amount_paid, 40_000, 'and not credited twice');
});

test('a final payout that a reorganization undoes is told, and goes into the chain again', async (t) => {
  // Not so soon that the two blocks of the other branch make it pay more, which would be another transaction.
  const scene = await OnchainScene.open(t, 'batch_seconds = 0\nconfirmations = 1\nfee_targets = [12]');
  const address = await scene.newAddress();
  const proofs = await scene.sats(20_000);
  const payout = await scene.payoutQuote(address, 15_000);
  await scene.pay(payout, proofs);
  const { outpoint } = await scene.untilSent(payout);
  const [block] = await scene.node.generate(1);
  await scene.untilState(payout, 'PAID');
  await scene.node.rpc.call('invalidateblock', [block]);
  for (let i = 0; i < 2; i++) await scene.node.rpc.call('generateblock', [await scene.newAddress(), []]);
  await scene.until(
    async () => scene.mint.output,
    (output) => /has undone 0 deposits and 1 payouts that counted as final/.test(output),
  );
  assert.equal((await scene.payoutState(payout)).state, 'PAID', 'the tokens are spent');
  await scene.node.generate(1);
  const arrivals = await scene.arrivals(address);
  assert.deepEqual(
    arrivals.map(({ txid, vout, confirmations }) => [`${txid}:${vout}`, confirmations]),
    [[outpoint, 1]],
  );
});

test('payouts that come together share a transaction and its fee', async (t) => {
  const scene = await OnchainScene.open(t, 'batch_seconds = 8\nconfirmations = 1');
  const addresses = await Promise.all(Array.from({ length: 5 }, () => scene.newAddress()));
  const twice = addresses[0] ?? '';
  const wallets: SatProof[][] = [];
  for (let i = 0; i < 6; i++) wallets.push(await scene.sats(20_000));
  const quotes = await Promise.all(
    [...addresses, twice].map((address) => scene.payoutQuote(address, 15_000)),
  );
  await Promise.all(
    quotes.map((quote, i) => scene.pay(quote, wallets[i] ?? [], scene.tokens.outputs(8_191))),
  );
  const sent = await Promise.all(quotes.map((quote) => scene.untilSent(quote)));
  const txids = sent.map(({ outpoint }) => outpoint?.split(':')[0] ?? '');
  const [together] = txids.slice(1);
  // Of the two payouts to one address, the one that the mint heard of first is among them.
  const inTogether = txids.map((txid) => txid === together);
  assert.deepEqual(inTogether.slice(1, 5), [true, true, true, true], 'five addresses in one transaction');
  assert.notEqual(inTogether[5], inTogether[0], 'an address stands in one transaction once');
  await scene.node.generate(1);
  const paid = await Promise.all(quotes.map((quote) => scene.untilState(quote, 'PAID')));
  const fees = paid.map(({ change = [] }) => 5_000 - change.reduce((sum, { amount }) => sum + amount, 0));
  const { fee } = await scene.mintTransaction(together ?? '');
  const shared = fees.filter((_, i) => inTogether[i]).reduce((sum, each) => sum + each, 0);
  assert.ok(shared >= fee && shared < fee + 5, `${fees} for ${fee}`);
  for (const [i, address] of addresses.entries()) {
    const arrivals = await scene.arrivals(address);
    assert.deepEqual(
      arrivals.map(({ sats }) => sats),
      i === 0 ? [15_000, 15_000] : [15_000],
    );
  }
});
