import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { parseJson } from '../../../../../protocols/cashu/json.ts';
import { HashpoolError } from '../../../../../protocols/errors.ts';
import { checkFaucet } from '../../../../../roles/translator/wallet-socket/config.ts';
import { openWalletSocket } from '../../../../../roles/translator/wallet-socket/wallet-socket.ts';
import { ConfigError } from '../../../../../runtime/config/load.ts';
import type { HistoryEntry } from '../../../../../services/wallet/wallet.ts';

const on = { enabled: true, amount: 10, per_address_per_day: 20, total_per_day: 30 };
const balances = [
  { unit: 'poor', amount: 9n, waiting: 0n, reserved: 0n, sent: 0n },
  { unit: 'rich', amount: 1n << 60n, waiting: 1n, reserved: 0n, sent: 0n },
  { unit: 'past', amount: 1n << 61n, waiting: 0n, reserved: 0n, sent: 0n },
];
const lines: HistoryEntry[] = [3, 2, 1].map((id) => {
  return { id, at: id, kind: 'minted', unit: 'rich', amount: 1n, fee: 0n, operations: 1, note: '' };
});

function fakeWallet() {
  const sent: object[] = [];
  return {
    sent,
    trouble: undefined as Error | undefined,
    balance: async () => balances,
    units: async () => ['poor', 'rich'],
    history: async ({ before = 99, limit }: { before?: number | undefined; limit: number }) =>
      lines.filter(({ id }) => id < before).slice(0, limit),
    isSignIn: async (_code: string, signature: string) => signature === 'ab'.repeat(64),
    async send(amount: bigint, options = {}) {
      if (this.trouble) throw this.trouble;
      sent.push({ amount, ...options });
      return `cashuB${sent.length}`;
    },
  };
}

function openFolder(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'hashpool-socket-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return { path: join(folder, 'wallet.sock'), faucetPath: join(folder, 'faucet.sqlite') };
}

async function openSocket(t: TestContext, faucet = on, paths = openFolder(t)) {
  const wallet = fakeWallet();
  const socket = await openWalletSocket({ ...paths, faucet, wallet, log: pino({ level: 'silent' }) });
  let isOpen = true;
  const close = async () => {
    if (isOpen) await socket.close();
    isOpen = false;
  };
  t.after(close);
  const ask = async (method: string, path: string, body?: string) => {
    const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
      request({ socketPath: paths.path, method, path }, resolve).on('error', reject).end(body);
    });
    return {
      status: response.statusCode,
      answer: parseJson(await text(response)) as Record<string, unknown>,
    };
  };
  const give = (address: string) => ask('POST', '/faucet', JSON.stringify({ address }));
  return { wallet, paths, ask, give, close };
}

test('balance and history are served exactly, to owner and group alone, and no token with them', async (t) => {
  const { paths, ask, close } = await openSocket(t);
  assert.equal(statSync(paths.path).mode & 0o777, 0o660);
  assert.deepEqual(await ask('GET', '/balance'), {
    status: 200,
    answer: {
      balances: balances.map((each) => ({
        ...each,
        amount: toJson(each.amount),
        waiting: Number(each.waiting),
        reserved: 0,
        sent: 0,
      })),
    },
  });
  const first = await ask('GET', '/history?limit=2');
  assert.deepEqual(
    [(first.answer['lines'] as { id: number }[]).map(({ id }) => id), first.answer['next']],
    [[3, 2], 2],
  );
  const rest = await ask('GET', '/history?before=2');
  assert.deepEqual([(rest.answer['lines'] as unknown[]).length, rest.answer['next']], [1, 1]);
  await close();
  assert.ok(!existsSync(paths.path));
});

const toJson = (amount: bigint) => (amount > Number.MAX_SAFE_INTEGER ? amount : Number(amount));

test('a token is given to a session that the lock key has signed, and to nobody else', async (t) => {
  const { wallet, ask } = await openSocket(t);
  const post = (path: string, body: object) => ask('POST', path, JSON.stringify(body));
  const order = { amount: '1152921504606846976', unit: 'rich' };
  const { code } = (await post('/sign-in/code', {})).answer;
  const wrong = await post('/sign-in', { code, signature: 'cd'.repeat(64) });
  assert.deepEqual([wrong.status, wrong.answer['code']], [401, 'bad-signature']);
  for (const session of ['', '00'.repeat(32)]) {
    const refused = await post('/token', { session, ...order });
    assert.deepEqual([refused.status, refused.answer['code']], [401, 'no-session']);
  }
  assert.deepEqual(wallet.sent, []);
  const { session } = (await post('/sign-in', { code, signature: 'AB'.repeat(64) })).answer;
  const given = await post('/token', { session, ...order });
  assert.deepEqual(given, { status: 200, answer: { token: 'cashuB1', amount: 1n << 60n, unit: 'rich' } });
  assert.deepEqual(wallet.sent, [{ amount: 1n << 60n, unit: 'rich', note: 'dashboard' }]);
  assert.equal((await post('/session', { session })).status, 200);
  await post('/sign-out', { session });
  assert.equal((await post('/token', { session, ...order })).status, 401);
  for (const body of ['{}', '[]', JSON.stringify({ session, ...order, amount: '0' })]) {
    assert.equal((await ask('POST', '/token', body)).answer['code'], 'bad-request');
  }
});

test('the faucet gives of the richest unit that is signed, so much to one address and so much to all in a day', async (t) => {
  const { wallet, ask, give } = await openSocket(t);
  assert.deepEqual(await give('192.0.2.1'), {
    status: 200,
    answer: { token: 'cashuB1', amount: 10, unit: 'rich' },
  });
  assert.deepEqual(wallet.sent, [{ amount: 10n, unit: 'rich', note: 'faucet' }]);
  assert.equal((await give('::ffff:192.0.2.1')).status, 200);
  const third = await give('192.0.2.1');
  assert.deepEqual([third.status, third.answer['code']], [429, 'faucet-limit']);
  assert.match(
    String(third.answer['message']),
    /this address can have 20 ehash in 24 hours: come back after 2/,
  );
  assert.equal((await give('2001:db8::1')).status, 200);
  assert.match(String((await give('192.0.2.2')).answer['message']), /all together can have 30 ehash/);
  assert.deepEqual((await ask('GET', '/faucet')).answer, { ...on, given: 30 });
});

test('one network of IPv6 is one address', async (t) => {
  const { give } = await openSocket(t);
  for (const [address, status] of [
    ['2001:db8::1', 200],
    ['2001:DB8:0:0:ffff::2', 200],
    ['2001:db8::3', 429],
    ['2001:db8:0:1::3', 200],
  ] as const) {
    assert.equal((await give(address)).status, status, address);
  }
});

test('limits hold over a restart, and for those who ask at once', async (t) => {
  const { paths, give, close } = await openSocket(t);
  const statuses = await Promise.all(Array.from({ length: 5 }, async () => (await give('192.0.2.1')).status));
  assert.deepEqual(statuses.sort(), [200, 200, 429, 429, 429]);
  await close();
  const again = await openSocket(t, on, paths);
  assert.equal((await again.give('192.0.2.1')).status, 429);
  assert.equal((await again.give('192.0.2.2')).status, 200);
});

test('what could not be given does not count, and the reason is told', async (t) => {
  const { wallet, ask, give } = await openSocket(t);
  wallet.trouble = new HashpoolError('mint-unreachable', 'the mint does not answer');
  const refused = await give('192.0.2.1');
  assert.deepEqual(refused, {
    status: 503,
    answer: { code: 'mint-unreachable', message: 'the mint does not answer' },
  });
  wallet.trouble = new Error('secret details');
  const failed = await give('192.0.2.1');
  assert.equal(failed.status, 500);
  assert.ok(!JSON.stringify(failed.answer).includes('secret'));
  assert.equal((await ask('GET', '/faucet')).answer['given'], 0);
});

for (const [method, path, body, status, message] of [
  ['GET', '/tokens', undefined, 404, /there is no GET \/tokens here/],
  ['POST', '/faucet', '{', 400, /no JSON/],
  ['POST', '/faucet', '{}', 400, /an object with address/],
  ['POST', '/faucet', '{"address":"192.0.2.1","amount":99}', 400, /an object with address/],
  ['POST', '/faucet', '{"address":"somewhere"}', 400, /must be the IP address/],
  ['POST', '/faucet', `{"address":"${'1'.repeat(5000)}"}`, 400, /too large/],
  ['GET', '/history?limit=-1', undefined, 400, /limit, the number of lines/],
  ['GET', '/history?page=1', undefined, 400, /limit, the number of lines/],
] as const) {
  test(`${method} ${path} ${body?.slice(0, 40) ?? ''} is refused in words`, async (t) => {
    const { ask } = await openSocket(t);
    const refused = await ask(method, path, body);
    assert.equal(refused.status, status);
    assert.match(String(refused.answer['message']), message);
  });
}

test('more than fifty requests in a second are too many', async (t) => {
  const { ask } = await openSocket(t);
  const statuses: (number | undefined)[] = [];
  for (let i = 0; i < 400 && !statuses.includes(429); i++) {
    statuses.push(
      ...(await Promise.all(Array.from({ length: 30 }, async () => (await ask('GET', '/faucet')).status))),
    );
  }
  assert.ok(statuses.includes(429));
  assert.ok(statuses.filter((status) => status === 200).length >= 50);
});

test('a faucet that is off gives nothing', async (t) => {
  const { wallet, ask, give } = await openSocket(t, { ...on, enabled: false });
  assert.deepEqual((await ask('GET', '/faucet')).answer['enabled'], false);
  assert.deepEqual([(await give('192.0.2.1')).status, wallet.sent], [404, []]);
});

test('the socket of a killed process is replaced, a file of somebody else is not', async (t) => {
  const paths = openFolder(t);
  const left = createServer().listen(paths.path);
  await new Promise((resolve) => left.once('listening', resolve));
  t.after(() => left.close());
  const { ask } = await openSocket(t, on, paths);
  assert.equal((await ask('GET', '/balance')).status, 200);
  const other = openFolder(t);
  writeFileSync(other.path, 'mine');
  await assert.rejects(openSocket(t, on, other), ConfigError);
  await assert.rejects(
    openSocket(t, on, { ...other, path: `/tmp/${'x'.repeat(110)}` }),
    /more than 107 bytes/,
  );
  await assert.rejects(
    openSocket(t, on, { ...other, path: '/nowhere/wallet.sock' }),
    /no socket can be made/,
  );
});

test('a faucet is refused where it could give nothing, or real money', () => {
  const there = { network: 'regtest', socketPath: 'wallet.sock' };
  assert.equal(checkFaucet(on, there), undefined);
  assert.equal(
    checkFaucet({ ...on, enabled: false }, { network: 'mainnet', socketPath: undefined }),
    undefined,
  );
  for (const [faucet, where, words] of [
    [on, { ...there, network: 'mainnet' }, /on mainnet/],
    [on, { ...there, socketPath: undefined }, /socket_path/],
    [{ ...on, amount: 21 }, there, /nobody would get anything/],
    [{ ...on, total_per_day: 19 }, there, /lower the first/],
  ] as const) {
    assert.match(checkFaucet(faucet, where) ?? '', words);
  }
});
