import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import fc from 'fast-check';
import { MAX_LINE_BYTES } from '../../../../protocols/sv1/line.ts';
import { MAX_BAD_LINES, MAX_EARLY_REQUESTS } from '../../../../roles/translator/sv1-server/miner-session.ts';
import { MAX_WAITING_REQUESTS } from '../../../../roles/translator/sv1-server/request-queue.ts';
import { translatorUnderTest } from './test-upstream.ts';

const NAME = 'name.rig1';

test('a malformed line is answered with an error; too many end the connection, and nobody else notices', async (t) => {
  const { connect, miner } = await translatorUnderTest(t);
  const good = await miner(NAME);
  const bad = await connect();
  const lines = ['not json', '[1]', '{"id":{}}', '{"id":1,"method":5}'];
  for (const [index, line] of lines.entries()) {
    bad.sendRaw(`${line}\n`);
    await bad.until(() => bad.strayAnswers.length === index + 1, `the answer to ${line}`);
    const { id, result, error } = bad.strayAnswers[index] ?? {};
    assert.deepEqual([id, result, error?.[0]], [null, null, 20]);
  }
  assert.equal((await bad.request('mining.ping')).result, 'pong');
  assert.equal(lines.length, MAX_BAD_LINES - 1);
  bad.sendRaw('GET / HTTP/1.1\r\n');
  await bad.untilClosed();
  assert.equal((await good.client.submit(NAME, good.client.mineShare())).result, true);
});

test('who speaks TLS to a plain port is hung up on at once, and not at the end of its patience', async (t) => {
  const { server, miner } = await translatorUnderTest(t);
  const good = await miner(NAME);
  const astray = connectTls({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false });
  assert.ok((await once(astray, 'error'))[0] instanceof Error);
  assert.equal((await good.client.submit(NAME, good.client.mineShare())).result, true);
});

test('a line of 8 KiB is read; one byte more ends the connection, with a newline or without', async (t) => {
  const { connect } = await translatorUnderTest(t);
  const client = await connect();
  const request = '{"id":1,"method":"mining.ping","params":[]}';
  client.sendRaw(`${request.padEnd(MAX_LINE_BYTES)}\n`);
  await client.until(() => client.strayAnswers.length === 1, 'the answer');
  client.sendRaw(`${request.padEnd(MAX_LINE_BYTES + 1)}\n`);
  await client.untilClosed();
  const endless = await connect();
  endless.sendRaw('x'.repeat(10_000_000));
  await endless.untilClosed();
});

test('who floods requests before the first is answered is hung up on, and the order is kept until then', async (t) => {
  const { upstream, connect } = await translatorUnderTest(t);
  upstream.opens = false;
  const patient = await connect();
  const answers = [patient.subscribe(), patient.authorize(NAME), patient.request('mining.ping')];
  await patient.until(() => upstream.channels.length === 1, 'the opening');
  upstream.last.owner.opened(upstream.last);
  await Promise.all(answers);
  assert.deepEqual(patient.answered, [1, 2, 3]);
  const flooder = await connect();
  flooder.sendRaw('{"id":1,"method":"mining.subscribe","params":[]}\n');
  for (let id = 0; id < MAX_WAITING_REQUESTS; id++)
    flooder.sendRaw(`{"id":"f${id}","method":"mining.ping"}\n`);
  await flooder.until(() => upstream.channels.length === 2, 'the opening');
  assert.equal(flooder.closed, false);
  flooder.sendRaw('{"id":"last","method":"mining.ping"}\n');
  await flooder.untilClosed();
});

test('requests before a miner is settled are bounded, those after are not', async (t) => {
  const { connect, miner } = await translatorUnderTest(t);
  const early = await connect();
  const ping = '{"id":"p","method":"mining.ping"}\n';
  early.sendRaw(ping.repeat(MAX_EARLY_REQUESTS));
  await early.until(() => early.strayAnswers.length === MAX_EARLY_REQUESTS, 'the answers');
  early.sendRaw(ping);
  await early.untilClosed();
  const { client } = await miner(NAME);
  client.sendRaw(ping.repeat(2 * MAX_EARLY_REQUESTS));
  await client.until(() => client.strayAnswers.length === 2 * MAX_EARLY_REQUESTS, 'the answers');
});

test('who sends too much is hung up on, and the others are served', async (t) => {
  const slow = { perSecond: 1, burst: 2000 };
  const { miner } = await translatorUnderTest(t, {
    rates: { connection: slow, address: { ...slow, burst: 1e6 } },
  });
  const flooder = await miner(NAME);
  const good = await miner(NAME);
  flooder.client.sendRaw('\n'.repeat(3000));
  await flooder.client.untilClosed();
  await good.client.until(() => flooder.channel.closedFor !== undefined, 'its channel to be closed at once');
  assert.equal((await good.client.submit(NAME, good.client.mineShare())).result, true);
});

test('who reads nothing is cut off, and the others are told their jobs', async (t) => {
  const { miner } = await translatorUnderTest(t);
  const slow = await miner(NAME);
  const quick = await miner(NAME);
  slow.client.socket.pause();
  let id = 1;
  while (slow.channel.closedFor === undefined && id < 20_000) {
    for (let n = 0; n < 100; n++) slow.channel.job(++id, { coinbaseSuffix: new Uint8Array(2000) });
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(slow.channel.closedFor, 'miner-disconnected');
  const before = quick.client.job;
  quick.channel.job(2);
  await quick.client.waitForJob(before);
});

test('who does not subscribe and authorize in time is hung up on', async (t) => {
  const { connect, miner } = await translatorUnderTest(t, { settings: { subscribeDeadlineMs: 1000 } });
  const idle = await connect();
  const subscribed = await connect();
  const mining = await miner(NAME);
  const authorized = await connect();
  await subscribed.subscribe();
  await authorized.authorize(NAME);
  for (const client of [idle, subscribed, authorized]) await client.untilClosed();
  assert.equal(mining.client.closed, false);
});

test('connections are capped, all together and by address', async (t) => {
  for (const limits of [{ maxConnections: 2 }, { maxConnectionsPerAddress: 2 }]) {
    const { connect } = await translatorUnderTest(t, limits);
    const first = await connect();
    const second = await connect();
    const third = await connect();
    await third.untilClosed();
    assert.equal((await second.request('mining.ping')).result, 'pong');
    first.close();
    await second.until(() => first.closed, 'the first to be gone');
    const fourth = await connect();
    assert.equal((await fourth.request('mining.ping')).result, 'pong');
  }
});

test('whatever lines a client makes up, the server lives and answers the others', async (t) => {
  const { connect, miner } = await translatorUnderTest(t, {
    maxConnections: 200,
    maxConnectionsPerAddress: 200,
  });
  const good = await miner(NAME);
  const methods = [
    'configure',
    'subscribe',
    'authorize',
    'submit',
    'suggest_difficulty',
    'suggest_target',
    'get_transactions',
    'extranonce.subscribe',
  ];
  const value = fc.oneof(
    fc.json(),
    fc.constantFrom('"name"', '"00000000"', '["version-rolling"]', '{}', 'null', '1'),
  );
  const call = fc
    .tuple(fc.constantFrom(...methods), fc.array(value, { maxLength: 7 }))
    .map(([method, params]) => `{"id":"x","method":"mining.${method}","params":[${params.join(',')}]}`);
  const line = fc.oneof({ arbitrary: call, weight: 5 }, { arbitrary: fc.string(), weight: 1 });
  await fc.assert(
    fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 20 }), async (lines) => {
      const client = await connect();
      client.sendRaw(`${lines.join('\n')}\n`);
      const share = await good.client.submit(NAME, good.client.mineShare());
      assert.equal(share.result, true);
      const failed = client.strayAnswers.filter(({ error }) =>
        String(error?.[1]).startsWith('Internal error'),
      );
      assert.deepEqual(failed, []);
      client.close();
    }),
    { numRuns: 60 },
  );
});

test('a port that is taken is said with what to do', async (t) => {
  const { server } = await translatorUnderTest(t);
  const other = await translatorUnderTest(t);
  await other.server.close();
  await assert.rejects(other.server.listen('127.0.0.1', server.port), {
    code: 'cannot-listen',
    message: /change downstream_port/,
  });
});
