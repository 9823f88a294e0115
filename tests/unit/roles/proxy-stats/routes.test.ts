import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { HashpoolError } from '../../../../protocols/errors.ts';
import { connectRoute } from '../../../../roles/proxy-stats/connect-route.ts';
import { faucetRoutes } from '../../../../roles/proxy-stats/faucet-route.ts';
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
};

function serve(wallet: WalletLink | undefined): FastifyInstance {
  const http = openHttp(pino({ level: 'silent' }));
  walletRoute(http, api, wallet);
  faucetRoutes(http, api, wallet);
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

test('addresses to connect to are those that answer', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const ask = async (translatorAddress: string) => {
    const http = openHttp(pino({ level: 'silent' }));
    connectRoute(http, api, { translatorAddress, mintUrl: 'http://mint', redactsAddresses: false });
    return (await http.inject('/api/connect')).json();
  };
  assert.deepEqual(await ask(`127.0.0.1:${port}`), {
    as_of: 7,
    port,
    hosts: ['127.0.0.1'],
    mint_url: 'http://mint',
  });
  server.close();
  await once(server, 'close');
  assert.deepEqual((await ask(`127.0.0.1:${port}`)).hosts, []);
});
