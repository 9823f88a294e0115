import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { decodeHpub } from '../../protocols/ehash/key.ts';
import { openWallet } from '../../services/wallet/wallet.ts';
import { startMint } from './wallet/mint-behind-proxy.ts';

const MNEMONIC = 'legal winner thank year wave sausage worth useful legal winner thank yellow';
const OTHER = 'letter advice cage absurd amount doctor acoustic avoid letter advice cage above';

/** A state folder as the supervisor makes it, as far as the wallet command reads it. */
function makeState(t: TestContext, mnemonic: string, mintUrl: string): string {
  const state = mkdtempSync(join(tmpdir(), 'hashpool-state-'));
  t.after(() => rmSync(state, { recursive: true, force: true }));
  for (const folder of ['credentials', 'config/shared', 'translator']) {
    mkdirSync(join(state, folder), { recursive: true });
  }
  writeFileSync(join(state, 'credentials/wallet-mnemonic'), `${mnemonic}\n`);
  writeFileSync(join(state, 'config/shared/miner.toml'), `[mint]\nurl = "${mintUrl}"\n`);
  return state;
}

async function command(...args: string[]) {
  const script = fileURLToPath(new URL('../../commands/wallet.ts', import.meta.url));
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, out: out.trim(), err: err.trim() };
}

test('the command collects, sends, receives and restores beside a running wallet', async (t) => {
  const { mint, url } = await startMint(t);
  const state = makeState(t, MNEMONIC, url);
  const path = join(state, 'translator/wallet.sqlite');
  const running = await openWallet({
    path,
    mnemonic: MNEMONIC,
    mintUrl: url,
    log: { info: () => undefined },
  });
  t.after(() => running.close());
  await mint.addQuotes(await running.keyForChannel('channel'), [0, 1, 2, 3]);
  const key = await command('key', '--state', state);
  assert.deepEqual(await command('key', '--state', state), key);
  await mint.addQuotes(decodeHpub(key.out), [60]);

  const balance = await command('balance', '--state', state);
  assert.deepEqual({ code: balance.code, err: balance.err }, { code: 0, err: '' });
  assert.match(
    balance.out,
    /^unit +amount +waiting +in flight +sent, not claimed +worth sat +epoch\nhash_\S+ +1152921504606846991 +0 +0 +0 +open: no block has closed it$/,
  );
  const sent = await command('send', '9', '--state', state);
  assert.match(sent.out, /^cashuB\S+$/);
  const listed = await command('balance', '--json', '--state', state);
  assert.match(listed.out, new RegExp(`"token":"${sent.out}"`));

  const other = makeState(t, OTHER, url);
  assert.deepEqual(await command('receive', sent.out, '--state', other), {
    code: 0,
    out: 'received 9',
    err: '',
  });
  const again = await command('receive', sent.out, '--state', other);
  assert.deepEqual({ code: again.code, lines: again.err.split('\n').length }, { code: 1, lines: 1 });
  assert.match(again.err, /already spent/);

  const empty = makeState(t, MNEMONIC, url);
  const restored = await command('restore', '--state', empty, '--json');
  assert.match(restored.out, /"keys":2,"proofs":\d+,"amount":1152921504606846982/);
});

test('mistakes get one line, or the usage', async (t) => {
  const state = makeState(t, MNEMONIC, 'http://127.0.0.1:9');
  const none = await command();
  assert.equal(none.code, 64);
  assert.match(none.out, /balance[\s\S]*send AMOUNT[\s\S]*receive TOKEN[\s\S]*restore/);
  for (const [args, words, code] of [
    [['spend'], /spend is no action: say balance, history/, 64],
    [['send', 'much'], /whole number/, 64],
    [['send'], /AMOUNT is missing/, 64],
    [['receive'], /TOKEN is missing/, 64],
    [['pay', 'creqAnonsense'], /no payment request/, 1],
    [['send', '1'], /empty/, 1],
    [['receive', 'cashuBnonsense'], /does not answer/, 1],
    [['restore'], /does not answer/, 1],
    [['balance', '--state', join(state, 'nowhere')], /wallet-mnemonic is not there/, 1],
  ] as const) {
    const result = await command(...args, ...(args.includes('--state' as never) ? [] : ['--state', state]));
    assert.deepEqual([result.code, result.err.split('\n').length, result.out], [code, 1, ''], args.join(' '));
    assert.match(result.err, words);
  }
  const balance = await command('balance', '--state', state);
  assert.deepEqual([balance.code, balance.out], [0, 'the wallet is empty']);
  assert.match(balance.err, /not up to date: .* does not answer/);
});

test('the command locks tokens, pays requests and tells its history', async (t) => {
  const { mint, url } = await startMint(t);
  const state = makeState(t, MNEMONIC, url);
  const other = makeState(t, OTHER, url);
  const ours = async (...args: string[]) => (await command(...args, '--state', state)).out;
  const theirs = async (...args: string[]) => (await command(...args, '--state', other)).out;
  await mint.addQuotes(decodeHpub(await ours('key')), [6]);
  await ours('balance');

  const preimage = '07'.repeat(32);
  const hash = createHash('sha256').update(Buffer.from(preimage, 'hex')).digest('hex');
  const token = await ours('send', '9', '--to', await theirs('key'), '--hash', hash, '--locktime', '24h');
  assert.match((await command('receive', token, '--state', other)).err, /locked, to the preimage of/);
  assert.equal(await theirs('receive', token, '--preimage', preimage), 'received 9');

  const request = await ours('request', '4', '--memo', 'cake', '--lock');
  const paid = await theirs('pay', request);
  assert.equal(await ours('receive', paid), 'received 4');
  const encodings = JSON.parse(await ours('request', '4', '--json')) as Record<string, string>;
  assert.match(`${encodings['creqA']} ${encodings['creqB']}`, /^creqA\S+ CREQB1\S+$/);

  assert.match(await ours('history'), /^id +time +what +amount +fee +unit +what for\n3 .* received +\+4 +0 /);
  const lines = (await theirs('history', '--json')).split('\n').map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.map(({ kind, amount, note }) => [kind, amount, note.replace(/[0-9a-f]{8}/, 'ID')]),
    [
      ['sent', -4, 'payment request ID cake'],
      ['received', 9, ''],
    ],
  );
  assert.match(await theirs('history', '--limit', '1', '--before', '2'), /\n1 /);
});
