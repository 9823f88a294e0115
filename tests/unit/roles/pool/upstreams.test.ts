import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { type UpstreamJob, UpstreamWork } from '../../../../domain/jobs/upstream-work.ts';
import { SeenShares } from '../../../../domain/shares/seen-shares.ts';
import { type HashedWork, hashShares } from '../../../../domain/shares/validate-share.ts';
import { toHex } from '../../../../protocols/bytes.ts';
import type { UpstreamAccount } from '../../../../roles/pool/sv1-upstream/session.ts';
import { Upstreams } from '../../../../roles/pool/sv1-upstream/upstreams.ts';
import { loadCrypto } from '../../../../runtime/crypto.ts';
import { eventually } from '../../../harness/fake-pool.ts';
import { type FakeSv1Upstream, fakeNotify, fakeSv1Upstream } from '../../../harness/fake-sv1-upstream.ts';
import { temporaryFolder } from '../../../harness/temporary-folder.ts';

const { hash } = await loadCrypto();
const MASK = 0x1fffffe0;

function account(upstream: Pick<FakeSv1Upstream, 'port'>, changes: Partial<UpstreamAccount> = {}) {
  const plain = { tls: false, tlsCa: undefined, password: 'x', suggestBits: undefined, versionMask: MASK };
  return { host: '127.0.0.1', port: upstream.port, user: 'somebody.rig', ...plain, ...changes };
}

/** A client of these upstreams, and all that it told. */
function client(t: TestContext, accounts: readonly UpstreamAccount[], silenceLimitMs = 60_000) {
  const jobs: UpstreamJob[] = [];
  const masks: number[] = [];
  const statuses: string[] = [];
  const logged: { msg: string; alert?: string; to?: string; message?: string }[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void logged.push(JSON.parse(line)) });
  const upstreams = new Upstreams({
    accounts,
    log,
    onJob: (job) => void jobs.push(job),
    onVersionMask: (mask) => void masks.push(mask),
    onTarget: () => undefined,
    onStatus: (text) => void statuses.push(text),
    onFigures: () => undefined,
    backoff: { firstMs: 10, maxMs: 50 },
    returnAfterMs: 300,
    silenceLimitMs,
  });
  t.after(() => upstreams.close());
  upstreams.begin();
  const job = async (jobId: string, count = 1): Promise<UpstreamJob> => {
    const find = () => jobs.filter(({ fields }) => fields.jobId === jobId)[count - 1];
    await eventually(() => find() !== undefined, `job ${jobId}`);
    const found = find();
    assert.ok(found);
    return found;
  };
  const says = (pattern: RegExp) =>
    eventually(() => statuses.some((text) => pattern.test(text)), String(pattern));
  return { upstreams, jobs, masks, statuses, logged, job, says };
}

let nonce = 0;
/** A share of a job, as it is stored. */
function share(job: UpstreamJob, isBlock = false): HashedWork {
  const { live } = new UpstreamWork(1).take(job, new SeenShares(), 6);
  const { version, id } = live.job;
  const rolled = {
    job_id: id,
    nonce: ++nonce,
    ntime: job.fields.ntime,
    version,
    extranonce: new Uint8Array(4),
  };
  const checked = { job: { live, k: 0, extranoncePrefix: new Uint8Array(2) }, share: rolled };
  const [hashed] = hashShares([checked], hash);
  assert.ok(hashed);
  return { ...hashed, isBlock };
}

test('it introduces itself, follows jobs and sends up what it is given', async (t) => {
  const upstream = await fakeSv1Upstream(t);
  const { upstreams, job, logged } = client(t, [
    account(upstream, { suggestBits: 40, password: 'secret', user: 'bc1qaddress.rig' }),
  ]);
  const first = await job('first');
  const link = await upstream.link();
  assert.equal(upstreams.isServed, true);
  assert.deepEqual(
    link.said.map(({ method }) => method),
    [
      'mining.configure',
      'mining.subscribe',
      'mining.extranonce.subscribe',
      'mining.suggest_difficulty',
      'mining.authorize',
    ],
  );
  assert.deepEqual(await link.take('mining.suggest_difficulty'), [256]);
  assert.deepEqual(await link.take('mining.authorize'), ['bc1qaddress.rig', 'secret']);
  assert.match(String((await link.take('mining.subscribe'))[0]), /^hashpool\/\d/);
  assert.equal(first.versionMask, 0x1fffe000, 'what the upstream grants of what was asked for');
  upstreams.submit(share(first));
  upstreams.submit(share(first));
  assert.equal((await link.take('mining.submit', 1))[1], 'first');
  link.answer('mining.submit', true);
  await eventually(() => upstreams.figures['upstream_accepted'] === 2, 'two accepted');
  upstreams.submit(share(first));
  await link.take('mining.submit', 2);
  link.answer('mining.submit', null, [21, 'Job not\u0007 found', null]);
  await eventually(() => upstreams.figures['upstream_rejected_stale'] === 1, 'one rejected');
  assert.equal(upstreams.figures['upstream_waiting'], 0);
  assert.ok(logged.some(({ msg }) => msg === 'the upstream rejected a share: Job not  found'));
  assert.ok(!JSON.stringify(logged).includes('secret'));
});

test('only what meets the difficulty that its job came under goes up, and blocks', async (t) => {
  const upstream = await fakeSv1Upstream(t);
  upstream.greeting = [
    ['mining.set_difficulty', [2 ** 20]],
    ['mining.notify', fakeNotify('hard')],
    ['mining.set_difficulty', [2 ** -32]],
    ['mining.notify', fakeNotify('easy')],
  ];
  const { upstreams, job } = client(t, [account(upstream)]);
  const easy = await job('easy');
  const link = await upstream.link();
  upstreams.submit(share({ ...easy, number: easy.number - 1n }));
  upstreams.submit(share({ ...easy, number: easy.number - 1n }, true));
  upstreams.submit(share(easy));
  await link.take('mining.submit', 1);
  const ids = link.said.filter(({ method }) => method === 'mining.submit').map(({ params }) => params[1]);
  assert.deepEqual(ids, ['hard', 'easy']);
});

test('what a cut left without an answer is sent again, where the session is given back', async (t) => {
  const upstream = await fakeSv1Upstream(t);
  upstream.resumes = true;
  const { upstreams, job, jobs, says } = client(t, [account(upstream)]);
  const first = await job('first');
  const link = await upstream.link();
  upstreams.submit(share(first));
  await link.take('mining.submit');
  upstream.greeting = [['mining.notify', fakeNotify('next', { isClean: false })]];
  await upstream.shut();
  await eventually(() => !upstreams.isServed, 'the end of the link');
  await says(/^waiting for upstream 127\.0\.0\.1:\d+: (?!not connected)/);
  upstreams.submit(share(first));
  upstreams.submit(share(first, true));
  assert.equal(upstreams.figures['upstream_waiting'], 3);
  upstream.extranonce1 = 'b0000002';
  await upstream.open();
  const again = await upstream.link(1);
  assert.equal((await again.take('mining.subscribe'))[1], 's1');
  const nonces = [0, 1, 2].map(async (i) => (await again.take('mining.submit', i))[4]);
  assert.equal(new Set(await Promise.all(nonces)).size, 3);
  assert.equal(Number.parseInt(String((await Promise.all(nonces))[0]), 16), nonce, 'the block comes first');
  again.answer('mining.submit', true);
  await eventually(() => upstreams.figures['upstream_accepted'] === 3, 'all accepted');
  const next = await job('next');
  assert.equal(next.isClean, false, 'earlier jobs still count');
  assert.equal(toHex(next.extranonce.extranonce1), 'a0000001');
  assert.equal(jobs.length, 2);
});

test('without its session a share is lost, and counted so', async (t) => {
  const upstream = await fakeSv1Upstream(t);
  const { upstreams, job, logged } = client(t, [account(upstream)]);
  const first = await job('first');
  upstreams.submit(share(first));
  await (await upstream.link()).take('mining.submit');
  upstream.greeting = [['mining.notify', fakeNotify('next', { isClean: false })]];
  upstream.extranonce1 = 'b0000002';
  await upstream.shut();
  await upstream.open();
  const next = await job('next');
  assert.equal(next.isClean, true, 'its first job ends those of the session before');
  assert.equal(upstreams.figures['upstream_lost'], 1);
  upstreams.submit(share(first));
  assert.equal(upstreams.figures['upstream_lost'], 2);
  assert.ok(logged.some(({ msg }) => /did not reach the upstream: the upstream did not give/.test(msg)));
});

test('another upstream serves while the first is away, and the first again once it is well', async (t) => {
  const [first, second] = [await fakeSv1Upstream(t), await fakeSv1Upstream(t)];
  second.greeting = [['mining.notify', fakeNotify('second', { isClean: false })]];
  const { upstreams, job, says } = client(t, [account(first), account(second)]);
  const mined = await job('first');
  await first.shut();
  assert.equal((await job('second')).isClean, true);
  await says(/^waiting for upstream .*; mining for 127\.0\.0\.1:\d+ meanwhile$/);
  upstreams.submit(share(mined));
  first.extranonce1 = 'b0000002';
  await first.open();
  await job('first', 2);
  await says(/^connected to upstream/);
  assert.equal(upstreams.figures['upstream_lost'], 1, 'of the session that was cut');
});

test('one that refuses the user, gives too few bytes or talks nonsense is left with words, and tried again', async (t) => {
  const notify = fakeNotify('bad');
  const changed = (i: number, value: unknown) => notify.map((each, k) => (k === i ? value : each));
  const cases: readonly (readonly [RegExp, (upstream: FakeSv1Upstream) => void])[] = [
    [/mining\.authorize was refused: Who are you\?/, (u) => Object.assign(u, { letsIn: false })],
    [/2 bytes of extranonce2, and a pool needs 4/, (u) => Object.assign(u, { extranonce2Size: 2 })],
    [/extranonce1 must be hex digits in pairs/, (u) => Object.assign(u, { extranonce1: 'abc' })],
    ...(
      [
        [/first half of the coinbase must be hex digits in pairs/, ['mining.notify', changed(2, 'abc')]],
        [/previous hash must be 32 bytes of hex/, ['mining.notify', changed(1, '11'.repeat(31))]],
        [/nbits 00000000|nbits 0 stand for no target/, ['mining.notify', changed(6, '00000000')]],
        [/hours ahead of this machine's clock/, ['mining.notify', changed(7, 'ffffffff')]],
        [/nine parameters are needed/, ['mining.notify', []]],
        [/difficulty 1e\+300, which no pool would/, ['mining.set_difficulty', [1e300]]],
        [/difficulty must be positive/, ['mining.set_difficulty', [-1]]],
        [/size of extranonce2 must be 1 to 32/, ['mining.set_extranonce', ['00', 99]]],
      ] as const
    ).map(
      ([words, note]) =>
        [words, (u: FakeSv1Upstream) => void Object.assign(u, { greeting: [note] })] as const,
    ),
  ];
  for (const [words, spoil] of cases) {
    const upstream = await fakeSv1Upstream(t);
    spoil(upstream);
    const { says, upstreams } = client(t, [account(upstream)]);
    await says(words);
    await upstream.link(1);
    assert.equal(upstreams.isServed, false);
    await upstreams.close();
  }
});

test('garbage, a line without an end and a flood of messages end a link, and the next one is tried', async (t) => {
  const upstream = await fakeSv1Upstream(t);
  const { says, upstreams, job } = client(t, [account(upstream)]);
  await job('first');
  (await upstream.link()).socket.write('{"oops\n');
  await says(/a line must be one JSON object/);
  const { socket } = await upstream.link(1);
  socket.write('x'.repeat(300_000));
  await says(/a line is longer than 262144 bytes/);
  const flooded = await upstream.link(2);
  for (let i = 0; i < 1300; i++) flooded.note('client.show_message', ['hello']);
  await says(/more than 1200 messages within a minute/);
  await upstream.link(3);
  await eventually(() => upstreams.isServed, 'the next link');
});

test('it moves to another port of its host where it is asked to, and to no other host', async (t) => {
  const [upstream, other] = [await fakeSv1Upstream(t), await fakeSv1Upstream(t)];
  const { job, logged } = client(t, [account(upstream)]);
  await job('first');
  const link = await upstream.link();
  link.note('client.reconnect', ['evil.example', other.port, 0]);
  link.note('client.show_message', ['the sky\u001b[2J is blue']);
  await eventually(() => logged.some(({ message }) => message === 'the sky [2J is blue'), 'its words');
  assert.ok(logged.some(({ to }) => to === 'evil.example'));
  assert.equal(link.isOpen, true);
  link.note('client.reconnect', ['127.0.0.1', String(other.port), 0]);
  await other.link();
  await job('first', 2);
});

test('extranonce, version mask and difficulty may change under way', async (t) => {
  const upstream = await fakeSv1Upstream(t);
  const { upstreams, job, masks } = client(t, [account(upstream)]);
  const first = await job('first');
  const link = await upstream.link();
  link.note('mining.set_extranonce', ['c0ffee', 6]);
  link.note('mining.set_difficulty', [1024]);
  link.note('mining.set_version_mask', ['ffffffff']);
  link.note('mining.notify', fakeNotify('next'));
  const next = await job('next');
  assert.equal(toHex(next.extranonce.extranonce1), 'c0ffee');
  assert.equal(toHex(first.extranonce.extranonce1), 'a0000001');
  assert.deepEqual(masks, [MASK], 'bits that were not asked for stay out');
  assert.equal(upstreams.figures['upstream_difficulty_bits'], 42);
  link.socket.write('{"id":7,"method":"client.get_version","params":[]}\n');
  await eventually(() => link.said.some(({ id }) => id === 7), 'its version');
});

test('an old pool that answers no mining.configure is mined for without version rolling', async (t) => {
  const upstream = await fakeSv1Upstream(t);
  upstream.versionMask = undefined;
  const { job } = client(t, [account(upstream)]);
  await (await upstream.link()).take('mining.configure');
  await eventually(() => upstream.links[0]?.said.length !== 1, 'the next request', 20_000);
  assert.equal((await job('first')).versionMask, 0);
});

test('one that says nothing for long is asked for a sign of life, and left where none comes', async (t) => {
  const upstream = await fakeSv1Upstream(t);
  const { says, job } = client(t, [account(upstream)], 3000);
  await job('first');
  await (await upstream.link()).take('mining.ping');
  await says(/it has been silent for too long/);
  await upstream.link(1);
});

test('it is left at once where the pool stops, also while it has said nothing yet', async (t) => {
  const upstream = await fakeSv1Upstream(t);
  upstream.isMute = true;
  const { upstreams } = client(t, [account(upstream, { versionMask: 0 })]);
  const link = await upstream.link();
  await link.take('mining.subscribe');
  await upstreams.close();
  await eventually(() => !link.isOpen, 'the end of the connection');
});

test('too many rejected shares raise one alert', async (t) => {
  const upstream = await fakeSv1Upstream(t);
  const { upstreams, job, logged } = client(t, [account(upstream)]);
  const first = await job('first');
  const link = await upstream.link();
  for (let i = 0; i < 40; i++) upstreams.submit(share(first));
  await link.take('mining.submit', 39);
  link.answer('mining.submit', null, [23, 'Low difficulty', null]);
  await eventually(() => upstreams.figures['upstream_rejected_low_difficulty'] === 40, 'all rejected');
  const alerts = logged.filter(({ alert }) => alert === 'upstream-rejects');
  assert.equal(alerts.length, 1);
  assert.match(alerts[0]?.msg ?? '', /did not accept 20 of the latest 20 shares/);
});

test('TLS is checked against the authority that is named', async (t) => {
  const folder = temporaryFolder();
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  execFileSync('openssl', ['req', '-x509', ...curve, ...subject, '-keyout', key, '-out', cert], {
    stdio: 'ignore',
  });
  const pem = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  const upstream = await fakeSv1Upstream(t, { tls: pem });
  const trusting = client(t, [account(upstream, { tls: true, tlsCa: pem.cert })]);
  await trusting.job('first');
  const wary = client(t, [account(upstream, { tls: true })]);
  await wary.says(/cannot connect to 127\.0\.0\.1:\d+: self-signed certificate/);
});
