import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bitcoins, satsOf } from '../../../roles/mint/payments/bitcoind/answers.ts';
import { RpcError } from '../../../runtime/rpc/errors.ts';
import { refuse, ScriptedWallet } from './scripted-wallet.ts';

test('amounts are exact for whatever there can be', () => {
  for (const [json, sats] of [
    ['0.30000000', 30_000_000n],
    ['0.00000001', 1n],
    ['20999999.97690000', 2_099_999_997_690_000n],
    ['20999999.99999999', 2_099_999_999_999_999n],
    ['1e-8', 1n],
    ['0', 0n],
  ] as const) {
    assert.equal(satsOf({ amount: JSON.parse(json) }, 'amount'), sats);
  }
  assert.equal(bitcoins(2_099_999_999_999_999n), '20999999.99999999');
  assert.equal(bitcoins(1n), '0.00000001');
  assert.throws(() => satsOf({ amount: '1' }, 'amount'), { code: 'bad-node-answer' });
});

test('a wallet that the node has not loaded is loaded, once', async () => {
  const node = new ScriptedWallet();
  let isLoaded = false;
  const info = node.answers['getwalletinfo'];
  node.answers['getwalletinfo'] = () => (isLoaded ? info?.() : refuse(-18, 'not loaded'));
  node.answers['loadwallet'] = (name, onStartup) => {
    assert.deepEqual([name, onStartup], ['mint', true]);
    isLoaded = true;
  };
  const wallet = node.open();
  assert.equal((await wallet.funds()).spendable, 100_000_000n);
  await wallet.funds();
  assert.equal(node.count('loadwallet'), 1);
});

test('a wallet that is not there is made where that is wanted, a descriptor wallet', async () => {
  const node = new ScriptedWallet();
  let isMade = false;
  const info = node.answers['getwalletinfo'];
  node.answers['getwalletinfo'] = () => (isMade ? info?.() : refuse(-18, 'not loaded'));
  node.answers['loadwallet'] = () => refuse(-18, 'Path does not exist');
  node.answers['createwallet'] = (...params) => {
    assert.deepEqual(params, ['mint', false, false, null, false, true, true]);
    isMade = true;
  };
  const hands = node.open();
  await assert.rejects(hands.funds(), { code: 'wallet-missing' });
  assert.match(hands.trouble ?? '', /has no wallet mint; make one, or set .* create_wallet = true/);
  const wallet = node.open({ creates: true });
  await wallet.funds();
  assert.equal(wallet.trouble, undefined);
});

for (const [what, info, code] of [
  ['without wallets', () => refuse(-32601, 'Method not found'), 'wallet-unsupported'],
  ['with a wallet of the old kind', () => ({ descriptors: false }), 'wallet-not-descriptors'],
  [
    'with a wallet that only watches',
    () => ({ descriptors: true, private_keys_enabled: false }),
    'wallet-without-keys',
  ],
] as const) {
  test(`a node ${what} is a status in words`, async () => {
    const node = new ScriptedWallet();
    node.answers['getwalletinfo'] = info;
    const wallet = node.open();
    await assert.rejects(wallet.funds(), { code });
    assert.ok((wallet.trouble ?? '').length > 20);
  });
}

test('a wallet that is being made by somebody else meanwhile is taken a moment later', async () => {
  const node = new ScriptedWallet();
  const info = node.answers['getwalletinfo'];
  node.answers['getwalletinfo'] = () => refuse(-18, 'not loaded');
  node.answers['loadwallet'] = () => refuse(-4, 'Wallet already loading');
  const wallet = node.open();
  await assert.rejects(wallet.funds(), { rpcCode: -4 });
  assert.equal(wallet.trouble, 'Wallet already loading');
  if (info) node.answers['getwalletinfo'] = info;
  assert.equal((await wallet.funds()).spendable, 100_000_000n);
});

test("a node of another chain is refused, and asked again until it is the right one's", async () => {
  const node = new ScriptedWallet();
  const wallet = node.open({ network: 'signet' });
  await assert.rejects(wallet.funds(), { code: 'wrong-chain' });
  node.answers['getblockchaininfo'] = () => ({ chain: 'signet', blocks: 1, bestblockhash: 'b' });
  assert.equal((await wallet.funds()).spendable, 100_000_000n);
});

test('a node that is away is trouble until it answers; a refusal is none', async () => {
  const node = new ScriptedWallet();
  const wallet = node.open();
  node.answers['getbalances'] = () => {
    throw new RpcError('rpc-unreachable', 'connection refused');
  };
  await assert.rejects(wallet.funds(), { code: 'rpc-unreachable' });
  assert.equal(wallet.trouble, 'connection refused');
  node.answers['gettransaction'] = () => refuse(-5, 'Invalid or non-wallet transaction id');
  assert.equal(await wallet.confirmations('00'), undefined);
  assert.equal(wallet.trouble, 'connection refused', 'a refusal says nothing of it');
  await wallet.tip();
  assert.equal(wallet.trouble, undefined);
});

test('a wallet that has not the keys of addresses that were given out is not taken for the one that has', async () => {
  const node = new ScriptedWallet();
  const keys = new Set(['bcrt1qnew']);
  node.answers['getaddressinfo'] = (address) => ({ ismine: keys.has(String(address)) });
  const wallet = node.open({ creates: true }, 'bcrt1qours');
  await assert.rejects(wallet.funds(), { code: 'wallet-strange' });
  assert.match(
    wallet.trouble ?? '',
    /is not the one that this mint gave bcrt1qours from; restore its backup/,
  );
  assert.equal(node.count('getbalances'), 0);
  keys.add('bcrt1qours');
  await wallet.funds();
  assert.equal(wallet.trouble, undefined);
});

test('a wallet that was used and is gone is asked for, and none is made in its place', async () => {
  const node = new ScriptedWallet();
  node.answers['getwalletinfo'] = () => refuse(-18, 'not loaded');
  node.answers['loadwallet'] = () => refuse(-18, 'Path does not exist');
  const wallet = node.open({ creates: true }, 'bcrt1qours');
  await assert.rejects(wallet.funds(), { code: 'wallet-missing', message: /has lost the wallet mint/ });
  assert.equal(node.count('createwallet'), 0);
});
