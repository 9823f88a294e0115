import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { decodeOutputs } from '../../protocols/bitcoin/output.ts';
import { concatBytes, equalBytes, fromHex, fromUtf8, reversed, toHex } from '../../protocols/bytes.ts';
import { keysetMark } from '../../protocols/ehash/keyset-mark.ts';
import type { JobDeclarationMessage } from '../../protocols/sv2/job-declaration.ts';
import { decodeToken, identityHash, NO_JOB } from '../../protocols/sv2/mining-job-token.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { regtestNode, type TestNode } from '../harness/bitcoind.ts';
import {
  type DeclareOptions,
  declarationOf,
  EXTRANONCE_BYTES,
  type NodeOffer,
  offerOf,
  solve,
} from '../harness/declared-job.ts';
import { type JdClient, type JdServerProcess, jdClient, jdServer } from '../harness/jd-server.ts';
import { type Coin, coinbaseCoins, mineCoins, OPEN_MEMPOOL, spend, spending } from '../harness/mempool.ts';
import { until } from '../harness/template-client.ts';

const REWARD_SCRIPT = fromHex('51');

type Declaration = Extract<JobDeclarationMessage, { name: 'DeclareMiningJob' }>;

interface Scene {
  readonly node: TestNode;
  readonly server: JdServerProcess;
  readonly client: JdClient;
}

/** @param transactions how many are in the mempool before the jd-server looks at it */
async function scene(t: TestContext, transactions = 0, config: readonly string[] = []): Promise<Scene> {
  const node = await regtestNode(t, { extraArguments: OPEN_MEMPOOL });
  for (const coin of (await mineCoins(node, 3)).slice(0, transactions)) await spend(node, coin, 10_000n);
  const server = await jdServer(t, { ...node, rewardScript: `raw(${toHex(REWARD_SCRIPT)})`, config });
  return { node, server, client: await jdClient(t, server) };
}

/** A node with the same chain, and a mempool of its own. */
async function nodeOnChain(t: TestContext, { rpc }: TestNode): Promise<TestNode> {
  const stranger = await regtestNode(t, { extraArguments: OPEN_MEMPOOL });
  const tip = Number(await rpc.call('getblockcount'));
  for (let height = 1; height <= tip; height++) {
    const block = await rpc.call('getblock', [await rpc.call('getblockhash', [height]), 0]);
    assert.equal(await stranger.rpc.call('submitblock', [block]), null);
  }
  return stranger;
}

async function allocate(client: JdClient, user_identifier = 'miner.rig') {
  client.send({ name: 'AllocateMiningJobToken', user_identifier, request_id: 9 });
  return client.next('AllocateMiningJobToken.Success');
}

async function declare(
  client: JdClient,
  offer: NodeOffer,
  options: DeclareOptions = {},
): Promise<Declaration> {
  const declaration = declarationOf(offer, await allocate(client), options);
  client.send(declaration);
  return declaration;
}

async function refusal(client: JdClient): Promise<[string, string]> {
  const { error_code, error_details } = await client.next('DeclareMiningJob.Error');
  return [error_code, fromUtf8(error_details)];
}

test('a token proves itself, and names what a coinbase must have', async (t) => {
  const { server, client } = await scene(t);
  const { request_id, mining_job_token, coinbase_tx_outputs } = await allocate(client, 'somebody.rig');
  assert.equal(request_id, 9);
  assert.equal(coinbase_tx_outputs[0], 2);
  assert.deepEqual(
    decodeOutputs(coinbase_tx_outputs.subarray(1), 2).map(({ value, script }) => [value, toHex(script)]),
    [
      [0n, toHex(REWARD_SCRIPT)],
      [0n, toHex(keysetMark(server.keysetId))],
    ],
  );
  const { terms, digest, signature } = decodeToken(mining_job_token);
  const { curve } = await loadCrypto();
  assert(curve.schnorrVerify(signature, digest, server.tokenKey.subarray(1)));
  assert.deepEqual(terms.identity, identityHash('somebody.rig'));
  assert.deepEqual(terms.job, NO_JOB);
  assert(terms.expiry > Date.now() / 1000);
});

test('a job is declared, and its block is found and given to the node', async (t) => {
  const { node, server, client } = await scene(t, 2);
  const offer = await offerOf(node);
  assert.equal(offer.transactions.length, 2);
  const declaration = await declare(client, offer);
  const { new_mining_job_token } = await client.next('DeclareMiningJob.Success');
  const { terms, digest, signature } = decodeToken(new_mining_job_token);
  const { curve } = await loadCrypto();
  assert(curve.schnorrVerify(signature, digest, server.tokenKey.subarray(1)));
  assert(!equalBytes(terms.job, NO_JOB));

  const solution = solve(declaration, offer);
  client.send({ ...solution, nonce: solution.ntime, ntime: solution.nonce });
  await server.role.says(/accepted by the node/);
  const best = String(await node.rpc.call('getbestblockhash'));
  const block = (await node.rpc.call('getblock', [best])) as { tx: string[]; height: number };
  assert.equal(block.height, offer.height);
  assert.equal(block.tx.length, 3);
});

test('what the node has not seen is asked for, in full and checked', async (t) => {
  const { node, client } = await scene(t);
  const [coin] = await coinbaseCoins(node, 1);
  assert(coin);
  const stranger = await nodeOnChain(t, node);
  await spend(stranger, coin, 20_000n);
  const offer = await offerOf(stranger);
  const [transaction] = offer.transactions;
  assert(transaction);

  await declare(client, offer, { requestId: 5 });
  const asked = await client.next('ProvideMissingTransactions');
  assert.deepEqual(asked, { ...asked, request_id: 5, unknown_tx_position_list: [0] });
  const answer = (transaction_list: Uint8Array[], request_id = 5) =>
    client.send({ name: 'ProvideMissingTransactions.Success', request_id, transaction_list });
  answer([fromHex('00')], 77);
  answer([Uint8Array.from(randomBytes(80))]);
  assert.deepEqual(await refusal(client), ['bad-transaction', 'no transaction in 80 bytes']);

  await declare(client, offer, { requestId: 6 });
  await client.next('ProvideMissingTransactions');
  answer([], 6);
  assert.match((await refusal(client)).join(' '), /^missing-txs 0 transactions were sent and 1 asked for/);

  await declare(client, offer, { requestId: 7 });
  await client.next('ProvideMissingTransactions');
  answer([fromHex(transaction.data)], 7);
  assert.equal((await client.next('DeclareMiningJob.Success')).request_id, 7);
  // It is known from then on.
  await declare(client, offer, { requestId: 8 });
  assert.equal((await client.next('DeclareMiningJob.Success')).request_id, 8);
});

test('who keeps a part of the reward is refused', async (t) => {
  const { node, client } = await scene(t, 1);
  const offer = await offerOf(node);
  const refused = async (pay: DeclareOptions['pay']): Promise<string> => {
    await declare(client, offer, pay ? { pay } : {});
    return (await refusal(client)).join(': ');
  };
  const own = fromHex('52');
  assert.match(
    await refused((value, [first, mark]) => [
      { value: value - 1n, script: own },
      { value: 1n, script: first?.script ?? own },
      { value: 0n, script: mark?.script ?? own },
    ]),
    /^invalid-coinbase-tx-outputs: output 0 of the coinbase pays 5000009999 sat to a script that is not the pool's/,
  );
  assert.match(
    await refused((_, outputs) => [...outputs]),
    /^invalid-coinbase-tx-outputs: no output of the coinbase pays the pool/,
  );
  const paying = (value: bigint) => (_: bigint, outputs: readonly { script: Uint8Array; value: bigint }[]) =>
    outputs.map((output, i) => (i === 0 ? { ...output, value } : output));
  const whole = BigInt(offer.coinbasevalue);
  // The subsidy alone keeps the fees; one satoshi less keeps one; one more than there is can't be paid.
  for (const value of [5_000_000_000n, whole - 1n]) {
    await declare(client, offer, { pay: paying(value) });
    assert.match(
      (await refusal(client)).join(': '),
      /^invalid-coinbase-tx-outputs: the coinbase pays the pool less than/,
    );
  }
  await declare(client, offer, { pay: paying(whole + 1n) });
  assert.match(
    (await refusal(client)).join(': '),
    /^invalid-coinbase-tx-outputs: the node would not take this block: bad-cb-amount/,
  );
  await declare(client, offer, { pay: paying(whole) });
  await client.next('DeclareMiningJob.Success');
});

test('tokens are for once, and for the connection that has them', async (t) => {
  const { node, server, client } = await scene(t);
  const offer = await offerOf(node);
  const first = await declare(client, offer);
  await client.next('DeclareMiningJob.Success');
  client.send({ ...first, request_id: 2 });
  assert.equal((await refusal(client))[0], 'invalid-mining-job-token');

  const other = await jdClient(t, server);
  other.send(declarationOf(offer, await allocate(client)));
  assert.equal((await refusal(other))[0], 'invalid-mining-job-token');
  other.send({ ...first, mining_job_token: Uint8Array.from(randomBytes(8)) });
  assert.match(
    (await refusal(other)).join(' '),
    /^invalid-mining-job-token the mining job token has 8 bytes/,
  );
  // The client whose token was taken is served as ever.
  await declare(client, offer);
  await client.next('DeclareMiningJob.Success');
});

test('a job on a tip that is gone is stale, one on a tip to come waits for it', async (t) => {
  const { node, client } = await scene(t);
  const before = await offerOf(node);
  await node.generate(1);
  await declare(client, before);
  assert.match((await refusal(client)).join(' '), /^stale-chain-tip .*: declare a job on the newest tip/);

  const offer = await offerOf(node);
  const early = declarationOf({ ...offer, height: offer.height + 1 }, await allocate(client));
  client.send(early);
  await node.generate(1);
  await client.next('DeclareMiningJob.Success');
});

test('a tip of the same height that is another one is a race, and no fault of the job', async (t) => {
  const { node, client } = await scene(t);
  const [coin] = await coinbaseCoins(node, 1);
  assert(coin);
  const stranger = await nodeOnChain(t, node);
  await spend(node, coin, 10_000n);
  await node.generate(1);
  await stranger.generate(1);
  await spend(stranger, coin, 20_000n);
  const offer = await offerOf(stranger);
  const transactions = offer.transactions.map(({ data }) => fromHex(data));
  for (let requestId = 1; requestId <= 2; requestId++) {
    await declare(client, offer, { requestId });
    // What no block was made of is asked for again.
    await client.next('ProvideMissingTransactions');
    client.send({
      name: 'ProvideMissingTransactions.Success',
      request_id: requestId,
      transaction_list: transactions,
    });
    assert.match(
      (await refusal(client)).join(' '),
      /^stale-chain-tip .*\(bad-txns-inputs-missingorspent\): declare a job on the newest tip/,
    );
  }
});

test('a client that shows no transactions is taken where the config says so', async (t) => {
  const { node, server } = await scene(t);
  await assert.rejects(jdClient(t, server, 0), /missing-declare-tx-data-flag/);
  const open = await jdServer(t, {
    ...node,
    rewardScript: `raw(${toHex(REWARD_SCRIPT)})`,
    config: ['full_template_mode_required = false'],
  });
  const client = await jdClient(t, open, 0);
  const token = await allocate(client);
  client.send(declarationOf(await offerOf(node), token));
  assert.match((await refusal(client)).join(' '), /^invalid-job a connection without DECLARE_TX_DATA/);
});

test('bad declarations cost their sender an answer and nobody else anything', async (t) => {
  const { node, server, client } = await scene(t, 0, ['declarations_per_minute = 12']);
  const offer = await offerOf(node);
  const token = await allocate(client);
  const good = declarationOf(offer, token);
  const codeOf = async (wrong: Partial<Declaration>) => {
    client.send({ ...good, ...wrong });
    return (await refusal(client))[0];
  };
  assert.equal(await codeOf({ coinbase_tx_prefix: new Uint8Array() }), 'invalid-coinbase-tx');
  assert.equal(
    await codeOf({ coinbase_tx_suffix: good.coinbase_tx_suffix.subarray(1) }),
    'invalid-coinbase-tx',
  );
  assert.equal(
    await codeOf({ coinbase_tx_prefix: concatBytes(good.coinbase_tx_prefix, new Uint8Array(90)) }),
    'invalid-coinbase-tx',
  );
  const spending = good.coinbase_tx_prefix.slice();
  // Version, marker and flag, and the number of inputs stand before the outpoint.
  spending[7] = 1;
  assert.equal(await codeOf({ coinbase_tx_prefix: spending }), 'invalid-coinbase-tx-input');
  const twice = Uint8Array.from(randomBytes(32));
  assert.equal(await codeOf({ wtxid_list: [twice, twice] }), 'invalid-job');
  assert.equal(await codeOf({ version: 0 }), 'invalid-job');
  client.send(good);
  await client.next('DeclareMiningJob.Success');
  for (let i = 0; i < 10; i++) client.send({ ...good, request_id: 100 + i });
  const codes = new Set<string>();
  for (let i = 0; i < 10; i++) codes.add((await refusal(client))[0]);
  assert.deepEqual([...codes].sort(), ['invalid-mining-job-token', 'too-many-declarations']);
  client.send({
    name: 'PushSolution',
    extranonce: new Uint8Array(EXTRANONCE_BYTES),
    prev_hash: reversed(fromHex(offer.previousblockhash)),
    nonce: 0,
    ntime: 0,
    nbits: 0,
    version: 0,
  });
  assert(client.isOpen);
  assert.match(server.role.output, /a declaration was refused/);
});

test('who asks for tokens without end, or pushes what solves nothing, is hung up on, and others are served', async (t) => {
  const { node, server, client } = await scene(t, 0, ['declarations_per_minute = 5']);
  const offer = await offerOf(node);
  const declaration = await declare(client, offer);
  await client.next('DeclareMiningJob.Success');
  const solution = { ...solve(declaration, offer), prev_hash: new Uint8Array(32) };
  for (let i = 0; i < 6; i++) client.send(solution);
  await server.role.says(/it pushes more solutions of no job than it may declare jobs/);
  await until(() => !client.isOpen, 'the end of its connection');

  const greedy = await jdClient(t, server);
  for (let i = 0; i < 6; i++)
    greedy.send({ name: 'AllocateMiningJobToken', user_identifier: 'greedy', request_id: i });
  await server.role.says(/it asks for more tokens than it may declare jobs/);
  await until(() => !greedy.isOpen, 'the end of its connection');
  assert((await jdClient(t, server)).isOpen);
  assert.equal(await node.rpc.call('getbestblockhash'), offer.previousblockhash);
});

/** The offer with one transaction of nearly a megabyte, which the node has not seen: as many as there are fees. */
function largeOffer(offer: NodeOffer, coin: Coin, fee: number): NodeOffer {
  const transaction = spending(coin, BigInt(fee), 22_000);
  const hash = toHex(reversed(transaction.getHash(true)));
  const large = { data: transaction.toHex(), txid: transaction.getId(), hash, fee };
  return { ...offer, coinbasevalue: offer.coinbasevalue + fee, transactions: [large] };
}

test('the transactions of all jobs of an address have a bound, and room comes back with who leaves', async (t) => {
  const { node, server, client } = await scene(t, 0, ['declared_transactions_mb = 128']);
  const [coin] = await coinbaseCoins(node, 1);
  assert(coin);
  const offer = await offerOf(node);
  const declareLarge = async (declarer: JdClient, fee: number) => {
    const large = largeOffer(offer, coin, fee);
    await declare(declarer, large, { requestId: fee });
    const { unknown_tx_position_list } = await declarer.next('ProvideMissingTransactions');
    const sent = unknown_tx_position_list.map((place) => fromHex(large.transactions[place]?.data ?? ''));
    declarer.send({
      name: 'ProvideMissingTransactions.Success',
      request_id: fee,
      transaction_list: sent,
    });
  };
  // An eighth of 128 MB: seventeen of them, of four to a connection.
  const clients = [client];
  for (let i = 0; i < 4; i++) clients.push(await jdClient(t, server));
  const last = clients[4];
  assert(last);
  for (let job = 0; job < 17; job++) {
    const declarer = clients[Math.floor(job / 4)] ?? last;
    await declareLarge(declarer, 1_000 + job);
    await declarer.next('DeclareMiningJob.Success');
  }
  await declareLarge(last, 2_000);
  assert.match(
    (await refusal(last)).join(' '),
    /^too-many-declarations no room for this job: jobs of one address may hold 16777216 bytes/,
  );
  // A job of what is there already is taken as ever.
  await declare(last, largeOffer(offer, coin, 1_000));
  await last.next('DeclareMiningJob.Success');

  client.close();
  // The server learns of the end in its own time.
  for (let fee = 3_000; ; fee++) {
    await declareLarge(last, fee);
    const answer: JobDeclarationMessage = await last.any();
    if (answer.name === 'DeclareMiningJob.Success') break;
    assert.equal('error_code' in answer && answer.error_code, 'too-many-declarations');
  }
});
