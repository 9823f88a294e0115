import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { Value } from 'typebox/value';
import { openHttp } from '../../../../roles/mint/http.ts';
import { checkLimits, type LimitsConfig, limitsConfig } from '../../../../roles/mint/limits/config.ts';
import { addLimits } from '../../../../roles/mint/limits/http-limits.ts';
import { Limits } from '../../../../roles/mint/limits/limits.ts';
import { createLog } from '../../../../runtime/logs.ts';
import { hungUp } from '../../../harness/hung-up.ts';

const defaults = Value.Default(limitsConfig, undefined) as LimitsConfig;

function open(t: TestContext, config: Partial<LimitsConfig> = {}) {
  const clock = { now: 0 };
  const http = openHttp(createLog('test', 'silent'));
  addLimits(http, new Limits({ ...defaults, ...config }, () => clock.now));
  for (const url of [
    '/v1/swap',
    '/v1/mint/quote/:method',
    '/v1/mint/quote/:method/pubkey',
    '/v1/checkstate',
  ]) {
    http.post(url, async () => ({ ok: true }));
  }
  http.get('/v1/keys', async () => ({ ok: true }));
  t.after(() => http.close());
  const ask = async (url: string, { from = '9.9.9.9', body }: { from?: string; body?: object } = {}) => {
    const answer = await http.inject({
      method: url === '/v1/keys' ? 'GET' : 'POST',
      url,
      remoteAddress: from,
      ...(body ? { payload: body } : {}),
    });
    return answer;
  };
  const status = async (...request: Parameters<typeof ask>) => (await ask(...request)).statusCode;
  return { http, clock, ask, status };
}

test('each kind of request has its own rate, for each client', async (t) => {
  const { clock, ask, status } = open(t, { quotes_per_second: 1 });
  const url = '/v1/mint/quote/bolt11';
  for (let i = 0; i < 60; i++) assert.equal(await status(url), 200);
  const refused = await ask(url);
  assert.deepEqual(
    [refused.statusCode, refused.json().code, refused.headers['retry-after']],
    [429, 42900, '1'],
  );
  assert.equal(refused.headers['access-control-allow-origin'], '*');
  assert.match(String(refused.headers['access-control-expose-headers']), /retry-after/);
  assert.equal(await status(url, { from: '9.9.9.8' }), 200);
  assert.equal(await status('/v1/keys'), 200);
  assert.equal(await status('/v1/swap'), 200);
  assert.equal(await status('/v1/mint/quote/bolt11/pubkey'), 200);
  clock.now = 1000;
  assert.equal(await status(url), 200);
  assert.equal(await status(url), 429);
});

test('a request costs as much as it holds, and less where that is only read', async (t) => {
  const { status } = open(t, { tokens_per_second: 1 });
  const proof = { amount: 1, id: 'a', secret: 's', C: 'c' };
  const body = { inputs: Array.from({ length: 30 }, () => proof) };
  assert.equal(await status('/v1/swap', { body }), 200);
  assert.equal(await status('/v1/swap', { body }), 200);
  assert.equal(await status('/v1/swap', { body }), 429);
  assert.equal(await status('/v1/keys'), 200, 'what holds nothing costs nothing more');
  const from = '8.8.8.8';
  const Ys = { Ys: Array.from({ length: 800 }, () => 0) };
  for (let i = 0; i < 3; i++) assert.equal(await status('/v1/checkstate', { body: Ys, from }), 200);
  assert.equal(await status('/v1/checkstate', { body: Ys, from }), 429);
  const rubbish = { a: { b: Array.from({ length: 300 }, () => [1]) } };
  assert.equal(
    await status('/v1/swap', { body: rubbish, from: '7.7.7.7' }),
    200,
    'more than a bucket holds, once',
  );
  assert.equal(await status('/v1/swap', { body: [1], from: '7.7.7.7' }), 429);
  const long = { inputs: [{ ...proof, secret: 'x'.repeat(256 * 236) }] };
  assert.equal(await status('/v1/swap', { body: long, from: '6.6.6.6' }), 200, '60 tokens: a bucket');
  assert.equal(await status('/v1/swap', { body: [1], from: '6.6.6.6' }), 429);
});

test('loopback has no limits, but who comes through a proxy there has', async (t) => {
  const { http, status } = open(t, { writes_per_second: 1 });
  for (let i = 0; i < 100; i++) assert.equal(await status('/v1/swap', { from: '127.0.0.1' }), 200);
  const through = async (forwarded: string) => {
    const headers = { 'x-forwarded-for': forwarded };
    return (await http.inject({ method: 'POST', url: '/v1/swap', remoteAddress: '::1', headers })).statusCode;
  };
  for (let i = 0; i < 60; i++) assert.equal(await through(`${i}.1.1.1, 7.7.7.7`), 200);
  assert.equal(await through('7.7.7.7'), 429);
  assert.equal(await through('7.7.7.8'), 200);
});

test('one client cannot take all connections', async (t) => {
  const { http } = open(t, { trusted_proxies: [], unlimited: [] });
  const { port } = new URL(await http.listen({ host: '127.0.0.1', port: 0 }));
  const sockets = Array.from({ length: 101 }, () =>
    connect(Number(port), '127.0.0.1').on('error', () => undefined),
  );
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  const closed = await Promise.race(
    sockets.map(async (socket) => {
      await hungUp(socket);
      return socket;
    }),
  );
  const other = sockets.find((socket) => socket !== closed);
  other?.destroy();
  assert.equal(sockets.filter((socket) => socket.destroyed).length, 2);
});

test('what is no address is refused, with the key that names it', () => {
  assert.equal(checkLimits(defaults), undefined);
  assert.match(
    checkLimits({ ...defaults, unlimited: ['10.0.0.0/8', 'home'] }) ?? '',
    /unlimited names "home"/,
  );
});
