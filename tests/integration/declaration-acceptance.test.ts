import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { concatBytes, equalBytes, fromHex, fromUtf8, reversed, toHex } from '../../protocols/bytes.ts';
import { MINING_PROTOCOL } from '../../protocols/sv2/common.ts';
import { type JobDeclarationMessage, jobDeclarationProtocol } from '../../protocols/sv2/job-declaration.ts';
import { decodeToken, encodeToken, identityHash, tokenDigest } from '../../protocols/sv2/mining-job-token.ts';
import { hostAndPort } from '../../runtime/config/address.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { createLog } from '../../runtime/logs.ts';
import { connectSv2 } from '../../runtime/sv2/connect.ts';
import { openHandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import { regtestNode, type TestNode } from '../harness/bitcoind.ts';
import { declarationOf, type NodeOffer, offerOf, solve } from '../harness/declared-job.ts';
import { interceptSv2, type Onward } from '../harness/interceptor.ts';
import { type JdClient, type JdServerProcess, jdClient, jdServer } from '../harness/jd-server.ts';
import { coinbaseCoins, mineCoins, OPEN_MEMPOOL, spending } from '../harness/mempool.ts';

/*
 * The acceptance list of job declaration, as SRI's integration tests have it, one line each: what a jd-server must do
 * whatever its clients are. Each test begins with the name of its line.
 */

const FEE = 20_000n;
const NONSENSE = 'a transaction that is none';

interface Scene {
  readonly node: TestNode;
  readonly server: JdServerProcess;
  readonly client: JdClient;
  /** What the node offers, and a transaction that it has never seen. */
  readonly offer: NodeOffer;
  readonly unseen: Uint8Array;
}

async function scene(t: TestContext, pass?: Pass): Promise<Scene> {
  const node = await regtestNode(t, { extraArguments: OPEN_MEMPOOL });
  const [coin] = await mineCoins(node, 1);
  const server = await jdServer(t, { ...node, rewardScript: 'raw(51)' });
  const client = await jdClient(t, pass === undefined ? server : await between(t, server, pass));
  assert(coin);
  const transaction = spending(coin, FEE);
  const offer = await offerOf(node);
  const unseen = {
    data: transaction.toHex(),
    txid: transaction.getId(),
    hash: toHex(reversed(transaction.getHash(true))),
    fee: Number(FEE),
  };
  return {
    node,
    server,
    client,
    offer: { ...offer, coinbasevalue: offer.coinbasevalue + unseen.fee, transactions: [unseen] },
    unseen: fromHex(unseen.data),
  };
}

type Pass = (message: JobDeclarationMessage, frame: Uint8Array) => Onward;

/** Somebody between client and jd-server who decides on each message. */
async function between(t: TestContext, server: JdServerProcess, pass: Pass) {
  const { curve } = await loadCrypto();
  const workers = await openHandshakeWorkers();
  const secretKey = Uint8Array.from(randomBytes(32));
  const interceptor = await interceptSv2({
    upstream: hostAndPort(server.address),
    keys: { publicKey: server.authorityKey, secretKey },
    workers,
    pass: ({ frame }) => pass(jobDeclarationProtocol.decode(frame).message, frame),
  });
  t.after(async () => {
    await interceptor.close();
    await workers.close();
  });
  const { host, port } = interceptor.address;
  return { address: `${host}:${port}`, authorityKey: curve.xOnly(curve.publicKey(secretKey)) };
}

async function allocate(client: JdClient, user_identifier = 'miner.rig') {
  client.send({ name: 'AllocateMiningJobToken', user_identifier, request_id: 9 });
  return client.next('AllocateMiningJobToken.Success');
}

async function declare(client: JdClient, offer: NodeOffer, requestId: number) {
  const declaration = declarationOf(offer, await allocate(client), { requestId });
  client.send(declaration);
  return declaration;
}

const provide = (client: JdClient, request_id: number, ...transaction_list: Uint8Array[]) =>
  client.send({ name: 'ProvideMissingTransactions.Success', request_id, transaction_list });

async function refusal(client: JdClient, limitMs?: number): Promise<string> {
  const { error_code, error_details } = await client.next('DeclareMiningJob.Error', limitMs);
  return `${error_code}: ${fromUtf8(error_details)}`;
}

test('jds_should_not_panic_if_jdc_shutsdown: a client that leaves in the middle of a declaration is missed by nobody', async (t) => {
  const { server, client, offer, unseen } = await scene(t);
  const { pid } = server.role;
  await declare(client, offer, 1);
  await client.next('ProvideMissingTransactions');
  client.close();
  const next = await jdClient(t, server);
  await declare(next, offer, 2);
  await next.next('ProvideMissingTransactions');
  provide(next, 2, unseen);
  await next.next('DeclareMiningJob.Success');
  assert.equal(server.role.pid, pid);
});

test('race: what is asked for is waited for only while the tip stands, and the next declaration is judged at once', async (t) => {
  const { node, client, offer, unseen } = await scene(t);
  await declare(client, offer, 1);
  await client.next('ProvideMissingTransactions');
  await node.generate(1);
  assert.match(await refusal(client), /^stale-chain-tip: .*: declare a job on the newest tip/);
  // What comes late harms nothing, and what is unknown is asked for again.
  provide(client, 1, unseen);
  const next = await offerOf(node);
  const { transactions } = offer;
  await declare(client, { ...next, transactions, coinbasevalue: next.coinbasevalue + Number(FEE) }, 2);
  assert.equal((await client.next('ProvideMissingTransactions')).request_id, 2);
  provide(client, 2, unseen);
  assert.equal((await client.next('DeclareMiningJob.Success')).request_id, 2);
});

test('jds_receive_solution_while_processing_declared_job: a solution that overtakes the missing transactions harms nothing', async (t) => {
  let held: Uint8Array | undefined;
  const { node, server, client, offer, unseen } = await scene(t, (message, frame) => {
    if (message.name === 'ProvideMissingTransactions.Success') {
      held = frame;
      return [];
    }
    if (message.name !== 'PushSolution' || held === undefined) return [frame];
    const late = held;
    held = undefined;
    return [frame, late];
  });
  const declaration = await declare(client, offer, 1);
  await client.next('ProvideMissingTransactions');
  const solution = solve(declaration, offer);
  provide(client, 1, unseen);
  client.send(solution);
  await client.next('DeclareMiningJob.Success');
  await server.role.says(/a solution fits none of the jobs/);
  assert.equal(await node.rpc.call('getbestblockhash'), offer.previousblockhash);
  client.send(solution);
  await server.role.says(/accepted by the node/);
  const block = (await node.rpc.call('getblock', [await node.rpc.call('getbestblockhash')])) as {
    tx: string[];
  };
  assert.deepEqual(
    block.tx.slice(1),
    offer.transactions.map(({ txid }) => txid),
  );
});

test('jds_wont_exit_upon_receiving_unexpected_txids_in_provide_missing_transaction_success: others than the ones asked for', async (t) => {
  const { node, server, client, offer, unseen } = await scene(t);
  const [, , ...rest] = await coinbaseCoins(node, 3);
  assert(rest[0]);
  const other = fromHex(spending(rest[0], 5n).toHex());
  const answers: [Uint8Array[], RegExp][] = [
    [[other], /^missing-txs: transaction 0 is another than the one that was declared/],
    [[unseen, other], /^missing-txs: 2 transactions were sent and 1 asked for/],
    [[], /^missing-txs: 0 transactions were sent and 1 asked for/],
    [[Buffer.from(NONSENSE)], /^bad-transaction/],
  ];
  for (const [requestId, [sent, words]] of answers.entries()) {
    await declare(client, offer, requestId);
    await client.next('ProvideMissingTransactions');
    provide(client, requestId, ...sent);
    assert.match(await refusal(client), words);
  }
  await declare(client, offer, 9);
  await client.next('ProvideMissingTransactions');
  provide(client, 9, unseen);
  assert.equal((await client.next('DeclareMiningJob.Success')).request_id, 9);
  assert.doesNotMatch(server.role.output, /hung up on a client/);
});

test('jds_ask_for_missing_transactions, with the transactions lost on the way: refused in time, and the same token serves again', async (t) => {
  let isLost = false;
  const { client, offer, unseen } = await scene(t, (message, frame) => {
    if (message.name !== 'ProvideMissingTransactions.Success' || isLost) return [frame];
    isLost = true;
    return [];
  });
  const declaration = await declare(client, offer, 1);
  await client.next('ProvideMissingTransactions');
  provide(client, 1, unseen);
  assert.match(await refusal(client, 60_000), /^missing-txs: the transactions were not sent within 20 s/);
  client.send({ ...declaration, request_id: 2 });
  await client.next('ProvideMissingTransactions');
  // What belongs to the declaration that was given up is none of this one's.
  provide(client, 1, Buffer.from(NONSENSE));
  provide(client, 2, unseen);
  assert.equal((await client.next('DeclareMiningJob.Success')).request_id, 2);
});

test('jds_reject_setup_connection: another protocol, a missing DECLARE_TX_DATA, a version that is not spoken', async (t) => {
  const { server } = await scene(t);
  const workers = await openHandshakeWorkers();
  t.after(() => workers.close());
  await assert.rejects(
    connectSv2({
      ...hostAndPort(server.address),
      protocol: jobDeclarationProtocol,
      authorityKey: server.authorityKey,
      setup: { protocol: MINING_PROTOCOL, flags: 0 },
      frameCap: 1 << 20,
      workers,
      log: createLog('test', 'silent'),
    }),
    /unsupported-protocol/,
  );
  await assert.rejects(jdClient(t, server, 0), /missing-declare-tx-data-flag/);
  const ofLater = await between(t, server, (message, frame) =>
    message.name === 'SetupConnection'
      ? [jobDeclarationProtocol.encode({ ...message, min_version: 3, max_version: 3 })]
      : [frame],
  );
  await assert.rejects(jdClient(t, ofLater), /protocol-version-mismatch/);
  assert((await jdClient(t, server)).isOpen);
});

test('jds_accepts_multiple_identities_on_one_connection: each token is its own identity', async (t) => {
  const { node, client } = await scene(t);
  const offer = await offerOf(node);
  const names = ['alice.rig', 'bob.rig'];
  const tokens = [];
  for (const name of names) tokens.push(await allocate(client, name));
  for (const [i, token] of tokens.entries()) client.send(declarationOf(offer, token, { requestId: i }));
  for (const [i, name] of names.entries()) {
    const { request_id, new_mining_job_token } = await client.next('DeclareMiningJob.Success');
    assert.equal(request_id, i);
    assert.deepEqual(decodeToken(new_mining_job_token).terms.identity, identityHash(name));
  }
});

test('jds_downstream_state_isolation and multiple_jdc_sessions: what one client sends is nothing of another', async (t) => {
  const { server, client, offer, unseen } = await scene(t);
  const other = await jdClient(t, server);
  const declaration = await declare(client, offer, 1);
  await client.next('ProvideMissingTransactions');
  await declare(other, offer, 1);
  await other.next('ProvideMissingTransactions');
  provide(other, 1, Buffer.from(NONSENSE));
  assert.match(await refusal(other), /^bad-transaction/);
  provide(client, 1, unseen);
  await client.next('DeclareMiningJob.Success');

  other.send(solve(declaration, offer));
  await server.role.says(/a solution fits none of the jobs that this client has declared/);
  assert.doesNotMatch(server.role.output, /accepted by the node/);
  client.send(solve(declaration, offer));
  await server.role.says(/accepted by the node/);
});

test('jds_reject_declare_mining_job: a token that is malformed, forged, changed or of a job is none of this connection', async (t) => {
  const { node, client } = await scene(t);
  const { curve } = await loadCrypto();
  const offer = await offerOf(node);
  const token = await allocate(client);
  const { terms, signature } = decodeToken(token.mining_job_token);
  const ownKey = Uint8Array.from(randomBytes(32));
  const forged = (changes: Partial<typeof terms>): Uint8Array => {
    const said = { ...terms, ...changes };
    return encodeToken(said, curve.schnorrSign(tokenDigest(said), ownKey, randomBytes(32)));
  };
  const tokens = [
    new Uint8Array(),
    token.mining_job_token.subarray(1),
    concatBytes(token.mining_job_token, fromHex('00')),
    forged({ id: randomBytes(16) }),
    forged({ identity: identityHash('somebody.else') }),
    encodeToken({ ...terms, job: randomBytes(32) }, signature),
  ];
  for (const mining_job_token of tokens) {
    client.send({ ...declarationOf(offer, token), mining_job_token });
    assert.match(await refusal(client), /^invalid-mining-job-token: /);
  }
  client.send(declarationOf(offer, token));
  const { new_mining_job_token } = await client.next('DeclareMiningJob.Success');
  assert(!equalBytes(decodeToken(new_mining_job_token).terms.id, terms.id));
  client.send({ ...declarationOf(offer, token), mining_job_token: new_mining_job_token });
  assert.match(await refusal(client), /^invalid-mining-job-token: /, 'that one is for the pool');
});
