import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttp } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { workOfShares } from '../../../../../domain/stats/hashrate.ts';
import { MinerAlarms } from '../../../../../services/stats/alerts/alarms.ts';
import { checkAlerts, type ReceiverConfig } from '../../../../../services/stats/alerts/config.ts';
import { messageText, tell } from '../../../../../services/stats/alerts/receivers.ts';
import { KnownMiners } from '../../../../../services/stats/live/known-miners.ts';
import { openChannel, share, startRole, startService, until } from '../scene.ts';

const NOW = 1_800_000_000_000;
const ALARM = { kind: 'offline', miner: 'alice', text: 'alice is offline since 5 minutes' } as const;

interface Request {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

async function webServer(t: TestContext, status = () => 200): Promise<{ url: string; requests: Request[] }> {
  const requests: Request[] = [];
  const server = createHttp((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      requests.push({ path: request.url ?? '', authorization: request.headers.authorization, body });
      response.writeHead(status()).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

/** A mail server that takes one mail a connection, and refuses a receiver. */
async function mailServer(t: TestContext, refuses = ''): Promise<{ address: string; mails: string[] }> {
  const mails: string[] = [];
  const server = createServer((socket) => {
    let mail: string[] | undefined;
    socket.on('error', () => undefined);
    socket.write('220 test\r\n');
    createInterface({ input: socket }).on('line', (line) => {
      if (mail) {
        if (line !== '.') return void mail.push(line);
        mails.push(mail.join('\n'));
        mail = undefined;
        return void socket.write('250 taken\r\n');
      }
      if (line === 'DATA') {
        mail = [];
        return void socket.write('354 go on\r\n');
      }
      if (refuses !== '' && line.includes(refuses)) return void socket.write('550 no such user\r\n');
      socket.write(line.startsWith('EHLO') ? '250-test\r\n250 SIZE\r\n' : '250 well\r\n');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, mails };
}

function receiver(change: Partial<ReceiverConfig> & Pick<ReceiverConfig, 'kind'>): ReceiverConfig {
  return { on: ['offline', 'low', 'rejects', 'block'], miners: [], smtp_tls: false, ...change };
}

const read = () => 'the-secret';

test('each kind of receiver is told in its own way', async (t) => {
  const { url, requests } = await webServer(t);
  await tell(receiver({ kind: 'webhook', url: `${url}/hook` }), [ALARM], read);
  await tell(receiver({ kind: 'ntfy', url: `${url}/topic`, token: 'credential:ntfy' }), [ALARM], read);
  await tell(receiver({ kind: 'telegram', url, token: 'credential:bot', chat_id: '42' }), [ALARM], read);
  assert.deepEqual(
    requests.map(({ path, authorization }) => [path, authorization]),
    [
      ['/hook', undefined],
      ['/topic', 'Bearer the-secret'],
      ['/botthe-secret/sendMessage', undefined],
    ],
  );
  assert.deepEqual(JSON.parse(requests[0]?.body ?? ''), { text: ALARM.text, alarms: [ALARM] });
  assert.equal(requests[1]?.body, ALARM.text);
  assert.deepEqual(JSON.parse(requests[2]?.body ?? ''), { chat_id: '42', text: ALARM.text });

  const { address, mails } = await mailServer(t);
  const mail = receiver({ kind: 'email', smtp_address: address, from: 'a@example.org', to: 'b@example.org' });
  await tell(mail, [ALARM], read);
  assert.match(mails[0] ?? '', /^To: b@example\.org$/m);
  const body = (mails[0] ?? '').split('\n\n')[1] ?? '';
  assert.equal(Buffer.from(body, 'base64').toString(), ALARM.text);
});

test('a receiver that says no is told of in words, without its secret', async (t) => {
  const { url } = await webServer(t, () => 403);
  const telegram = receiver({ kind: 'telegram', url, token: 'credential:bot', chat_id: '42' });
  await assert.rejects(tell(telegram, [ALARM], read), {
    code: 'alert-not-sent',
    message: 'telegram: it answered with status 403',
  });
  const { address } = await mailServer(t, 'RCPT');
  const mail = receiver({ kind: 'email', smtp_address: address, from: 'a@example.org', to: 'b@example.org' });
  await assert.rejects(tell(mail, [ALARM], read), { message: /550 no such user/ });
  const login = { ...mail, smtp_user: 'me', smtp_password: 'credential:mail' };
  await assert.rejects(tell(login, [ALARM], read), { message: /over TLS alone/ });
});

test('many alarms are one message of bounded length', () => {
  const alarms = Array.from({ length: 50 }, () => ALARM);
  assert.equal(messageText(alarms).split('\n').length, 21);
  assert.match(messageText(alarms), /and 30 more$/);
});

test('a receiver that lacks what its kind needs is refused by name', () => {
  const config = (to: ReceiverConfig) => ({ after_sec: 1, to: [to] });
  assert.match(checkAlerts(config(receiver({ kind: 'telegram' }))) ?? '', /needs token/);
  assert.match(checkAlerts(config(receiver({ kind: 'email', to: 'a@b' }))) ?? '', /needs smtp_address/);
  assert.equal(checkAlerts(config(receiver({ kind: 'ntfy', url: 'https://x' }))), undefined);
});

test('a miner that is offline, low or rejected is told of once, and again when that is over', () => {
  const miners = new KnownMiners([], NOW);
  const alice = miners.named('alice', NOW);
  assert.ok(alice);
  const alarms = new MinerAlarms(miners, 300_000);
  const texts = (now: number) => alarms.look(now).map(({ text }) => text);
  Object.assign(alice, { workers: 1, state: 'ok', stateSince: NOW, lastShareAt: NOW });
  assert.deepEqual(texts(NOW), []);
  Object.assign(alice, { workers: 0, state: 'offline', stateSince: NOW });
  assert.deepEqual(texts(NOW + 299_000), []);
  assert.deepEqual(texts(NOW + 300_000), ['alice is offline since 5 minutes']);
  assert.deepEqual(texts(NOW + 400_000), []);
  Object.assign(alice, { workers: 1, state: 'ok', stateSince: NOW + 500_000 });
  assert.deepEqual(texts(NOW + 500_000), ['alice is back']);
  Object.assign(alice, { state: 'low', stateSince: NOW + 600_000 });
  assert.deepEqual(texts(NOW + 900_000), ['alice mines less than 70 % of its own last day']);
  alice.state = 'ok';
  assert.deepEqual(texts(NOW + 910_000), ['alice mines as much as before again']);
  alice.recent.add(NOW + 900_000, workOfShares(32, 80));
  alice.recentRejects.add(NOW + 900_000, workOfShares(0, 20));
  assert.deepEqual(texts(NOW + 910_000), ['alice has 20 % of its shares of the last ten minutes rejected']);
});

test('a service tells of a miner that left and of a block, and tries again where nobody answered', async (t) => {
  let isAway = true;
  const { url, requests } = await webServer(t, () => (isAway ? 500 : 200));
  const to = [receiver({ kind: 'webhook', url, on: ['offline', 'block'], miners: ['ali'] })];
  const service = await startService(t, { alerts: { after_sec: 0, to } });
  const role = startRole(t, service.tcpPort);
  for (const event of [...openChannel(1, 'alice'), ...openChannel(2, 'bob'), share(1), share(2)])
    role.send(event);
  const block = { at: BigInt(Date.now()), block_hash: new Uint8Array(32).fill(7), channel_id: 1, worker: '' };
  role.send({ name: 'BlockFound', ...block, downstream_id: 1 });
  await until('the first attempt', () => requests.length > 0);
  isAway = false;
  await until('the block', () => requests.some(({ body }) => body.includes('alice found a block')));
  for (const id of [1, 2]) role.send({ name: 'DownstreamDisconnected', at: 0n, downstream_id: id });
  await until('alice', () => requests.some(({ body }) => body.includes('alice is offline')));
  assert.ok(!requests.some(({ body }) => body.includes('bob')));
});
