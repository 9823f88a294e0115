import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fromHex } from '../../protocols/bytes.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { openSeed } from '../../services/wallet/seed.ts';
import { openWallet } from '../../services/wallet/wallet.ts';
import { freePortBase } from '../harness/free-ports.ts';
import { RoleProcess } from '../harness/role-process.ts';
import { startMint } from './wallet/mint-behind-proxy.ts';

const { curve } = await loadCrypto();
const MNEMONIC = 'legal winner thank year wave sausage worth useful legal winner thank yellow';
const OTHER = 'letter advice cage absurd amount doctor acoustic avoid letter advice cage above';
const entry = fileURLToPath(new URL('../../roles/translator/main.ts', import.meta.url));
const statsEntry = fileURLToPath(new URL('../../roles/proxy-stats/main.ts', import.meta.url));

/** A translator whose faucet is on, without a pool. */
async function startTranslator(t: TestContext, network: string, mintUrl: string) {
  const folder = mkdtempSync(join(tmpdir(), 'hashpool-faucet-'));
  const port = await freePortBase(2);
  const write = (name: string, ...lines: string[]) =>
    writeFileSync(join(folder, name), `${lines.join('\n')}\n`);
  write('wallet-mnemonic', MNEMONIC);
  write(
    'tproxy.toml',
    `downstream_port = ${port}`,
    '[[upstreams]]',
    'address = "127.0.0.1"',
    `port = ${port + 1}`,
    '[downstream_difficulty_config]',
    '[wallet]',
    'socket_path = "wallet.sock"',
    'collect_interval_secs = 1',
    '[faucet]',
    'enabled = true',
    'amount = 5',
    'per_address_per_day = 5',
  );
  write('miner.toml', '[bitcoin]', `network = "${network}"`, '[mint]', `url = "${mintUrl}"`);
  const role = new RoleProcess(
    [entry, '-c', join(folder, 'tproxy.toml'), '-g', join(folder, 'miner.toml'), '--debug'],
    folder,
  );
  t.after(async () => {
    await role.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const ask = async (method: string, path: string, body?: string) => {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request({ socketPath: join(folder, 'wallet.sock'), method, path }, resolve)
        .on('error', reject)
        .end(body);
    });
    return JSON.parse(await text(response));
  };
  return { role, folder, ask };
}

test('a faucet on mainnet is refused before anything is opened, with exit code 78', async (t) => {
  const { role } = await startTranslator(t, 'mainnet', 'http://127.0.0.1:9');
  assert.equal(await role.exited, 78);
  assert.match(role.output, /\[faucet\] enabled = true gives tokens away on mainnet/);
});

test("the translator's socket shows what was mined and gives a token of it", async (t) => {
  const { mint, url } = await startMint(t);
  const { role, folder, ask } = await startTranslator(t, 'regtest', url);
  await role.says(/"msg":"ready"/);
  const owner = await openWallet({
    path: join(folder, 'wallet.sqlite'),
    mnemonic: MNEMONIC,
    mintUrl: url,
    log: { info: () => undefined },
  });
  await owner.keyForChannel('channel');
  await owner.close();
  await mint.addQuotes(fromHex(openSeed(MNEMONIC, curve).lockKey(0).publicKey), [4]);
  await role.says(/ehash collected/);

  assert.deepEqual((await ask('GET', '/balance')).balances, [
    { unit: mint.unit, amount: 16, waiting: 0, reserved: 0, sent: 0 },
  ]);
  const gift = await ask('POST', '/faucet', '{"address":"192.0.2.1"}');
  assert.equal((await ask('POST', '/faucet', '{"address":"192.0.2.1"}')).code, 'faucet-limit');
  const [given] = (await ask('GET', '/history')).lines;
  assert.deepEqual([given.kind, given.amount, given.note], ['sent', -5, 'faucet']);
  const path = join(folder, 'other.sqlite');
  const other = await openWallet({ path, mnemonic: OTHER, mintUrl: url, log: { info: () => undefined } });
  t.after(() => other.close());
  assert.equal(await other.receive(gift.token), 5n);
  assert.ok(!role.output.includes(gift.token));
});

/** The client side's stats service in front of that translator, which reports to it. */
async function startStats(t: TestContext, folder: string) {
  const port = await freePortBase(2);
  writeFileSync(
    join(folder, 'proxy-stats.toml'),
    `[server]\ntcp_port = ${port}\nhttp_port = ${port + 1}\n[probes]\nwallet_socket = "wallet.sock"\n`,
  );
  const role = new RoleProcess(
    [statsEntry, '-c', join(folder, 'proxy-stats.toml'), '-g', join(folder, 'miner.toml'), '--debug'],
    folder,
  );
  t.after(() => role.stop());
  await role.says(/"msg":"ready"/);
  return { role, url: `http://127.0.0.1:${port + 1}/` };
}

test('tokens are for a session that the lock key has signed, and stand in no log and no statistics', async (t) => {
  const { mint, url } = await startMint(t);
  const { role, folder } = await startTranslator(t, 'regtest', url);
  await role.says(/"msg":"ready"/);
  const stats = await startStats(t, folder);
  const openOne = (name: string, mnemonic: string) =>
    openWallet({ path: join(folder, name), mnemonic, mintUrl: url, log: { info: () => undefined } });
  const owner = await openOne('wallet.sqlite', MNEMONIC);
  const stranger = await openOne('other.sqlite', OTHER);
  t.after(() => Promise.all([owner.close(), stranger.close()]));
  await owner.keyForChannel('channel');
  await mint.addQuotes(fromHex(openSeed(MNEMONIC, curve).lockKey(0).publicKey), [4]);
  await role.says(/ehash collected/);

  const post = async (path: string, body: object, cookie = '') => {
    const response = await fetch(`${stats.url}api/wallet/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', cookie },
      body: JSON.stringify(body),
    });
    const answer = (await response.json()) as Record<string, string>;
    return { status: response.status, answer, cookie: response.headers.get('set-cookie') ?? '' };
  };
  const { code = '' } = (await post('sign-in/code', {})).answer;
  const wrong = await post('sign-in', { code, signature: await stranger.signIn(code) });
  assert.deepEqual([wrong.status, wrong.cookie], [403, '']);
  const signature = await owner.signIn(code);
  const opened = await post('sign-in', { code, signature });
  assert.equal(opened.status, 200);
  const [cookie = ''] = opened.cookie.split(';');
  assert.equal((await post('sign-in', { code, signature })).status, 401);

  const order = { amount: '7', unit: mint.unit };
  assert.equal((await post('tokens', order)).status, 401);
  assert.equal((await post('tokens', { ...order, amount: '17' }, cookie)).answer['code'], 'not-enough');
  const made = await post('tokens', order, cookie);
  assert.equal(made.status, 200);
  const token = made.answer['token'] ?? '';
  assert.equal(await stranger.receive(token), 7n);
  const [line] = await owner.history({ limit: 1 });
  assert.deepEqual([line?.kind, line?.amount, line?.note], ['sent', -7n, 'dashboard']);

  assert.equal((await post('sign-out', {}, cookie)).status, 200);
  assert.equal((await post('tokens', order, cookie)).status, 401);
  await stats.role.stop();
  const session = cookie.slice(cookie.indexOf('=') + 1);
  assert.match(session, /^[0-9a-f]{64}$/);
  const written = ['stats.sqlite', 'stats.sqlite-wal'].filter((name) => existsSync(join(folder, name)));
  const places = [role.output, stats.role.output, ...written.map((name) => readFileSync(join(folder, name)))];
  for (const place of places) for (const secret of [token, session]) assert.ok(!place.includes(secret));
});
