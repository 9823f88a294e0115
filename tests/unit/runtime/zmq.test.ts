import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { subscribe } from '../../../runtime/zmq.ts';
import { regtestNode } from '../../harness/bitcoind.ts';
import { freePortBase } from '../../harness/free-ports.ts';
import { until } from '../../harness/template-client.ts';

function listen(t: TestContext, address: string) {
  const heard = { news: 0, warnings: [] as unknown[] };
  const subscription = subscribe({
    name: 'the node',
    address,
    topic: 'hashblock',
    onNews: () => heard.news++,
    log: {
      debug: () => undefined,
      info: () => undefined,
      warn: (_: unknown, text?: string) => heard.warnings.push(text),
    },
  });
  t.after(() => subscription.close());
  return heard;
}

test("a node's blocks are heard of, one by one, and again after it was away", async (t) => {
  const address = `127.0.0.1:${await freePortBase(1)}`;
  const node = await regtestNode(t, { extraArguments: [`-zmqpubhashblock=tcp://${address}`] });
  const heard = listen(t, address);
  await until(() => heard.news === 1, 'the connection');
  // The node takes the wish a moment after it was sent.
  for (let tries = 0; heard.news === 1 && tries < 50; tries++) {
    await node.generate(1);
    await delay(20);
  }
  const before = heard.news;
  assert(before > 1, 'no news of a block');
  await node.generate(3);
  await until(() => heard.news >= before + 3, 'news of three blocks');
  assert.deepEqual(heard.warnings, [], 'the node took what it was told');
  await node.stop();
  const last = heard.news;
  await node.restart();
  await until(() => heard.news > last, 'the connection after a restart');
});

test('what is no publisher is told of, once, and tried again', async (t) => {
  let visits = 0;
  const server = createServer((socket) => {
    visits++;
    // The subscriber hangs up on it.
    socket.on('error', () => undefined);
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const address = server.address();
  assert(address !== null && typeof address !== 'string');
  const { warnings } = listen(t, `127.0.0.1:${address.port}`);
  await until(() => visits >= 3, 'the third try');
  assert.deepEqual(warnings, [
    'the node: what answers there is no publisher of ZeroMQ 4: it does not speak ZMTP; trying again',
  ]);
});
