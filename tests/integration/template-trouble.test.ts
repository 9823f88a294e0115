import assert from 'node:assert/strict';
import { createServer, request as httpRequest } from 'node:http';
import { type TestContext, test } from 'node:test';
import { reversed, toHex } from '../../protocols/bytes.ts';
import { regtestNode } from '../harness/bitcoind.ts';
import { freePortBase } from '../harness/free-ports.ts';
import { recordingClient, solve, until } from '../harness/template-client.ts';
import { templateProvider } from '../harness/template-provider.ts';

/** A reverse proxy before a node's RPC that breaks off every long poll. */
async function withoutLongPoll(t: TestContext, rpcUrl: string): Promise<string> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts);
      if (body.includes('longpollid')) {
        response.destroy();
        return;
      }
      const { method, headers } = request;
      const onward = httpRequest(rpcUrl, { method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 500);
        answer.pipe(response);
      });
      onward.once('error', () => response.destroy());
      onward.end(body);
    });
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert(typeof address === 'object' && address !== null);
  return `http://127.0.0.1:${address.port}`;
}

test('a node that goes away is waited for, and work goes on where it was', async (t) => {
  const node = await regtestNode(t, { blocks: 1 });
  const provider = await templateProvider(t, node);
  const { client, pairAfter, statuses } = await recordingClient(t, provider);
  const { template, prevHash } = await pairAfter(0);

  await node.stop();
  await provider.role.says(
    /waiting: bitcoind at http:\/\/127\.0\.0\.1:\d+, \w+: connection refused; is it running/,
  );
  // A block found meanwhile is not lost.
  const { solution, hash } = solve(template, prevHash);
  client.submitSolution(solution);
  await provider.role.says(/block [0-9a-f]{64} waits for the node/);
  await node.restart();
  await provider.role.says(/the node works again/);
  await provider.role.says(/at height 2 accepted by the node/);
  const next = await pairAfter(1);
  assert.equal(toHex(reversed(next.prevHash.prev_hash)), hash);
  const connections = statuses.filter((text) => text.startsWith('connected'));
  assert.equal(connections.length, 1, 'the client was connected all the time');
});

test('it starts before its node, and says who does not answer', async (t) => {
  const rpcPort = await freePortBase(1);
  const rpcUrl = `http://127.0.0.1:${rpcPort}`;
  const provider = await templateProvider(t, { rpcUrl, rpcAuth: 'user:password' });
  await provider.role.says(/"msg":"ready"/);
  await provider.role.says(/no templates: bitcoind at .*connection refused/);
  const { client } = await recordingClient(t, provider);
  await until(() => client.isConnected, 'connection without a node');
  assert.equal(await provider.role.stop(), 0);
});

test('a node on another chain, a syncing one and a wrong password are told apart', async (t) => {
  const regtest = await regtestNode(t);
  const otherChain = await templateProvider(t, { ...regtest, network: 'testnet4' });
  await otherChain.role.says(
    /is on chain regtest, not testnet4: correct bitcoin\.rpc_url or bitcoin\.network/,
  );

  const testnet = await regtestNode(t, { network: 'testnet4' });
  const syncing = await templateProvider(t, { ...testnet, network: 'testnet4' });
  await syncing.role.says(/the node is syncing: block 0 of 0/);

  const stranger = await templateProvider(t, { ...regtest, rpcAuth: 'hashpool:wrong' });
  await stranger.role.says(/not authorized \(HTTP 401\)/);
  assert.doesNotMatch(stranger.role.output, /hashpool:wrong/);
});

test('where long polls fail, polling brings the tip', async (t) => {
  const node = await regtestNode(t, { blocks: 1 });
  const rpcUrl = await withoutLongPoll(t, node.rpcUrl);
  const provider = await templateProvider(t, { ...node, rpcUrl, config: ['tip_poll_interval_ms = 100'] });
  const { pairAfter } = await recordingClient(t, provider);
  await pairAfter(0);
  await provider.role.says(/long poll failed, polling instead/);
  const [hash] = await node.generate(1);
  const { prevHash } = await pairAfter(1);
  assert.equal(toHex(reversed(prevHash.prev_hash)), hash);
});

test('a template provider that is started again is found again', async (t) => {
  const node = await regtestNode(t, { blocks: 1 });
  const first = await templateProvider(t, node);
  const { pairAfter, templates, statuses } = await recordingClient(t, first);
  await pairAfter(0);
  assert.equal(await first.role.stop(), 0);
  await until(
    () => statuses.some((text) => text.startsWith('waiting for template provider')),
    'status of the loss',
  );
  await first.role.restart();
  const { template } = await pairAfter(1);
  assert(template.template_id > (templates[0]?.template_id ?? 0n), 'ids grow over a restart');
});

test('configs that cannot work end with code 78 and one line', async (t) => {
  const node = { rpcUrl: 'http://127.0.0.1:1', rpcAuth: 'user:password' };
  const refused = async (
    options: Partial<Parameters<typeof templateProvider>[1]>,
    words: RegExp,
  ): Promise<void> => {
    const provider = await templateProvider(t, { ...node, ...options });
    assert.equal(await provider.role.exited, 78, provider.role.output);
    assert.match(provider.role.output, words);
  };
  await refused(
    { network: 'mainnet', config: ['block_target_bits = 20'] },
    /block_target_bits is for regtest only/,
  );
  await refused({ network: 'signet' }, /signet, whose blocks need a signature/);
  await refused({ config: ['fee_delta = 3'] }, /fee_delta is not a key here/);
  await refused({ config: ['tip_poll_interval_ms = 1'] }, /tip_poll_interval_ms/);
  await refused(
    { rpcAuth: 'nonsense' },
    /bitcoin\.rpc_url or rpc_auth can't be used: the bitcoind credential must be one line, user:password/,
  );
});
