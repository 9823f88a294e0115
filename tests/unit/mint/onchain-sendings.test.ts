import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PayoutOperations } from '../../../roles/mint/payments/bitcoind/payout-store.ts';
import { Sendings } from '../../../roles/mint/payments/bitcoind/sendings.ts';
import { openStore } from '../../../runtime/sql/store.ts';
import { newPlace } from '../../harness/new-place.ts';
import { refuse, ScriptedWallet, silent } from './scripted-wallet.ts';

const module = new URL('../../../roles/mint/payments/bitcoind/payout-store.ts', import.meta.url);
const COUNT = 250;

test('transactions beyond the first two hundred are followed in turn, and none is forgotten for it', async (t) => {
  const store = await openStore<PayoutOperations>({ module, path: await newPlace(), name: 'payouts' });
  t.after(() => store.close());
  for (let i = 0; i < COUNT; i++) {
    const rest = { amount: 1_000n, reserve: 500n, rate: 1_000n, blocks: 144, addedAt: 1 };
    await store.call('addPayout', { key: `${i}`, address: 'a', script: new Uint8Array(22), ...rest });
    const payouts = await store.call('waitingPayouts', 1);
    const built = { txid: `${i}`, hex: `${i}`, rate: 1_000n, fee: 1n, inputs: [`${i}:0`], places: [0] };
    await store.call('addSending', { payouts, blocks: 144, height: 200, built });
  }
  const node = new ScriptedWallet();
  const depths = new Map<string, number>();
  let sent: string[] = [];
  node.answers['gettransaction'] = (txid) => ({ confirmations: depths.get(String(txid)) ?? 0 });
  node.answers['gettxout'] = () => ({});
  node.answers['sendrawtransaction'] = (hex) => {
    sent.push(String(hex));
    return hex === '0' ? refuse(-26, 'mempool min fee not met') : hex;
  };
  const settings = { confirmations: 1, maxRate: 10_000n };
  const wallet = node.open();
  const sendings = new Sendings({ wallet, store, settings, onProgress: () => undefined, log: silent });
  const followed = async () => {
    sent = [];
    const trouble = await sendings.follow(200);
    return { from: sent[0], to: sent.at(-1), count: sent.length, isTrouble: trouble !== undefined };
  };
  const first = { from: '0', to: '199', count: 200, isTrouble: true };
  assert.deepEqual(await followed(), first);
  assert.deepEqual(await followed(), { from: '200', to: '249', count: 50, isTrouble: true });
  depths.set('249', 1);
  assert.deepEqual(await followed(), first);
  assert.deepEqual(await followed(), { from: '200', to: '248', count: 49, isTrouble: true });
  assert.equal((await store.call('payoutState', '249')).state, 'paid');
  depths.set('0', 1);
  assert.deepEqual(await followed(), { from: '1', to: '199', count: 199, isTrouble: true });
  await followed();
  assert.deepEqual(await followed(), { from: '1', to: '200', count: 200, isTrouble: false });
});

test('a payout that a block takes in while it is looked at has lost no coin', async (t) => {
  const store = await openStore<PayoutOperations>({ module, path: await newPlace(), name: 'payouts' });
  t.after(() => store.close());
  const rest = { amount: 1_000n, reserve: 500n, rate: 1_000n, blocks: 144, addedAt: 1 };
  await store.call('addPayout', { key: 'k', address: 'a', script: new Uint8Array(22), ...rest });
  const payouts = await store.call('waitingPayouts', 1);
  const built = { txid: 'tx', hex: 'hex', rate: 1_000n, fee: 1n, inputs: ['coin:0'], places: [0] };
  await store.call('addSending', { payouts, blocks: 144, height: 200, built });
  const node = new ScriptedWallet();
  let isMined = false;
  node.answers['gettransaction'] = () => ({ confirmations: isMined ? 1 : 0 });
  node.answers['sendrawtransaction'] = () => {
    isMined = true;
    return refuse(-25, 'bad-txns-inputs-missingorspent');
  };
  node.answers['gettxout'] = () => null;
  const settings = { confirmations: 1, maxRate: 10_000n };
  const wallet = node.open();
  const sendings = new Sendings({ wallet, store, settings, onProgress: () => undefined, log: silent });
  assert.equal(await sendings.follow(200), undefined);
  await sendings.follow(201);
  assert.equal((await store.call('payoutState', 'k')).state, 'paid');
});
