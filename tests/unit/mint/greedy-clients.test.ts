import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { openHttp } from '../../../roles/mint/http.ts';
import { CHUNK, MAX_WAITING_CHUNKS } from '../../../roles/mint/signer/signer.ts';
import { createLog } from '../../../runtime/logs.ts';
import { openTestMint } from './support.ts';

const IDLE_MS = 200;
const patience = { headers: 60_000, request: 60_000, idle: 60_000 };

test('a client that asks for much and reads nothing is hung up on', async (t) => {
  const http = openHttp(createLog('test', 'silent'), { ...patience, idle: IDLE_MS });
  http.get('/much', async () => ({ much: 'x'.repeat(1 << 20) }));
  const { port } = new URL(await http.listen({ host: '127.0.0.1', port: 0 }));
  t.after(() => http.close());
  const socket = connect(Number(port), '127.0.0.1').on('error', () => undefined);
  t.after(() => socket.destroy());
  socket.pause().write('GET /much HTTP/1.1\r\nhost: mint\r\n\r\n'.repeat(100));
  const count = promisify(http.server.getConnections.bind(http.server));
  while ((await count()) === 0) await delay(5);
  const begun = performance.now();
  while ((await count()) > 0) {
    assert.ok(performance.now() - begun < 50 * IDLE_MS, 'still connected');
    await delay(20);
  }
});

for (const [what, late, first] of [
  ['headers', { headers: 1000 }, 'POST /any HTTP/1.1\r\nhost: mint\r\nx: '],
  [
    'body',
    { headers: 1000, request: 2000 },
    'POST /any HTTP/1.1\r\nhost: mint\r\ncontent-length: 1000\r\n\r\n',
  ],
] as const) {
  test(`a client that sends its ${what} byte by byte is hung up on, while others are served`, async (t) => {
    const http = openHttp(createLog('test', 'silent'), { ...patience, ...late });
    http.post('/any', async () => ({ any: true }));
    const url = await http.listen({ host: '127.0.0.1', port: 0 });
    t.after(() => http.close());
    const slow = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => undefined);
    const gone = new Promise((resolve) => slow.resume().once('close', resolve));
    slow.write(first);
    const drip = setInterval(() => slow.write('x'), 20);
    t.after(() => clearInterval(drip));
    const answer = await fetch(`${url}/any`, { method: 'POST', body: '{}' });
    assert.equal(answer.status, 200);
    await gone;
  });
}

test('a signer with too much in hand refuses more, and works on', async (t) => {
  const { engine, curve } = await openTestMint(t);
  const key = curve.publicKey(new Uint8Array(32).fill(1));
  const many = engine.signer.arePoints(Array.from({ length: CHUNK * MAX_WAITING_CHUNKS }, () => key));
  await assert.rejects(engine.signer.arePoints([key]), { code: 'overloaded' });
  assert.equal((await many).length, CHUNK * MAX_WAITING_CHUNKS);
  assert.deepEqual(await engine.signer.arePoints([key]), [true]);
});
