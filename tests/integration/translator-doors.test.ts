import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { fromHex } from '../../protocols/bytes.ts';
import { encodeHpub } from '../../protocols/ehash/key.ts';
import { encodeAuthorityPublicKey } from '../../protocols/sv2/authority-key.ts';
import { MAX_AWAITED_HEADERS } from '../../roles/translator/sv1-server/door.ts';
import { selfSigned } from '../harness/certificate.ts';
import { connectSv1, connectSv1ByTls, type Sv1Client } from '../harness/sv1-client.ts';
import { until } from '../harness/template-client.ts';
import { type TranslatorOptions, translatorProcess } from '../harness/translator.ts';
import { translatorScene } from '../harness/translator-scene.ts';

const G = fromHex('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798');
const USER = encodeHpub(G);
const SUGGESTION = 2 ** -24;
const EXIT_CONFIG = 78;
const [CERTIFICATE, KEY] = ['translator-tls-certificate', 'translator-tls-key'];
const TLS = `downstream_tls = { port = TLS_PORT, certificate = "credential:${CERTIFICATE}", key = "credential:${KEY}" }`;

/** A translator whose pool is away: miners can connect to it and are answered, but get no work. */
function poolless(t: TestContext, options: Pick<TranslatorOptions, 'config' | 'files'>) {
  const poolKey = encodeAuthorityPublicKey(G.subarray(1));
  return translatorProcess(t, { poolPort: 1, poolKey, paysEhash: true, ...options });
}

async function served(client: Sv1Client): Promise<boolean> {
  return (await client.request('mining.ping')).result === 'pong';
}

async function nameOfCertificate(client: Sv1Client): Promise<unknown> {
  return (client.socket as TLSSocket).getPeerCertificate().subject.CN;
}

test('miners mine by TLS, and a renewed certificate cuts nobody off', async (t) => {
  const [first, second] = [selfSigned('first'), selfSigned('second')];
  const files = { [CERTIFICATE]: first.cert, [KEY]: first.key };
  const further = 'downstream_listeners = [{ port = FURTHER_PORT, tls = true }]';
  const scene = await translatorScene(t, { config: [TLS, further], files });
  const connect = async (ca: string, port = scene.tlsPort): Promise<Sv1Client> => {
    const client = await connectSv1ByTls(port, ca);
    t.after(() => client.close());
    return client;
  };
  const miner = await connect(first.cert);
  assert.equal(await nameOfCertificate(miner), 'first');
  await miner.request('mining.suggest_difficulty', [SUGGESTION]);
  await miner.start(USER);
  assert.equal((await miner.submit(USER, miner.mineShare())).result, true);
  assert.ok(await served(await connect(first.cert, scene.furtherPort)), 'a further port may speak TLS too');
  const plain = await connectSv1(scene.sv1Port);
  t.after(() => plain.close());
  assert.ok(await served(plain), 'the plain port serves beside it');

  scene.writeFile(CERTIFICATE, 'no certificate');
  process.kill(scene.role.pid, 'SIGHUP');
  await scene.role.says(
    /certificate was not taken over: credential:translator-tls-certificate is no certificate/,
  );
  assert.equal(await nameOfCertificate(await connect(first.cert)), 'first');

  scene.writeFile(CERTIFICATE, second.cert);
  scene.writeFile(KEY, second.key);
  const taken = scene.role.output.length;
  process.kill(scene.role.pid, 'SIGHUP');
  await until(
    () => scene.role.output.slice(taken).includes('miners may connect by TLS'),
    'the new certificate',
  );
  for (const port of [scene.tlsPort, scene.furtherPort])
    assert.equal(await nameOfCertificate(await connect(second.cert, port)), 'second');
  assert.equal((await miner.submit(USER, miner.mineShare())).result, true, 'the first miner mines on');

  // Who speaks no TLS there is hung up on, and nobody else notices.
  const confused = await connectSv1(scene.tlsPort);
  confused.sendRaw('{"id":1,"method":"mining.ping","params":[]}\n');
  await confused.untilClosed();
  const astray = connectTls({ port: scene.sv1Port, host: '127.0.0.1', ca: second.cert });
  await once(astray, 'error');
  await scene.role.says(/hung up on a miner: it speaks TLS, which this port does not/);
  const old = connectTls({ port: scene.tlsPort, host: '127.0.0.1', ca: second.cert, maxVersion: 'TLSv1.1' });
  await once(old, 'error');
  assert.equal((await miner.submit(USER, miner.mineShare())).result, true);
});

test('the signal for a new certificate changes nothing where no port speaks TLS, and says so', async (t) => {
  const { role, sv1Port } = await poolless(t, {});
  await role.says(/"ready"/);
  const miner = await connectSv1(sv1Port);
  t.after(() => miner.close());
  process.kill(role.pid, 'SIGHUP');
  await role.says(/there is no certificate to take over: .* without downstream_tls/);
  assert.ok(await served(miner));
});

test('a certificate that cannot be served ends the translator with 78 and the file at fault', async (t) => {
  const [good, other] = [selfSigned('good'), selfSigned('other')];
  const cases: [Record<string, string>, RegExp][] = [
    [{ [KEY]: good.key }, /credential:translator-tls-certificate: can't read/],
    [{ [CERTIFICATE]: good.cert }, /credential:translator-tls-key: can't read/],
    [
      { [CERTIFICATE]: 'x', [KEY]: good.key },
      /credential:translator-tls-certificate is no certificate in PEM form/,
    ],
    [{ [CERTIFICATE]: good.cert, [KEY]: 'x' }, /credential:translator-tls-key is no PEM key/],
    [
      { [CERTIFICATE]: good.cert, [KEY]: other.key },
      /credential:translator-tls-key is no PEM key to the certificate/,
    ],
  ];
  for (const [files, words] of cases) {
    const { role } = await poolless(t, { config: [TLS], files });
    assert.equal(await role.exited, EXIT_CONFIG);
    assert.match(role.output, words);
    assert.ok(!role.output.includes('PRIVATE KEY'));
  }
  for (const [config, words] of [
    ['proxy_protocol_from = ["10.0.0.5", "my.proxy"]', /proxy_protocol_from: "my.proxy" is no address/],
    ['downstream_listeners = [{ port = FURTHER_PORT, tls = true }]', /downstream_tls names no certificate/],
    ['proxy_protocol_from = ["10.0.0.0/33"]', /"10.0.0.0\/33" is no address and no network/],
  ] as const) {
    const { role } = await poolless(t, { config: [config] });
    assert.equal(await role.exited, EXIT_CONFIG);
    assert.match(role.output, words);
  }
});

const v1 = (address: string) => `PROXY TCP4 ${address} 127.0.0.1 56324 34255\r\n`;
const v2 = (address: string) => {
  const source = Buffer.from(address.split('.').map(Number)).toString('hex');
  return Buffer.from(`0d0a0d0a000d0a515549540a2111000f${source}7f000001dc0485cf040000`, 'hex');
};

test('behind a proxy the limits go by the real address, whichever version its header has', async (t) => {
  const identity = selfSigned('proxied');
  const config = ['proxy_protocol_from = ["127.0.0.0/8"]', 'max_connections_per_address = 2', TLS];
  const files = { [CERTIFICATE]: identity.cert, [KEY]: identity.key };
  const { role, sv1Port, tlsPort } = await poolless(t, { config, files });
  await role.says(/"ready"/);
  const connect = async (...header: readonly (string | Uint8Array)[]): Promise<Sv1Client> => {
    const client = await connectSv1(sv1Port);
    t.after(() => client.close());
    for (const part of header) {
      client.sendRaw(part);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return client;
  };
  const [one, two] = [await connect(v1('203.0.113.7')), await connect(v2('203.0.113.7'))];
  assert.ok((await served(one)) && (await served(two)));
  const third = await connect(v1('203.0.113.7'));
  await third.untilClosed();
  assert.match(role.output, /203\.0\.113\.7 has its 2 connections already/);
  assert.ok(await served(await connect(v1('203.0.113.8'))), 'another address has its own');
  const [head, tail] = [v2('203.0.113.9').subarray(0, 14), v2('203.0.113.9').subarray(14)];
  assert.ok(await served(await connect(head, tail)), 'a header may come in pieces');
  const joined = await connect(
    Buffer.concat([v2('203.0.113.9'), Buffer.from('{"id":"j","method":"mining.ping"}\n')]),
  );
  await joined.until(() => joined.strayAnswers.length === 1, 'the answer to what came with the header');
  assert.ok(
    await served(await connect('PROXY UNKNOWN\r\n')),
    'a proxy that speaks for itself counts by its own',
  );

  for (const header of [
    '{"id":1,"method":"mining.ping","params":[]}\n',
    'PROXY TCP4 x\r\n',
    'PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n',
    'x'.repeat(300),
  ]) {
    await (await connect(header)).untilClosed();
  }
  const silent = await connect();
  await silent.untilClosed(15_000);
  assert.match(role.output, /hung up on a proxy: no PROXY protocol header came/);
  assert.ok(await served(two), 'and the others are served on');

  const tunnel = await connect(v1('203.0.113.10'));
  assert.ok(await served(tunnel));
  const raw = await connectSv1(tlsPort);
  t.after(() => raw.close());
  raw.sendRaw(v1('203.0.113.11'));
  raw.socket.removeAllListeners('data');
  const secured = connectTls({ socket: raw.socket, ca: identity.cert, host: '127.0.0.1' });
  await once(secured, 'secureConnect');
  secured.write('{"id":1,"method":"mining.ping","params":[]}\n');
  const [answer] = await once(secured, 'data');
  assert.match(String(answer), /"pong"/);
});

test('so many connections of proxies may owe their header, and those beyond are hung up on at once', async (t) => {
  const { role, sv1Port } = await poolless(t, { config: ['proxy_protocol_from = ["127.0.0.1"]'] });
  await role.says(/"ready"/);
  const silent = await Promise.all(Array.from({ length: MAX_AWAITED_HEADERS }, () => connectSv1(sv1Port)));
  t.after(() => {
    for (const client of silent) client.close();
  });
  const [first, ...others] = silent;
  const beyond = await connectSv1(sv1Port);
  await beyond.untilClosed();
  assert.match(role.output, /hung up on a proxy: 1000 connections have sent no header yet/);
  assert.ok(first && others.every(({ closed }) => !closed), 'those who came before still have their time');
  first.sendRaw(v1('203.0.113.7'));
  assert.ok(await served(first));
  const next = await connectSv1(sv1Port);
  t.after(() => next.close());
  next.sendRaw(v1('203.0.113.8'));
  assert.ok(await served(next), 'a header that came makes room');
});

test('a header from elsewhere is refused, and miners without one are served', async (t) => {
  const { role, sv1Port } = await poolless(t, { config: ['proxy_protocol_from = ["192.0.2.1"]'] });
  await role.says(/"ready"/);
  const direct = await connectSv1(sv1Port);
  t.after(() => direct.close());
  assert.ok(await served(direct));
  for (const header of [v1('203.0.113.7'), v2('203.0.113.7')]) {
    const liar = await connectSv1(sv1Port);
    liar.sendRaw(header);
    await liar.untilClosed();
  }
  assert.match(role.output, /it sent a PROXY protocol header and is not in proxy_protocol_from/);
  assert.ok(!role.output.includes('203.0.113.7'), 'nothing of it is believed');
  assert.ok(await served(direct));
});
