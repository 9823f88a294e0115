import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { judgeSetup, TEMPLATE_DISTRIBUTION_PROTOCOL } from '../../../../protocols/sv2/common.ts';
import {
  type TemplateMessage,
  templateDistributionProtocol,
} from '../../../../protocols/sv2/template-distribution.ts';
import { loadCrypto } from '../../../../runtime/crypto.ts';
import { createLog } from '../../../../runtime/logs.ts';
import type { Sv2Connection } from '../../../../runtime/sv2/connection.ts';
import { openHandshakeWorkers } from '../../../../runtime/sv2/handshake-workers.ts';
import { listenSv2 } from '../../../../runtime/sv2/listen.ts';
import { recordingClient, until } from '../../../harness/template-client.ts';

interface FakeProvider {
  readonly address: string;
  readonly authorityKey: Uint8Array;
  /** What clients sent, over all connections. */
  readonly received: TemplateMessage[];
  /** Hangs up on everybody. */
  hangUp(): void;
  send(message: TemplateMessage): void;
}

/** A template provider that keeps what it is sent, and says what the test says. */
async function fakeProvider(t: TestContext): Promise<FakeProvider> {
  const { curve } = await loadCrypto();
  const secretKey = Uint8Array.from(randomBytes(32));
  const publicKey = curve.xOnly(curve.publicKey(secretKey));
  const workers = await openHandshakeWorkers();
  const received: TemplateMessage[] = [];
  const connections: Sv2Connection<TemplateMessage>[] = [];
  const listener = await listenSv2<TemplateMessage>({
    host: '127.0.0.1',
    port: 0,
    protocol: templateDistributionProtocol,
    keys: { publicKey, secretKey },
    certificateSeconds: 3600,
    frameCap: 1_000_000,
    workers,
    log: createLog('test', 'silent'),
    accept: (setup) => judgeSetup(setup, { protocol: TEMPLATE_DISTRIBUTION_PROTOCOL, supportedFlags: 0 }),
    onConnection: (connection) => {
      connections.push(connection);
      connection.onMessage = (message) => received.push(message);
    },
  });
  t.after(async () => {
    await listener.close();
    await workers.close();
  });
  return {
    address: `127.0.0.1:${listener.address.port}`,
    authorityKey: publicKey,
    received,
    hangUp: () => {
      for (const connection of connections.splice(0)) connection.close('test');
    },
    send: (message) => connections.at(-1)?.send(message),
  };
}

const solution = {
  template_id: 5n,
  version: 1,
  header_timestamp: 2,
  header_nonce: 3,
  coinbase_tx: Uint8Array.of(4),
};

test('constraints are told at each connection, the last ones set', async (t) => {
  const provider = await fakeProvider(t);
  const { client } = await recordingClient(t, provider, { maxAdditionalSize: 100, maxAdditionalSigops: 4 });
  await until(() => provider.received.length === 1, 'constraints');
  client.setConstraints({ maxAdditionalSize: 200, maxAdditionalSigops: 8 });
  await until(() => provider.received.length === 2, 'changed constraints');
  provider.hangUp();
  await until(() => provider.received.length === 3, 'constraints after the loss');
  const told = (size: number, sigops: number): TemplateMessage => ({
    name: 'CoinbaseOutputConstraints',
    coinbase_output_max_additional_size: size,
    coinbase_output_max_additional_sigops: sigops,
  });
  assert.deepEqual(provider.received, [told(100, 4), told(200, 8), told(200, 8)]);
});

test('a block found while the provider is away is the first thing it is told', async (t) => {
  const provider = await fakeProvider(t);
  const { client } = await recordingClient(t, provider);
  await until(() => provider.received.length === 1, 'constraints');
  provider.hangUp();
  await until(() => !client.isConnected, 'loss of the connection');
  client.submitSolution(solution);
  await until(() => provider.received.length === 3, 'solution and constraints');
  assert.deepEqual(provider.received[1], { name: 'SubmitSolution', ...solution });
  assert.equal(provider.received[2]?.name, 'CoinbaseOutputConstraints');
});

test('answers reach everybody who asked for that template; a loss ends the waiting', async (t) => {
  const provider = await fakeProvider(t);
  const { client } = await recordingClient(t, provider);
  await until(() => client.isConnected, 'connection');
  const [one, same, other] = [7n, 7n, 8n].map((id) => client.requestTransactionData(id));
  await until(() => provider.received.length === 4, 'requests');
  const transaction_list = [Uint8Array.of(1), Uint8Array.of(2)];
  const excess_data = new Uint8Array(32);
  provider.send({ name: 'RequestTransactionData.Success', template_id: 7n, excess_data, transaction_list });
  assert.deepEqual(await one, transaction_list);
  assert.deepEqual(await same, transaction_list);
  provider.send({ name: 'RequestTransactionData.Error', template_id: 8n, error_code: 'stale-template-id' });
  await assert.rejects(other ?? Promise.resolve(), { code: 'stale-template-id' });

  const unanswered = client.requestTransactionData(9n);
  provider.hangUp();
  await assert.rejects(unanswered, { code: 'template-provider-away' });
});

test('no more questions wait than the bound', async (t) => {
  const provider = await fakeProvider(t);
  const { client } = await recordingClient(t, provider);
  await until(() => client.isConnected, 'connection');
  const waiting = Array.from({ length: 64 }, (_, i) => client.requestTransactionData(BigInt(i)));
  await assert.rejects(client.requestTransactionData(64n), { code: 'too-many-requests' });
  provider.hangUp();
  const ends = await Promise.allSettled(waiting);
  assert(ends.every(({ status }) => status === 'rejected'));
});

test('a provider with another key is not believed, in words', async (t) => {
  const [provider, stranger] = [await fakeProvider(t), await fakeProvider(t)];
  const { statuses, client } = await recordingClient(t, {
    address: provider.address,
    authorityKey: stranger.authorityKey,
  });
  await until(() => statuses.length > 0, 'status');
  assert.match(statuses[0] ?? '', /^waiting for template provider: .*authority/);
  assert.equal(client.isConnected, false);
  assert.deepEqual(provider.received, []);
});
