import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { newQuoteId, quoteIdText } from '../../../protocols/cashu/quote-id.ts';
import { RpcError } from '../../../runtime/rpc/errors.ts';
import { newPlace } from '../../harness/new-place.ts';
import {
  ADDRESSES,
  type Coin,
  coinOf,
  open,
  PayingWallet,
  paid,
  payment,
  txidOf,
  until,
} from './paying-wallet.ts';
import { refuse } from './scripted-wallet.ts';

test('a key that is asked for again, at once or later, is one payout', async (t) => {
  const node = new PayingWallet();
  const backend = await open(t, node);
  const states = await Promise.all([1, 2, 3].map(() => paid(backend, payment('a'))));
  states.push(await backend.pay(payment('a')));
  assert.deepEqual(new Set(node.sent).size, 1);
  const proof = `${txidOf(node.sent[0] ?? '')}:0`;
  for (const state of states) assert.deepEqual(state, { state: 'pending', proof });
  node.depths.set(txidOf(node.sent[0] ?? ''), 1);
  await until(async () => (await backend.lookUp(payment('a'))).state === 'paid');
  assert.deepEqual(await backend.pay(payment('a')), { state: 'paid', proof, fee: 141n });
});

test('a payout that the wallet refuses holds up no other, and is tried again with the next block', async (t) => {
  const node = new PayingWallet();
  const backend = await open(t, node, { batchMs: 100 });
  const [good, bad, fine, well] = ADDRESSES;
  node.onBuild = (addresses) => {
    if (addresses.includes(bad)) refuse(-4, 'no');
    node.coins = node.coins.slice(1);
  };
  await backend.pay(payment(bad, bad));
  await Promise.all([good, fine, well].map((address) => paid(backend, payment(address, address))));
  assert.deepEqual(await backend.lookUp(payment(bad, bad)), { state: 'pending' });
  await until(() => /waits for coins to confirm/.test(backend.trouble ?? ''));
  const tries = node.count('walletcreatefundedpsbt');
  await paid(backend, payment('other', good));
  assert.equal(node.count('walletcreatefundedpsbt'), tries + 1, 'the refused one is left in peace');
  node.onBuild = () => undefined;
  node.height += 1;
  await until(async () => 'proof' in (await backend.lookUp(payment(bad, bad))));
  await until(() => backend.trouble === undefined);
});

test('a payout that the wallet has coins for and refuses waits a day of blocks, then it has failed', async (t) => {
  const node = new PayingWallet();
  const backend = await open(t, node);
  node.onBuild = () => refuse(-4, 'no');
  const tries = () => node.count('walletcreatefundedpsbt');
  assert.deepEqual(await backend.pay(payment('a')), { state: 'pending' });
  await until(() => /waits for coins to confirm/.test(backend.trouble ?? ''));
  node.height += 143;
  const before = tries();
  await until(() => tries() > before);
  assert.deepEqual(await backend.lookUp(payment('a')), { state: 'pending' });
  node.height += 1;
  await until(async () => (await backend.lookUp(payment('a'))).state === 'failed');
  assert.deepEqual(node.sent, []);
});

test('a payout that the wallet can never make has failed, and stays so', async (t) => {
  const node = new PayingWallet();
  const backend = await open(t, node);
  node.coins = [];
  node.answers['getbalances'] = () => ({ mine: { trusted: 0.00005299, immature: 0 } });
  const state = await paid(backend, payment('a'));
  assert.equal(state.state, 'failed');
  node.coins = ['coin1:0'];
  assert.deepEqual(await backend.pay(payment('a')), state);
  assert.deepEqual(node.sent, []);
});

test('a transaction that costs more than its payouts promise is made by halves', async (t) => {
  const node = new PayingWallet();
  const backend = await open(t, node, { batchMs: 100 });
  // Four promise 1,200 sats, two 600.
  node.fee = (payouts) => (payouts > 2 ? 1_201 : 600);
  const proofs = await Promise.all(ADDRESSES.map((address) => paid(backend, payment(address, address))));
  assert.equal(proofs.length, 4);
  const transactions = [...new Set(node.sent)].map((hex) => JSON.parse(hex));
  assert.deepEqual(
    transactions.map(({ outputs }) => outputs.length),
    [2, 2],
  );
});

test('a payout above its reserve waits six blocks for coins that cost less, then it has failed', async (t) => {
  const node = new PayingWallet();
  const backend = await open(t, node);
  node.fee = () => 301;
  const tries = () => node.count('walletcreatefundedpsbt');
  assert.deepEqual(await backend.pay(payment('a')), { state: 'pending' });
  await until(() => /its fee would be 301 sats, its reserve is 300/.test(backend.trouble ?? ''));
  node.height += 5;
  const before = tries();
  await until(() => tries() > before);
  assert.deepEqual(await backend.lookUp(payment('a')), { state: 'pending' });
  node.height += 1;
  const state = await paid(backend, payment('a'));
  assert.deepEqual(state, { state: 'failed', reason: 'it costs more than the quote said; take a new quote' });
  assert.deepEqual(node.sent, []);
  await backend.pay(payment('b'));
  await until(() => /its fee would be 301 sats/.test(backend.trouble ?? ''));
  node.fee = () => 300;
  node.height += 1;
  assert.equal((await paid(backend, payment('b'))).state, 'pending');
  assert.deepEqual(await backend.lookUp(payment('a')), state);
});

test('a wallet that is looking through the chain makes no payout before it is done', async (t) => {
  const node = new PayingWallet();
  const backend = await open(t, node);
  const info = node.answers['getwalletinfo'];
  node.answers['getwalletinfo'] = () => ({ ...Object(info?.()), scanning: { duration: 1, progress: 0.5 } });
  await backend.pay(payment('a'));
  await until(() => /looking through the chain/.test(backend.trouble ?? ''));
  assert.equal(node.count('walletcreatefundedpsbt'), 0);
  if (info) node.answers['getwalletinfo'] = info;
  await until(() => node.sent.length > 0 && backend.trouble === undefined);
});

test('a locked wallet is told, and pays when it is unlocked', async (t) => {
  const node = new PayingWallet();
  const backend = await open(t, node);
  const sign = node.answers['walletprocesspsbt'];
  node.answers['walletprocesspsbt'] = () => refuse(-13, 'enter the passphrase first');
  assert.deepEqual(await backend.pay(payment('a')), { state: 'pending' });
  await until(() => /locked; unlock it with walletpassphrase/.test(backend.trouble ?? ''));
  assert.deepEqual(await backend.lookUp(payment('a')), { state: 'pending' });
  if (sign) node.answers['walletprocesspsbt'] = sign;
  await until(() => node.sent.length > 0 && backend.trouble === undefined);
});

test('a transaction that the node does not take yet keeps its coins from others, and is sent again', async (t) => {
  const node = new PayingWallet();
  const backend = await open(t, node);
  node.onSend = () => refuse(-26, 'mempool min fee not met');
  assert.deepEqual(await backend.pay(payment('a')), { state: 'pending' });
  await until(() => /min fee/.test(backend.trouble ?? ''));
  await backend.pay(payment('b', ADDRESSES[1]));
  await until(() => node.count('lockunspent') === 1);
  assert.equal(node.coins[0], 'coin2:0');
  node.onSend = () => undefined;
  await until(async () => 'proof' in (await backend.lookUp(payment('b', ADDRESSES[1]))));
  const spent = new Set(node.sent.map((hex) => JSON.stringify(JSON.parse(hex).chosen)));
  assert.deepEqual(
    [...spent].sort(),
    [[coinOf('coin1:0')], [coinOf('coin2:0')]].map((each) => JSON.stringify(each)),
  );
  assert.equal(new Set(node.sent).size, 2);
});

test('a node that is away leaves a payout pending until it is back', async (t) => {
  const node = new PayingWallet();
  const backend = await open(t, node);
  node.onSend = () => {
    throw new RpcError('rpc-broken', 'the connection broke');
  };
  assert.deepEqual(await backend.pay(payment('a')), { state: 'pending' });
  await until(() => /the connection broke/.test(backend.trouble ?? ''));
  node.onSend = () => undefined;
  await until(() => node.sent.length > 0 && backend.trouble === undefined);
  assert.equal(node.count('walletcreatefundedpsbt'), 1, 'what was stored is what is sent');
});

test('a replacement that the node refuses leaves the one before in its place', async (t) => {
  const node = new PayingWallet();
  const backend = await open(t, node);
  const before = await paid(backend, payment('a'));
  const [first = ''] = node.sent;
  node.answers['sendrawtransaction'] = (hex) =>
    hex === first ? node.sent.push(first) : refuse(-26, 'insufficient fee, rejecting replacement');
  node.height += 2;
  await until(() => node.count('walletcreatefundedpsbt') === 2);
  await until(() => node.sent.length > 3);
  assert.deepEqual(await backend.lookUp(payment('a')), before);
  const rates = node.asked.filter(({ method }) => method === 'walletcreatefundedpsbt');
  assert.deepEqual(
    rates.map(({ params }) => Object(params[3]).fee_rate),
    ['1.000', '2.000'],
  );
  assert.deepEqual(rates[1]?.params[0], [coinOf('coin1:0')]);
});

test('coins that are gone are replaced only where no version can ever be mined', async (t) => {
  const node = new PayingWallet();
  const backend = await open(t, node, { maxRate: 1_000n });
  await paid(backend, payment('a'));
  const [first = ''] = node.sent;
  node.onSend = (hex) => hex.includes('coin1') && refuse(-25, 'bad-txns-inputs-missingorspent');
  node.answers['gettxout'] = () => null;
  node.answers['listlockunspent'] = () => [];
  await until(() => /coins of a payout are gone/.test(backend.trouble ?? ''));
  node.height += 100;
  node.coins = ['coin2:0'];
  const asked = node.count('gettxout');
  await until(() => node.count('gettxout') > asked + 1);
  assert.equal(
    node.count('walletcreatefundedpsbt'),
    1,
    'it was sent, and the wallet does not know what became of it',
  );
  node.depths.set(txidOf(first), -99);
  const later = node.count('gettxout');
  await until(() => node.count('gettxout') > later + 1);
  assert.equal(node.count('walletcreatefundedpsbt'), 1, 'what took its coins may still be undone');
  node.depths.set(txidOf(first), -100);
  await until(() => node.sent.length === 2);
  assert.deepEqual(JSON.parse(node.sent[1] ?? '').chosen, [coinOf('coin2:0')]);
});

test('that a wallet never saw a transaction says nothing where it does not know its coins either', async (t) => {
  const node = new PayingWallet();
  const backend = await open(t, node);
  // Sent by a mint that was killed before it noted that, and in the chain since.
  node.onSend = (hex) => hex.includes('coin1') && refuse(-27, 'Transaction outputs already in utxo set');
  node.answers['gettxout'] = () => null;
  node.answers['listlockunspent'] = () => [];
  await backend.pay(payment('a'));
  await until(() => /coins of a payout are gone/.test(backend.trouble ?? ''));
  node.height += 100;
  node.coins = ['coin2:0'];
  const asked = node.count('gettxout');
  await until(() => node.count('gettxout') > asked + 1);
  assert.deepEqual(node.sent, [], 'the wallet was made anew: it is not paid once more');
  node.depths.set('coin1', 200);
  await until(() => node.sent.length === 1);
  assert.deepEqual(JSON.parse(node.sent[0] ?? '').chosen, [coinOf('coin2:0')]);
});

test('two processes of a mint on one wallet pay each key once, with a coin of its own each', async (t) => {
  const node = new PayingWallet();
  node.coins = Array.from({ length: 100 }, (_, i) => `coin${i + 1}:0`);
  const place = await newPlace();
  const both = [await open(t, node, {}, place), await open(t, node, {}, place)];
  const keys = Array.from({ length: 12 }, (_, i) => payment(`key${i}`, ADDRESSES[i % 4], 1 + (i % 3)));
  await Promise.all(keys.flatMap((key) => both.map((backend) => paid(backend, key))));
  const transactions = [...new Set(node.sent)].map((hex) => JSON.parse(hex));
  const outputs: object[] = transactions.flatMap(({ outputs }) => outputs);
  assert.equal(outputs.length, keys.length);
  const coins = transactions.flatMap(({ chosen }) => chosen.map(({ txid }: Coin) => txid));
  assert.equal(new Set(coins).size, coins.length);
});

test('payouts that the wallet has made and the store has forgotten are not made again', async (t) => {
  const node = new PayingWallet();
  const keyOf = (n: number) => `${quoteIdText(newQuoteId(Date.now(), randomBytes(10)))}.${n}`;
  const seconds = Math.floor(Date.now() / 1000);
  const sent = (vout: number, more: object = {}) => {
    const entry = { txid: 'left', vout, category: 'send', confirmations: 0, time: seconds };
    return { ...entry, address: ADDRESSES[0], amount: -0.00005, ...more };
  };
  node.answers['listsinceblock'] = () => ({
    transactions: [
      sent(0, { time: seconds - 3_600 }),
      sent(1, { amount: -0.00005001 }),
      sent(2, { confirmations: -1 }),
      sent(3, { category: 'receive', amount: 0.00005 }),
      sent(4),
      sent(5, { address: ADDRESSES[3].toUpperCase() }),
    ],
    removed: [],
    lastblock: 'block100',
  });
  const unknown = node.answers['gettransaction'];
  node.answers['gettransaction'] = (txid, watching, verbose) =>
    verbose
      ? { hex: 'hex', fee: -0.000002, decoded: { vin: [coinOf('old:7')] } }
      : unknown?.(txid, watching, verbose);
  node.onSend = (hex) => hex === 'hex' && refuse(-27, 'already in the chain');
  const backend = await open(t, node);
  const [first, second, third] = [1, 2, 3].map((n) => payment(keyOf(n), ADDRESSES[n === 3 ? 3 : 0]));
  assert.ok(first && second && third);
  assert.deepEqual(await paid(backend, first), { state: 'pending', proof: 'left:4' });
  assert.deepEqual(await paid(backend, third), { state: 'pending', proof: 'left:5' });
  assert.deepEqual(node.sent, []);
  const state = await paid(backend, second);
  assert.equal(node.sent.length > 0, true, 'one output makes one payout');
  assert.notDeepEqual(state, { state: 'pending', proof: 'left:4' });
  node.depths.set('left', 1);
  await until(async () => (await backend.lookUp(third)).state === 'paid');
  assert.deepEqual(await backend.lookUp(third), { state: 'paid', proof: 'left:5', fee: 100n });
});
