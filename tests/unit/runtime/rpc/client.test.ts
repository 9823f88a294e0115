import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { bitcoinRpc } from '../../../../runtime/rpc/client.ts';
import { isRpcError, RpcError } from '../../../../runtime/rpc/errors.ts';

const AUTH = 'user:pass word-free';
const fastRetry = { attempts: 4, firstDelayMs: 5, longestDelayMs: 10 };

/** An HTTP server that stands for a bitcoind with trouble; real answers are tested with a real node. */
async function listening(t: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  t.after(() => closed(server));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert(typeof address === 'object' && address !== null);
  return `http://127.0.0.1:${address.port}`;
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

function reply(body: unknown, status = 200): RequestListener {
  return (_request, response) => response.writeHead(status).end(JSON.stringify(body));
}

async function failureOf(call: Promise<unknown>): Promise<RpcError> {
  const error = await call.then(
    (result) => assert.fail(`a result: ${JSON.stringify(result)}`),
    (reason: unknown) => reason,
  );
  assert(error instanceof RpcError);
  return error;
}

test('sends method, parameters and basic authentication, and gives the result', async (t) => {
  const seen: { authorization: string | undefined; body: unknown }[] = [];
  const url = await listening(t, (request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    request.on('end', () => {
      seen.push({ authorization: request.headers.authorization, body: JSON.parse(text) });
      response.end(JSON.stringify({ result: 9007199254740991, error: null, id: 1 }));
    });
  });
  const rpc = bitcoinRpc({ url, auth: 'user:password' });
  assert.equal(await rpc.call('getthing', ['a', 1]), 9007199254740991);
  assert.deepEqual(seen, [
    {
      authorization: 'Basic dXNlcjpwYXNzd29yZA==',
      body: { jsonrpc: '1.0', id: 1, method: 'getthing', params: ['a', 1] },
    },
  ]);
  rpc.close();
});

test('tries again while the node warms up, and gives up after the last try', async (t) => {
  let calls = 0;
  const url = await listening(t, (request, response) => {
    calls++;
    const warmingUp = { result: null, error: { code: -28, message: 'Loading block index…' }, id: 1 };
    reply(calls < 3 ? warmingUp : { result: 7, error: null, id: 1 }, calls < 3 ? 500 : 200)(
      request,
      response,
    );
  });
  const rpc = bitcoinRpc({ url, auth: 'a:b', retry: fastRetry });
  assert.equal(await rpc.call('getblockcount'), 7);
  assert.equal(calls, 3);
  calls = 0;
  const error = await failureOf(rpc.call('getblockcount', [], { retry: { attempts: 2 } }));
  assert.equal(error.code, 'rpc-warming-up');
  assert.match(error.message, /Loading block index/);
  assert.equal(calls, 2);
  rpc.close();
});

test('a refused connection is tried again and then named with its url, method and remedy', async (t) => {
  const url = await listening(t, reply({}));
  const gone = new URL(url);
  gone.port = '1';
  const rpc = bitcoinRpc({ url: gone.href, auth: 'a:b', retry: fastRetry });
  const began = Date.now();
  const error = await failureOf(rpc.call('getblockcount'));
  assert.equal(error.code, 'rpc-unreachable');
  assert(Date.now() - began >= 20, 'waited between the tries');
  assert.match(error.message, /http:\/\/127\.0\.0\.1:1, getblockcount: connection refused; is it running/);
  rpc.close();
});

test("the node's own refusal carries its number and is not tried again", async (t) => {
  let calls = 0;
  const url = await listening(t, (request, response) => {
    calls++;
    reply({ result: null, error: { code: -8, message: 'Block height out of range' }, id: 1 }, 500)(
      request,
      response,
    );
  });
  const rpc = bitcoinRpc({ url, auth: 'a:b', retry: fastRetry });
  const error = await failureOf(rpc.call('getblockhash', [5]));
  assert.equal(error.code, 'rpc-refused');
  assert.equal(error.rpcCode, -8);
  assert(isRpcError(error, 'rpc-refused') && !isRpcError(error, 'rpc-timeout'));
  assert.equal(calls, 1);
  rpc.close();
});

test('a broken connection may have carried the call and is not tried again', async (t) => {
  let calls = 0;
  const url = await listening(t, (request) => {
    calls++;
    request.socket.destroy();
  });
  const rpc = bitcoinRpc({ url, auth: 'a:b', retry: fastRetry });
  assert.equal((await failureOf(rpc.call('generate', [1]))).code, 'rpc-broken');
  assert.equal(calls, 1);
  rpc.close();
});

test('wrong credentials say so and do not repeat the password', async (t) => {
  const url = await listening(t, (_request, response) => response.writeHead(401).end());
  const rpc = bitcoinRpc({ url, auth: 'user:hunter2' });
  const error = await failureOf(rpc.call('getblockcount'));
  assert.equal(error.code, 'rpc-unauthorized');
  assert.match(error.message, /rpcauth=/);
  assert.doesNotMatch(error.message, /hunter2/);
  rpc.close();
});

test('no answer in time, and a caller that gives up', async (t) => {
  const url = await listening(t, () => undefined);
  const rpc = bitcoinRpc({ url, auth: 'a:b', timeoutMs: 30 });
  const slow = await failureOf(rpc.call('waitfornewblock'));
  assert.equal(slow.code, 'rpc-timeout');
  assert.match(slow.message, /within 30 ms/);
  const giveUp = new AbortController();
  const call = failureOf(rpc.call('waitfornewblock', [], { signal: giveUp.signal, timeoutMs: 5_000 }));
  giveUp.abort();
  assert.equal((await call).code, 'rpc-aborted');
  rpc.close();
});

test('another service at the address is told apart from bitcoind', async (t) => {
  const url = await listening(t, (_request, response) => response.end('<html>hello</html>'));
  const rpc = bitcoinRpc({ url, auth: 'a:b' });
  const error = await failureOf(rpc.call('getblockcount'));
  assert.equal(error.code, 'rpc-bad-answer');
  assert.match(error.message, /is it bitcoind/);
  rpc.close();
});

test('an answer above the cap is cut off', async (t) => {
  const megabyte = Buffer.alloc(1024 * 1024, 32);
  const url = await listening(t, (_request, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write(megabyte));
    };
    response.on('drain', more);
    more();
  });
  const rpc = bitcoinRpc({ url, auth: 'a:b' });
  const error = await failureOf(rpc.call('getblock'));
  assert.equal(error.code, 'rpc-bad-answer');
  assert.match(error.message, /larger than 67108864 bytes/);
  rpc.close();
});

test('a cookie is read for each call, since each start of bitcoind makes another', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'hashpool-rpc-'));
  t.after(() => rm(folder, { recursive: true }));
  const cookieFile = join(folder, '.cookie');
  const seen: (string | undefined)[] = [];
  const url = await listening(t, (request, response) => {
    seen.push(request.headers.authorization);
    response.end('{"result":1,"error":null,"id":1}');
  });
  const rpc = bitcoinRpc({ url, auth: { cookieFile }, retry: { attempts: 1 } });
  assert.match((await failureOf(rpc.call('one'))).message, /cookie .*cannot be read/);
  for (const cookie of ['__cookie__:first', '__cookie__:second\n']) {
    await writeFile(cookieFile, cookie);
    await rpc.call('one');
  }
  const header = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
  assert.deepEqual(seen, [header('__cookie__:first'), header('__cookie__:second')]);
  rpc.close();
});

test('a credential that is not user:password is refused at once, unrepeated', () => {
  for (const auth of ['', 'userpassword', ':password', 'user:', AUTH]) {
    assert.throws(() => bitcoinRpc({ url: 'http://127.0.0.1:1', auth }), {
      code: 'bad-rpc-auth',
      message: 'the bitcoind credential must be one line, user:password',
    });
  }
});

test('a url that is none, or not http, is refused at once', () => {
  for (const url of ['', 'http://', 'https://127.0.0.1:8332', '127.0.0.1:8332']) {
    assert.throws(() => bitcoinRpc({ url, auth: 'a:b' }), { code: 'bad-rpc-url' }, url);
  }
});

test('a user and password in the url are not repeated', async () => {
  const rpc = bitcoinRpc({
    url: 'http://me:hunter2@127.0.0.1:1/wallet/x',
    auth: 'a:b',
    retry: { attempts: 1 },
  });
  assert.equal(rpc.url, 'http://127.0.0.1:1/wallet/x');
  assert.doesNotMatch((await failureOf(rpc.call('getblockcount'))).message, /hunter2/);
  rpc.close();
});
