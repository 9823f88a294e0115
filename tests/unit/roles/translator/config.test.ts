import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { decodeAuthorityPublicKey } from '../../../../protocols/sv2/authority-key.ts';
import { minerConfig } from '../../../../roles/miner/config.ts';
import { checkTranslator, translatorConfig } from '../../../../roles/translator/config.ts';
import { listenerDifficulty, sessionSettings, upstreamsOf } from '../../../../roles/translator/settings.ts';
import { loadConfig } from '../../../../runtime/config/load.ts';

const PUBLISHED = '9bDuixKmZqAJnrmP746n8zU1wyAQRrus7th9dxnkPg6RzQvCnan';
const regtest = (file: string) =>
  fileURLToPath(new URL(`../../../../config/regtest/${file}`, import.meta.url));

test("the regtest config is read, and its pool's key by reference", () => {
  const config = loadConfig(translatorConfig, regtest('tproxy.config.toml'));
  const read: string[] = [];
  const upstreams = upstreamsOf(config, (reference) => {
    read.push(reference);
    return PUBLISHED;
  });
  assert.deepEqual(read, ['public:pool-authority.pub']);
  assert.deepEqual(upstreams, [
    { host: '127.0.0.1', port: 34254, authorityKey: decodeAuthorityPublicKey(PUBLISHED), paysEhash: true },
  ]);
  assert.deepEqual(sessionSettings(config), {
    userIdentity: 'hashpool',
    extranonce2Size: 4,
    minIndividualMinerHashrate: 100_000,
    sharesPerMinute: 30,
    easiestBits: 0,
    jobKeepaliveMs: 30_000,
    walletTakesUnnamed: true,
    subscribeDeadlineMs: 20_000,
  });
  assert.equal(loadConfig(minerConfig, regtest('miner.config.toml')).user, 'regtest.cpu');
});

test('a config that leaves everything out but the pools and the tables gets what suits a real network', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hashpool-translator-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'tproxy.config.toml');
  writeFileSync(file, '[[upstreams]]\naddress = "pool.example"\n[downstream_difficulty_config]\n[wallet]\n');
  const config = loadConfig(translatorConfig, file);
  assert.equal(config.wallet.wallet_takes_unnamed, false);
  assert.equal(config.downstream_difficulty_config.easiest_difficulty_bits, 32);
  assert.deepEqual(
    upstreamsOf(config, () => assert.fail('nothing to read')),
    [{ host: 'pool.example', port: 34254, authorityKey: undefined, paysEhash: true }],
  );
});

test('further ports say what is different there, and each has its own number', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hashpool-translator-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'tproxy.config.toml');
  const good = readFileSync(regtest('tproxy.config.toml'), 'utf8');
  const further = (port: number) => `[[downstream_listeners]]\nport = ${port}\nleast_difficulty_bits = 44\n`;
  const shared = { bitcoin: { network: 'regtest' as const }, mint: { url: 'http://127.0.0.1:3338' } };
  const complaint = (port: number) => {
    writeFileSync(file, `${good}\n${further(34257)}${further(port)}`);
    const config = loadConfig(translatorConfig, file);
    assert.deepEqual(config.downstream_listeners.map(listenerDifficulty), [
      { leastBits: 44 },
      { leastBits: 44 },
    ]);
    return checkTranslator(config, shared);
  };
  assert.equal(complaint(34258), undefined);
  assert.equal(complaint(34257), 'downstream_listeners: port 34257 is named twice; give each its own');
  assert.equal(complaint(34255), 'downstream_listeners: port 34255 is named twice; give each its own');
});

test('what is out of range or misspelt is refused', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hashpool-translator-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'tproxy.config.toml');
  const good = readFileSync(regtest('tproxy.config.toml'), 'utf8');
  const changes: [string, string, RegExp][] = [
    [
      'downstream_extranonce2_size = 4',
      'downstream_extranonce2_size = 16',
      /downstream_extranonce2_size = 16 .* 2 to 8/,
    ],
    ['wallet_takes_unnamed', 'wallet_takes_unknown', /wallet\.wallet_takes_unknown is not a key here/],
    ['credential:wallet-mnemonic', 'abandon abandon about', /wallet\.mnemonic = \(not shown\)/],
    ['[[upstreams]]', '[[upstream]]', /upstream is not a key here/],
  ];
  for (const [from, to, message] of changes) {
    assert.ok(good.includes(from));
    writeFileSync(file, good.replace(from, to));
    assert.throws(() => loadConfig(translatorConfig, file), { code: 'bad-config', message });
  }
});
