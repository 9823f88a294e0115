import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { NetworkName } from '../../../protocols/bitcoin/network.ts';
import { ChainView, type Tip } from '../../../roles/mint/chain/chain-view.ts';
import { createLog } from '../../../runtime/logs.ts';
import type { BitcoinRpc } from '../../../runtime/rpc/client.ts';
import { RpcError } from '../../../runtime/rpc/errors.ts';
import { until } from '../../harness/template-client.ts';

const KNOWN = 'aa'.repeat(32);

/** A node that answers from a table and counts what it is asked. */
function node(answers: Record<string, (params: readonly unknown[]) => unknown>) {
  const asked: string[] = [];
  const rpc: BitcoinRpc = {
    url: 'http://127.0.0.1:1',
    call: async (method, params = []) => {
      asked.push(method);
      return answers[method]?.(params);
    },
    close: () => undefined,
  };
  return { rpc, asked };
}

const info =
  (chain: string, hash = 'tip', isSyncing = false) =>
  () => {
    return { chain, blocks: 7, bestblockhash: hash, initialblockdownload: isSyncing };
  };
const header = ([hash]: readonly unknown[]) => {
  if (hash !== KNOWN) throw new RpcError('rpc-refused', 'Block not found', { rpcCode: -5 });
  return { height: 7, time: 1000, mediantime: 900, bits: '207fffff' };
};

async function view(t: TestContext, rpc: BitcoinRpc, network: NetworkName = 'regtest'): Promise<ChainView> {
  const chain = new ChainView(rpc, network, createLog('test', 'silent'));
  t.after(() => chain.close());
  await chain.start();
  return chain;
}

test('a block is asked for once, however many shares build on it', async (t) => {
  const { rpc, asked } = node({ getblockchaininfo: info('regtest'), getblockheader: header });
  const chain = await view(t, rpc);
  const parents = await Promise.all(Array.from({ length: 100 }, () => chain.parent(KNOWN)));
  assert.deepEqual(parents[99], {
    height: 7,
    time: 1000,
    medianTime: 900,
    bits: 0x207fffff,
    start: undefined,
  });
  await chain.parent(KNOWN);
  assert.equal(asked.filter((method) => method === 'getblockheader').length, 1);
});

test('an unknown block is asked for again later', async (t) => {
  const { rpc, asked } = node({ getblockchaininfo: info('regtest'), getblockheader: header });
  const chain = await view(t, rpc);
  assert.equal(await chain.parent('bb'.repeat(32)), undefined);
  assert.equal(await chain.parent('bb'.repeat(32)), undefined);
  assert.equal(asked.filter((method) => method === 'getblockheader').length, 2);
});

test("the period's first block comes with a parent where difficulty depends on it", async (t) => {
  const asked: unknown[] = [];
  const { rpc } = node({
    getblockchaininfo: info('testnet4'),
    getblockhash: ([height]) => {
      asked.push(height);
      return KNOWN;
    },
    getblockheader: header,
  });
  const chain = await view(t, rpc, 'testnet4');
  assert.deepEqual((await chain.parent(KNOWN))?.start, {
    height: 7,
    time: 1000,
    medianTime: 900,
    bits: 0x207fffff,
  });
  assert.deepEqual(asked, [0]);
});

test('a node on another chain is waited for, in words', async (t) => {
  const { rpc } = node({ getblockchaininfo: info('main'), getblockheader: header });
  const chain = await view(t, rpc);
  assert.equal(chain.tip, undefined);
  assert.match(chain.trouble, /on chain main, \[bitcoin\] network is regtest/);
  assert.equal(await chain.parent(KNOWN), undefined);
});

test('new tips are told, and the same tip only once', async (t) => {
  let hash = 'one';
  const { rpc } = node({ getblockchaininfo: () => info('main', hash, true)() });
  const chain = new ChainView(rpc, 'mainnet', createLog('test', 'silent'));
  t.after(() => chain.close());
  const tips: Tip[] = [];
  chain.onTip(async (tip) => {
    tips.push(tip);
  });
  await chain.start();
  await chain.start();
  hash = 'two';
  await chain.start();
  assert.deepEqual(
    tips.map(({ hashBe, isSyncing }) => [hashBe, isSyncing]),
    [
      ['one', true],
      ['two', true],
    ],
  );
});

test('a node that was away between two polls is back with the next one, and told as such', async (t) => {
  let isAway = false;
  const { rpc } = node({
    getblockchaininfo: info('regtest'),
    getblockheader: (params) => {
      if (isAway) throw new RpcError('rpc-unreachable', 'connection refused');
      return header(params);
    },
  });
  const chain = new ChainView(rpc, 'regtest', createLog('test', 'silent'));
  t.after(() => chain.close());
  const tips: Tip[] = [];
  chain.onTip(async (tip) => {
    tips.push(tip);
  });
  await chain.start();
  isAway = true;
  assert.equal(await chain.parent(KNOWN), undefined);
  assert.equal(chain.tip, undefined);
  assert.match(chain.trouble, /connection refused/);
  isAway = false;
  await chain.start();
  assert.equal(tips.length, 2);
  assert.equal((await chain.parent(KNOWN))?.height, 7);
});

test('a hint that something is new makes it look at once, and a tip that could not be taken in is told again', async (t) => {
  // Its clock stands still.
  t.mock.timers.enable({ apis: ['setInterval'] });
  const hashes = ['one', 'two'];
  let at = 0;
  const { rpc } = node({ getblockchaininfo: () => info('regtest', hashes[at])() });
  const chain = new ChainView(rpc, 'regtest', createLog('test', 'silent'));
  t.after(() => chain.close());
  const told: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  chain.onTip(async ({ hashBe }) => {
    told.push(hashBe);
    if (told.length === 2) throw new RpcError('rpc-unreachable', 'the store is away');
    if (told.length === 3) resolve();
  });
  await chain.start();
  at = 1;
  chain.look();
  await until(() => told.length === 2, 'the new tip');
  chain.look();
  await promise;
  assert.deepEqual(told, ['one', 'two', 'two']);
});
