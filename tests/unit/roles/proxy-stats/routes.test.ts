import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { HashpoolError } from '../../../../protocols/errors.ts';
import { connectRoute } from '../../../../roles/proxy-stats/connect-route.ts';
import { faucetRoutes } from '../../../../roles/proxy-stats/faucet-route.ts';
import { tokenRoutes } from '../../../../roles/proxy-stats/token-routes.ts';
import type { WalletLink } from '../../../../roles/proxy-stats/wallet-link.ts';
import { walletRoute } from '../../../../roles/proxy-stats/wallet-route.ts';
import { openHttp } from '../../../../services/stats/api/http.ts';

const api = { clock: () => 7 } as Parameters<typeof walletRoute>[1];
const status = { enabled: true, amount: 5, per_address_per_day: 9, total_per_day: 90, given: 1n };

function away(): never {
  throw new HashpoolError('wallet-unavailable', "the translator's wallet does not answer: no socket");
}

const absent: WalletLink = {
  balance: async () => away(),
  history: async () => away(),
  faucet: async () => away(),
  give: async () => away(),
  tokens: {
    newCode: async () => away(),
    signIn: async () => away(),
    session: async () => away(),
    signOut: async () => away(),
    make: async () => away(),
  },
};

function serve(wallet: WalletLink | undefined): FastifyInstance {
  const http = openHttp(pino({ level: 'silent' }));
  walletRoute(http, api, wallet, { of: async () => new Map() });
  faucetRoutes(http, api, wallet);
  tokenRoutes(http, api, wallet);
  return http;
}

test('a wallet that is away, or that no config names, is an answer in words', async () => {
  for (const [wallet, why] of [
    [absent, /does not answer: no socket/],
    [undefined, /wallet_socket names no socket/],
  ] as const) {
    const http = serve(wallet);
    const answer = await http.inject('/api/wallet');
    assert.equal(answer.statusCode, 200);
    assert.equal(answer.json().available, false);
    assert.match(answer.json().why, why);
    assert.equal((await http.inject('/api/faucet')).json().enabled, false);
    assert.equal((await http.inject({ method: 'POST', url: '/api/faucet' })).statusCode, 503);
  }
});

test('the faucet gives to its own page, within its limits, and to no page of another site', async () => {
  const asked: string[] = [];
  const http = serve({
    ...absent,
    faucet: async () => status,
    give: async (address) => {
      asked.push(address);
      if (asked.length > 1) throw new HashpoolError('faucet-limit', 'come back tomorrow');
      return { token: 'cashuBx', amount: 5n, unit: 'hash_a_1' };
    },
  });
  const view = (await http.inject('/api/faucet')).json();
  assert.deepEqual([view.enabled, view.amount, view.given], [true, 5, 1]);
  const ask = (origin: string) =>
    http.inject({ method: 'POST', url: '/api/faucet', headers: { host: 'here:8083', origin } });
  for (const origin of ['http://elsewhere', 'null', 'http://here:8084']) {
    const refused = await ask(origin);
    assert.equal(refused.statusCode, 403, origin);
    assert.equal(refused.json().code, 'bad-origin');
  }
  assert.deepEqual(asked, []);
  const gift = await ask('http://here:8083');
  assert.deepEqual(gift.json(), { token: 'cashuBx', amount: '5', unit: 'hash_a_1' });
  const limited = await ask('http://here:8083');
  assert.equal(limited.statusCode, 429);
  assert.deepEqual(limited.json(), { code: 'faucet-limit', message: 'come back tomorrow' });
});

test('a session is a cookie that no script reads, and a token is made for it alone and kept nowhere', async () => {
  const session = 'ab'.repeat(32);
  const orders: object[] = [];
  const http = serve({
    ...absent,
    tokens: {
      newCode: async () => ({ code: 'c0de', expires_at: 9_007 }),
      signIn: async ({ signature }) => {
        if (signature !== 'right') throw new HashpoolError('bad-signature', 'not by this key');
        return { session, expires_at: 600_007 };
      },
      session: async (asked) => {
        if (asked !== session) throw new HashpoolError('no-session', 'sign in again');
        return { expires_at: 600_007 };
      },
      signOut: async () => ({}),
      make: async (order) => {
        orders.push(order);
        return { token: 'cashuBx', amount: 5n, unit: 'hash_a_1' };
      },
    },
  });
  const post = (url: string, payload: object = {}, headers: Record<string, string> = {}) =>
    http.inject({
      method: 'POST',
      url: `/api/wallet/${url}`,
      payload,
      headers: { host: 'here', ...headers },
    });
  const order = { amount: '5', unit: 'hash_a_1' };

  assert.deepEqual((await post('sign-in/code')).json(), { code: 'c0de', expires_at: 9_007 });
  const wrong = await post('sign-in', { code: 'c0de', signature: 'wrong' });
  assert.deepEqual([wrong.statusCode, wrong.headers['set-cookie']], [403, undefined]);
  const right = await post('sign-in', { code: 'c0de', signature: 'right' });
  const cookie = `hashpool_session=${session}`;
  assert.equal(
    right.headers['set-cookie'],
    `${cookie}; Path=/api/wallet; Max-Age=600; HttpOnly; SameSite=Strict`,
  );
  assert.ok(!right.body.includes(session));
  const secure = await post('sign-in', { code: 'c0de', signature: 'right' }, { origin: 'https://here' });
  assert.match(String(secure.headers['set-cookie']), /; Secure$/);

  for (const headers of [{}, { cookie: 'hashpool_session=' }, { cookie: `other=${session}` }]) {
    const refused = await post('tokens', order, headers);
    assert.deepEqual([refused.statusCode, refused.json().code], [401, 'no-session']);
  }
  const elsewhere = await post('tokens', order, { cookie, origin: 'http://elsewhere' });
  assert.equal(elsewhere.json().code, 'bad-origin');
  assert.deepEqual(orders, []);
  const made = await post('tokens', order, { cookie: `a=b; ${cookie}; c=d` });
  assert.deepEqual(made.json(), { token: 'cashuBx', amount: '5', unit: 'hash_a_1' });
  assert.deepEqual([made.headers['cache-control'], made.headers.etag], ['no-store', undefined]);
  assert.deepEqual(orders, [{ session, ...order }]);
  for (const bad of [{}, { ...order, amount: '0' }, { ...order, amount: '-1' }, { ...order, more: 1 }]) {
    assert.equal((await post('tokens', bad, { cookie })).statusCode, 400);
  }
  assert.equal(
    (await http.inject({ method: 'POST', url: '/api/wallet/tokens', headers: { cookie } })).statusCode,
    400,
  );

  const ask = async (sent: string) =>
    (await http.inject({ url: '/api/wallet/session', headers: { cookie: sent } })).json();
  assert.deepEqual(await ask(cookie), { as_of: 7, signed_in: true, expires_at: 600_007 });
  assert.equal((await ask(`hashpool_session=${'00'.repeat(32)}`)).signed_in, false);
  assert.match(String((await post('sign-out', {}, { cookie })).headers['set-cookie']), /=; .*Max-Age=0/);
});

test('addresses to connect to are those that answer', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const ask = async (translatorAddress: string, tlsPort?: number) => {
    const http = openHttp(pino({ level: 'silent' }));
    const mintUrl = 'http://mint';
    connectRoute(http, api, { translatorAddress, tlsPort, mintUrl, redactsAddresses: false });
    return (await http.inject('/api/connect')).json();
  };
  assert.deepEqual(await ask(`127.0.0.1:${port}`), {
    as_of: 7,
    port,
    hosts: ['127.0.0.1'],
    tls_port: null,
    tls_hosts: [],
    mint_url: 'http://mint',
  });
  const both = await ask(`127.0.0.1:${port}`, port);
  assert.deepEqual([both.tls_port, both.tls_hosts], [port, ['127.0.0.1']]);
  server.close();
  await once(server, 'close');
  assert.deepEqual((await ask(`127.0.0.1:${port}`)).hosts, []);
});
