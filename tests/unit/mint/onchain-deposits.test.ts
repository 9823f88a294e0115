import assert from 'node:assert/strict';
import { test } from 'node:test';
import { depositsAfter } from '../../../roles/mint/payments/bitcoind/deposits.ts';
import { refuse, ScriptedWallet } from './scripted-wallet.ts';

interface Entry {
  txid: string;
  vout?: number;
  height: number;
  index?: number;
  confirmations: number;
  category?: string;
  block?: string;
}

function entry({ txid, vout = 0, height, index = 1, confirmations, category = 'receive', block }: Entry) {
  return {
    txid,
    vout,
    category,
    confirmations,
    address: `address-of-${txid}`,
    amount: 0.001,
    time: 1_700_000_000,
    ...(confirmations > 0
      ? { blockhash: block ?? `block${height}`, blockheight: height, blockindex: index }
      : {}),
  };
}

function nodeWith(entries: readonly Entry[], removed: readonly Entry[] = []) {
  const node = new ScriptedWallet();
  node.answers['listsinceblock'] = (base, confirmations) => {
    assert.equal(confirmations, 3);
    if (base === 'gone') refuse(-5, 'Block not found');
    return { transactions: entries.map(entry), removed: removed.map(entry), lastblock: 'block198' };
  };
  return node;
}

const five: Entry[] = [
  { txid: 'c', height: 190, index: 2, confirmations: 11 },
  { txid: 'a', height: 189, confirmations: 12 },
  { txid: 'b', vout: 1, height: 190, index: 1, confirmations: 11 },
  { txid: 'b', vout: 0, height: 190, index: 1, confirmations: 11 },
  { txid: 'd', height: 198, confirmations: 3 },
];

test('deposits come in the order of the chain, with their confirmations, and the next call goes on after them', async () => {
  const wallet = nodeWith([
    ...five,
    { txid: 'young', height: 199, confirmations: 2 },
    { txid: 'mempool', height: 0, confirmations: 0 },
    { txid: 'replaced', height: 0, confirmations: -2 },
    { txid: 'ours', height: 190, confirmations: 11, category: 'send' },
  ]).open();
  const whole = await depositsAfter(wallet, undefined, 100, 3);
  const all = ['a:0', 'b:0', 'b:1', 'c:0', 'd:0'];
  assert.deepEqual(
    whole.payments.map(({ id }) => id),
    all,
  );
  assert.equal(whole.position, 'block198');
  assert.deepEqual(whole.payments[0], {
    id: 'a:0',
    lookup: 'address-of-a',
    amount: 100_000n,
    seenAt: 1_700_000_000,
  });
  const pages: string[] = [];
  let position: string | undefined;
  for (let count = 2; count === 2; ) {
    const page = await depositsAfter(wallet, position, 2, 3);
    pages.push(...page.payments.map(({ id }) => id));
    ({ position } = page);
    count = page.payments.length;
  }
  assert.deepEqual(pages, all);
  assert.equal(position, 'block198');
});

test('where the last deposit of a page is in another block since, the page begins anew', async () => {
  const first = await depositsAfter(nodeWith(five).open(), 'base', 2, 3);
  const moved = five.map((each) => ({ ...each, block: `other${each.height}` }));
  const next = await depositsAfter(nodeWith(moved).open(), first.position, 2, 3);
  assert.deepEqual(
    next.payments.map(({ id }) => id),
    ['a:0', 'b:0'],
  );
});

test('a node that does not know the block tells all from the beginning', async () => {
  const node = nodeWith(five);
  const { payments } = await depositsAfter(node.open(), 'gone', 100, 3);
  assert.equal(payments.length, 5);
  assert.deepEqual(
    node.asked.filter(({ method }) => method === 'listsinceblock').map(({ params }) => params[0]),
    ['gone', ''],
  );
});

test('rewards of blocks are deposits like others, mature or not', async () => {
  const wallet = nodeWith([
    { txid: 'a', height: 190, confirmations: 11, category: 'immature' },
    { txid: 'b', height: 90, confirmations: 111, category: 'generate' },
  ]).open();
  assert.equal((await depositsAfter(wallet, undefined, 10, 3)).payments.length, 2);
});

test('what was in the chain and is no more is told, but not what is there again', async () => {
  const { undone } = await depositsAfter(
    nodeWith(
      [],
      [
        { txid: 'back', height: 190, confirmations: 1 },
        { txid: 'waits', height: 0, confirmations: 0 },
        { txid: 'spent', height: 0, confirmations: -4 },
        { txid: 'reward', height: 0, confirmations: 0, category: 'orphan' },
        { txid: 'payout', height: 0, confirmations: 0, category: 'send' },
        { txid: 'payout', vout: 1, height: 0, confirmations: 0, category: 'send' },
      ],
    ).open(),
    'base',
    10,
    3,
  );
  assert.deepEqual(undone.sent, ['payout']);
  assert.deepEqual(
    undone.deposits.map(({ outpoint }) => outpoint),
    ['waits:0', 'spent:0', 'reward:0'],
  );
});

test('a wallet that is looking through the chain says nothing yet', async () => {
  const node = nodeWith(five);
  node.answers['getwalletinfo'] = () => {
    return { descriptors: true, private_keys_enabled: true, scanning: { duration: 3, progress: 0.5 } };
  };
  await assert.rejects(depositsAfter(node.open(), undefined, 10, 3), { code: 'wallet-scanning' });
});
