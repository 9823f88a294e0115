import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NetworkName } from '../../../protocols/bitcoin/network.ts';
import { cashuErrors } from '../../../protocols/cashu/errors.ts';
import { buildTransaction } from '../../../roles/mint/payments/bitcoind/build.ts';
import { feeOptions, feeRate, payoutScript, rateOf } from '../../../roles/mint/payments/bitcoind/fees.ts';
import { refuse, ScriptedWallet } from './scripted-wallet.ts';

const ADDRESS = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080';
const SCRIPT = '0014751e76e8199196d454941c45d1b3a323f1433bd6';
const payment = { request: ADDRESS, amount: 50_000n };
const settings = { targets: [144, 2, 12], minRate: 1_000n, maxRate: 50_000n };

function options(node: ScriptedWallet, network: NetworkName = 'regtest') {
  return feeOptions(node.open(), payment, 'change', { ...settings, network });
}

/** A node that estimates, in sats for a virtual byte, by blocks. */
function estimating(
  rates: Readonly<Record<number, number>>,
  mempoolMinimum = 1,
  vbytesAt: (rate: number) => number = () => 141,
): ScriptedWallet {
  const node = new ScriptedWallet();
  node.answers['getmempoolinfo'] = () => ({ mempoolminfee: mempoolMinimum / 100_000 });
  node.answers['estimatesmartfee'] = (blocks) => {
    const rate = rates[Number(blocks)];
    return rate === undefined ? { errors: ['no'], blocks: 0 } : { feerate: rate / 100_000, blocks };
  };
  node.answers['walletcreatefundedpsbt'] = (inputs, outputs, locktime, options) => {
    const { fee_rate, changeAddress, minconf } = Object(options);
    const asked = [inputs, outputs, locktime, changeAddress, minconf];
    assert.deepEqual(asked, [[], [{ [ADDRESS]: '0.00050000' }], 0, 'change', 1]);
    return { psbt: '', fee: Math.ceil(Number(fee_rate) * vbytesAt(Number(fee_rate))) / 1e8 };
  };
  return node;
}

test('an option for each speed, the fastest first; its promise has room for two more coins', async () => {
  assert.deepEqual(await options(estimating({ 2: 20, 12: 8.5, 144: 2 })), [
    { reserve: 5_620n, blocks: 2, note: '20000' },
    { reserve: 2_389n, blocks: 12, note: '8500' },
    { reserve: 562n, blocks: 144, note: '2000' },
  ]);
});

test('a promise counts the coins that are spent at its own rate; a slower speed that costs more is no option', async () => {
  const found = await options(estimating({ 2: 20, 12: 8, 144: 2 }, 1, (rate) => (rate === 8 ? 1_000 : 500)));
  assert.deepEqual(found, [
    { reserve: 12_800n, blocks: 2, note: '20000' },
    { reserve: 9_120n, blocks: 12, note: '8000' },
    { reserve: 1_280n, blocks: 144, note: '2000' },
  ]);
  const dear = await options(estimating({ 2: 20, 12: 20, 144: 2 }, 1, (rate) => (rate === 2 ? 7_000 : 141)));
  assert.deepEqual(dear, [{ reserve: 5_620n, blocks: 2, note: '20000' }]);
});

test('speeds at one fee are one option; no rate leaves the bounds of operator and mempool', async () => {
  const rates = async (node: ScriptedWallet) =>
    (await options(node)).map(({ blocks, note }) => [blocks, note]);
  assert.deepEqual(await rates(estimating({ 2: 900, 12: 80, 144: 0.2 })), [
    [2, '50000'],
    [144, '1000'],
  ]);
  assert.deepEqual(await rates(estimating({ 2: 3, 12: 3, 144: 1 }, 5)), [[2, '5000']]);
});

test('without estimates regtest takes the least, any other chain no payout', async () => {
  assert.deepEqual(
    (await options(estimating({}))).map(({ note }) => note),
    ['1000'],
  );
  const node = estimating({});
  node.answers['getblockchaininfo'] = () => ({ chain: 'signet', blocks: 1, bestblockhash: 'b' });
  await assert.rejects(
    feeOptions(node.open({ network: 'signet' }), payment, 'change', { ...settings, network: 'signet' }),
    {
      code: 'payment-failed',
      message: /no fee estimates yet/,
    },
  );
});

test('more than the wallet has is refused before a quote is made', async () => {
  const node = estimating({ 2: 1 });
  node.answers['walletcreatefundedpsbt'] = () => refuse(-4, 'Insufficient funds');
  await assert.rejects(options(node), {
    code: 'payment-failed',
    message: /can't pay 50000 sats at this time; ask for less/,
  });
});

test('addresses of other chains, unheard-of kinds and dust are refused by name', () => {
  const to =
    (request: string, amount = 1_000n) =>
    () =>
      payoutScript({ request, amount }, 'regtest');
  assert.equal(Buffer.from(to(ADDRESS)()).toString('hex'), SCRIPT);
  assert.equal(Buffer.from(to(ADDRESS.toUpperCase())()).toString('hex'), SCRIPT);
  assert.throws(to('bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4'), {
    code: 'request-malformed',
    message: /not one of regtest/,
  });
  assert.throws(to('bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt081'), {
    code: 'request-malformed',
    message: /checksum/,
  });
  assert.throws(to('lnbcrt1'), { code: 'request-malformed' });
  assert.throws(to(ADDRESS, 293n), { code: 'amount-out-of-range', message: /takes 294 or more/ });
  for (const request of [
    'BC1SW50QGDZ25J',
    'bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y',
  ]) {
    assert.throws(() => payoutScript({ request, amount: 1_000n }, 'mainnet'), {
      code: 'request-malformed',
      message: /anybody could spend from/,
    });
  }
  assert.equal(cashuErrors['amount-out-of-range'].number, 11006);
});

test('a rate goes to the node with three decimals, and comes back from an option as it was', () => {
  assert.equal(feeRate(1_000n), '1.000');
  assert.equal(feeRate(12_345n), '12.345');
  assert.equal(feeRate(1n), '0.001');
  assert.equal(rateOf({ reserve: 1n, blocks: 1, note: '12345' }), 12_345n);
  assert.throws(() => rateOf({ reserve: 1n, blocks: 1, note: undefined }), { code: 'request-malformed' });
});

/** A wallet that makes a transaction of these outputs, spending `inputs`. */
function making(outputs: readonly [script: string, bitcoins: number][], inputs = ['a:0'], complete = true) {
  const node = new ScriptedWallet();
  node.answers['walletcreatefundedpsbt'] = () => ({ psbt: 'psbt', fee: 0.00000141 });
  node.answers['walletprocesspsbt'] = () => ({ complete, ...(complete ? { hex: 'hex' } : {}) });
  node.answers['decoderawtransaction'] = () => ({
    txid: 'tx',
    vin: inputs.map((input) => ({ txid: input.split(':')[0], vout: Number(input.split(':')[1]) })),
    vout: outputs.map(([hex, value], n) => ({ n, value, scriptPubKey: { hex } })),
  });
  return node.open();
}

const wanted = [{ address: ADDRESS, script: Buffer.from(SCRIPT, 'hex'), amount: 50_000n }];

test('a transaction that pays what was asked for, and change, is taken; its place and fee are told', async () => {
  const wallet = making(
    [
      ['5120aa', 0.3],
      [SCRIPT, 0.0005],
    ],
    ['a:0', 'b:1'],
  );
  assert.deepEqual(await buildTransaction(wallet, wanted, 1_000n, ['b:1']), {
    txid: 'tx',
    hex: 'hex',
    rate: 1_000n,
    fee: 141n,
    inputs: ['a:0', 'b:1'],
    places: [1],
  });
});

for (const [what, wallet, code] of [
  ['pays less', making([[SCRIPT, 0.00049999]]), 'bad-transaction'],
  [
    'pays twice',
    making([
      [SCRIPT, 0.0005],
      [SCRIPT, 0.0005],
    ]),
    'bad-transaction',
  ],
  ['pays somebody else', making([['5120bb', 0.0005]]), 'bad-transaction'],
  [
    'has one output too many',
    making([
      [SCRIPT, 0.0005],
      ['51', 1],
      ['52', 1],
    ]),
    'bad-transaction',
  ],
  ['spends other coins than it must', making([[SCRIPT, 0.0005]], ['c:0']), 'bad-transaction'],
  ['is not signed', making([[SCRIPT, 0.0005]], ['a:0'], false), 'wallet-cannot-sign'],
] as const) {
  test(`a transaction that ${what} never leaves`, async () => {
    await assert.rejects(buildTransaction(wallet, wanted, 1_000n, ['a:0']), { code });
  });
}
