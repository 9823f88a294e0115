import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Transaction } from 'bitcoinjs-lib';
import { encodeOutput } from '../../protocols/bitcoin/output.ts';
import { regtestNode, type TestNode } from '../harness/bitcoind.ts';
import { ANYONE_SCRIPT, type Coin, mineCoins, OPEN_MEMPOOL, spend } from '../harness/mempool.ts';
import { recordingClient, solve, until } from '../harness/template-client.ts';
import { templateProvider } from '../harness/template-provider.ts';

const SUBSIDY = 5_000_000_000n;
/** Makes a transaction of about 99,000 bytes: ten of them fill a block. */
const LARGE_PADDING = 2_300;

interface BlockInfo {
  readonly tx: readonly string[];
  readonly weight: number;
}

interface NodeTemplate {
  readonly transactions: readonly { txid: string; fee: number }[];
}

/** A node whose first `coins` coinbases can be spent by anybody. */
async function nodeWithCoins(
  t: Parameters<typeof regtestNode>[0],
  coins: number,
): Promise<{ node: TestNode; coins: Coin[] }> {
  const node = await regtestNode(t, { extraArguments: OPEN_MEMPOOL });
  return { node, coins: await mineCoins(node, coins) };
}

async function nodeTemplate(node: TestNode): Promise<NodeTemplate> {
  return (await node.rpc.call('getblocktemplate', [{ rules: ['segwit'] }])) as NodeTemplate;
}

async function blockInfo(node: TestNode, hash: string): Promise<BlockInfo> {
  return (await node.rpc.call('getblock', [hash])) as BlockInfo;
}

test('fees that rise bring a template without a prev hash', async (t) => {
  const { node, coins } = await nodeWithCoins(t, 1);
  const [coin] = coins;
  assert(coin !== undefined);
  const provider = await templateProvider(t, {
    ...node,
    config: ['fee_check_interval_sec = 1'],
  });
  const { client, pairAfter, templates, prevHashes } = await recordingClient(t, provider);
  const first = await pairAfter(0);
  assert.equal(first.template.coinbase_tx_value_remaining, SUBSIDY);

  const { txid } = await spend(node, coin, 10_000n);
  await until(() => templates.length > 1, 'template with the fees');
  const better = templates.at(-1);
  assert(better !== undefined);
  assert.equal(better.future_template, false);
  assert.equal(better.coinbase_tx_value_remaining, SUBSIDY + 10_000n);
  assert.equal(better.merkle_path.length, 1);
  assert.equal(prevHashes.length, 1);

  const { solution, hash } = solve(better, first.prevHash);
  client.submitSolution(solution);
  await pairAfter(1);
  assert.equal(await node.rpc.call('getbestblockhash'), hash);
  assert((await blockInfo(node, hash)).tx.includes(txid));
});

test('transaction data: in full, then stale, and never heard of', async (t) => {
  const { node, coins } = await nodeWithCoins(t, 2);
  const sent: string[] = [];
  for (const coin of coins) sent.push((await spend(node, coin, 5_000n)).txid);
  const provider = await templateProvider(t, node);
  const { client, pairAfter } = await recordingClient(t, provider);
  const { template } = await pairAfter(0);

  const transactions = await client.requestTransactionData(template.template_id);
  const read = transactions.map((bytes) => Transaction.fromBuffer(bytes));
  assert.deepEqual(read.map((transaction) => transaction.getId()).sort(), sent.sort());
  assert(read.every((transaction) => transaction.hasWitnesses()));
  await assert.rejects(client.requestTransactionData(7n), { code: 'template-id-not-found' });

  await node.generate(1);
  await pairAfter(1);
  await assert.rejects(client.requestTransactionData(template.template_id), { code: 'stale-template-id' });
  await client.close();
  await assert.rejects(client.requestTransactionData(template.template_id), {
    code: 'template-provider-away',
  });
});

test('where the node leaves too little room, transactions make way for the coinbase', async (t) => {
  const { node, coins } = await nodeWithCoins(t, 2);
  const [well, badly] = coins;
  assert(well !== undefined && badly !== undefined);
  // Two chains that together fill more than a block; the second one pays less and is the one that is cut.
  let [rich, poor]: Coin[] = [well, badly];
  const txids: string[] = [];
  for (let i = 0; i < 6; i++) {
    rich = await spend(node, rich ?? well, 2_000_000n, LARGE_PADDING);
    txids.push(rich.txid);
  }
  for (let i = 0; i < 6; i++) {
    poor = await spend(node, poor ?? badly, 200_000n, LARGE_PADDING);
    txids.push(poor.txid);
  }
  const provider = await templateProvider(t, node);
  const outputs = Array.from({ length: 1_000 }, () => ({ value: 1_000n, script: ANYONE_SCRIPT }));
  const size = outputs.length * encodeOutput({ value: 1_000n, script: ANYONE_SCRIPT }).length;
  const { client, pairAfter } = await recordingClient(t, provider, {
    maxAdditionalSize: size + 100,
    maxAdditionalSigops: 0,
  });
  const { template, prevHash } = await pairAfter(0);

  const { transactions } = await nodeTemplate(node);
  const offered = await client.requestTransactionData(template.template_id);
  assert.equal(transactions.length, 10);
  assert.equal(offered.length, 9);
  const left = transactions.slice(0, 9);
  assert.deepEqual(
    offered.map((bytes) => Transaction.fromBuffer(bytes).getId()),
    left.map(({ txid }) => txid),
  );
  const fees = left.reduce((sum, { fee }) => sum + BigInt(fee), 0n);
  assert.equal(template.coinbase_tx_value_remaining, SUBSIDY + fees);

  const rest = { value: template.coinbase_tx_value_remaining - 1_000n * 1_000n, script: ANYONE_SCRIPT };
  const { solution, hash } = solve(template, prevHash, { outputs: [...outputs, rest] });
  client.submitSolution(solution);
  await pairAfter(1);
  assert.equal(await node.rpc.call('getbestblockhash'), hash, provider.role.output);
  const { weight, tx } = await blockInfo(node, hash);
  assert(weight > 3_700_000 && weight <= 4_000_000, `weight ${weight}`);
  assert.equal(tx.length, 10);
});
