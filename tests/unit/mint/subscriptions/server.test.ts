import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { toHex, utf8 } from '../../../../protocols/bytes.ts';
import { openHttp } from '../../../../roles/mint/http.ts';
import { Limits } from '../../../../roles/mint/limits/limits.ts';
import { proofStates } from '../../../../roles/mint/subscriptions/kinds.ts';
import { WalletSockets } from '../../../../roles/mint/subscriptions/server.ts';
import { Subscriptions } from '../../../../roles/mint/subscriptions/subscriptions.ts';
import { createLog } from '../../../../runtime/logs.ts';
import { openTestMint } from '../support.ts';
import { apiConfig } from '../web.ts';

/** Loopback is limited here as anybody is. */
const anybody = { ...apiConfig.limits, trusted_proxies: [], unlimited: [] };

async function open(t: TestContext, { config = anybody, pingMs = 60_000 } = {}) {
  const mint = await openTestMint(t);
  const log = createLog('test', 'silent');
  const http = openHttp(log);
  const fail = (error: unknown) => assert.fail(String(error));
  const subscriptions = new Subscriptions([proofStates(mint.engine)], mint.engine.events, fail);
  // Nothing fills again, however slow the machine is.
  const clock = () => 0;
  const limits = new Limits(config, clock);
  const sockets = new WalletSockets({ server: http.server, subscriptions, limits, log, clock, pingMs });
  http.addHook('preClose', async () => sockets.close());
  http.get('/plain', async () => ({ plain: true }));
  const url = await http.listen({ host: '127.0.0.1', port: 0 });
  const close = () => http.close();
  t.after(close);
  return {
    mint,
    url,
    close,
    wallet: (path = '/v1/ws') => new Wallet(t, `${url.replace('http', 'ws')}${path}`),
  };
}

interface Message {
  readonly params?: { readonly subId: string; readonly payload: { readonly state: string } };
  readonly result?: object;
}

/** A client of ws itself, with what it was sent. */
class Wallet {
  readonly socket: WebSocket;
  readonly messages: Message[] = [];

  constructor(t: TestContext, url: string) {
    this.socket = new WebSocket(url);
    this.socket.on('error', () => undefined);
    this.socket.on('message', (data) => this.messages.push(JSON.parse(String(data)) as Message));
    t.after(() => this.socket.terminate());
  }

  async opened(): Promise<this> {
    await once(this.socket, 'open');
    return this;
  }

  async closed(): Promise<number> {
    const [code] = (await once(this.socket, 'close')) as [number];
    return code;
  }

  subscribe(subId: string, filters: readonly string[]): void {
    const params = { kind: 'proof_state', subId, filters };
    this.socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'subscribe', params }));
  }

  async got(count: number): Promise<Message[]> {
    while (this.messages.length < count) await once(this.socket, 'message');
    return this.messages;
  }
}

async function isOpened({ socket }: Wallet): Promise<boolean> {
  await new Promise((resolve) => {
    socket.once('open', resolve);
    socket.once('error', resolve);
  });
  return socket.readyState === WebSocket.OPEN;
}

/** The status of an upgrade that is refused. */
async function refusal(wallet: Wallet): Promise<string> {
  const [error] = (await once(wallet.socket, 'error')) as [Error];
  return error.message;
}

test('NUT-17: a proof that is spent over HTTP is told to who watches it', async (t) => {
  const { mint, wallet } = await open(t);
  const [proof] = await mint.proofs([0]);
  assert.ok(proof);
  const y = toHex(mint.curve.hashToCurve(utf8(proof.secret)));
  const client = await wallet().opened();
  client.subscribe('s', [y.toUpperCase().replace(/^0[23]/, y.slice(0, 2))]);
  await client.got(2);
  await mint.engine.swap([proof], [mint.blind(0)]);
  const messages = await client.got(3);
  assert.deepEqual(messages.slice(1), [
    {
      jsonrpc: '2.0',
      method: 'subscribe',
      params: { subId: 's', payload: { Y: y, state: 'UNSPENT', witness: null } },
    },
    {
      jsonrpc: '2.0',
      method: 'subscribe',
      params: { subId: 's', payload: { Y: y, state: 'SPENT', witness: null } },
    },
  ]);
});

test('only /v1/ws is a WebSocket, and other offers to upgrade are answered as requests', async (t) => {
  const { wallet, url } = await open(t);
  assert.match(await refusal(wallet('/v1/other')), /404/);
  const answer = await new Promise<string>((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    let text = '';
    socket.on('data', (data) => {
      text += data;
    });
    socket.on('close', () => resolve(text));
    socket.write('GET /plain HTTP/1.1\r\nhost: x\r\nconnection: upgrade, close\r\nupgrade: h2c\r\n\r\n');
  });
  assert.match(answer, /^HTTP\/1\.1 200 .*\{"plain":true\}/s);
});

test('a client has so many connections, and the next when one has gone', async (t) => {
  const { wallet } = await open(t, { config: { ...anybody, websockets: 2 } });
  const first = await wallet().opened();
  await wallet().opened();
  assert.match(await refusal(wallet()), /503/);
  first.socket.close();
  await first.closed();
  // The mint hears of it in its own time.
  while (!(await isOpened(wallet()))) await delay(10);
});

test('a client that says too much is cut, by messages as by pings, and others are served', async (t) => {
  const { wallet, mint } = await open(t);
  const chatty = await wallet().opened();
  for (let i = 0; i < 3_000; i++) chatty.socket.send('{}');
  assert.equal(await chatty.closed(), 1008);
  assert.ok(chatty.messages.length < 3_000);
  await mint.engine.ping();
});

test('a client that pings without end is cut', async (t) => {
  const { wallet } = await open(t);
  const pinger = await wallet().opened();
  for (let i = 0; i < 3_000; i++) pinger.socket.ping(randomBytes(100));
  assert.equal(await pinger.closed(), 1008);
});

test('a client that says too much and does not hear that it is cut is cut all the same', async (t) => {
  const { url } = await open(t);
  const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => undefined);
  t.after(() => socket.destroy());
  const gone = once(socket.resume(), 'close');
  const key = randomBytes(16).toString('base64');
  socket.write(
    `GET /v1/ws HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${key}\r\n\r\n`,
  );
  // A whole text message, masked by zeros (RFC 6455, 5.2).
  const message = Buffer.from([0x81, 0x82, 0, 0, 0, 0, ...Buffer.from('{}')]);
  socket.write(Buffer.concat(Array.from({ length: 3_000 }, () => message)));
  await gone;
});

test('a message beyond all limits, and one that is no text, end the connection', async (t) => {
  const { wallet } = await open(t);
  const large = await wallet().opened();
  large.socket.send('x'.repeat(200_000));
  assert.equal(await large.closed(), 1009);
  const binary = await wallet().opened();
  binary.socket.send(Buffer.from('{}'));
  assert.equal(await binary.closed(), 1003);
});

test('who answers no ping is gone by the next but one', async (t) => {
  const { wallet } = await open(t, { pingMs: 1000 });
  const dead = await wallet().opened();
  const alive = await wallet().opened();
  dead.socket.pong = () => undefined;
  assert.equal(await dead.closed(), 1006);
  assert.equal(alive.socket.readyState, WebSocket.OPEN);
});

test('the mint ends without waiting for who stays connected', async (t) => {
  const { wallet, close } = await open(t);
  const client = await wallet().opened();
  const ended = client.closed();
  await close();
  assert.ok([1001, 1006].includes(await ended));
});
