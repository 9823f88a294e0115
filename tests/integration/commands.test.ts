import assert from 'node:assert/strict';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { startAppliance } from '../harness/appliance.ts';
import { runCommand } from '../harness/start-command.ts';
import { temporaryFolder } from '../harness/temporary-folder.ts';

test('the everyday commands, beside a running appliance and after it', async (t) => {
  const appliance = await startAppliance(t);
  const at = ['--state', appliance.state.root];
  const before = appliance.figures().height;

  const generated = runCommand('generate-blocks', ['3', ...at]);
  assert.match(generated.stdout, /^3 mined; the chain is \d+ blocks high\n$/, generated.stderr);
  await appliance.until('the height to be seen', () => appliance.figures().height >= before + 3n);

  const refused = runCommand('clean', ['all', '--yes', ...at]);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /^npm run clean: process \d+ runs on this state folder[^\n]*\n$/);

  await appliance.until('tokens', () => appliance.figures().wallet > 0n);
  const rows = runCommand('db', ['mint', '--sql', 'SELECT unit FROM epochs', ...at]);
  // One, and one more for each block that the miner has found by luck.
  assert.match(rows.stdout, /^(\{"unit":"hash_[0-9a-f]{66}_\d+"\}\n)+$/, rows.stderr);
  const tables = runCommand('db', ['wallet', ...at], 'SELECT 2 AS two;\nDELETE FROM proofs;\n');
  assert.match(tables.stdout, /^proofs +[1-9]\d*$/m);
  assert.match(tables.stdout, /two\n2/);
  assert.match(tables.stdout, /not done: attempt to write a readonly database/);

  const to = temporaryFolder();
  const backup = runCommand('backup', ['--to', to, '--json', ...at]);
  assert.equal(backup.status, 0, backup.stderr);

  await appliance.stop();
  restoringBringsBackTheMint(JSON.parse(backup.stdout).file, appliance.state.role('mint'), at);
  const agreed = runCommand('audit', ['--json', ...at]);
  assert.equal(agreed.status, 0, agreed.stdout);
  assert.equal(JSON.parse(agreed.stdout).agree, true);

  auditFindsWhatIsMissing(appliance.state.role('mint'), at);
  cleaningDeletesWhatItSays(appliance.state.root, at);
});

/** The mint's database is lost after the backup, and its journal is not. */
function restoringBringsBackTheMint(file: string, mintFolder: string, at: readonly string[]): void {
  const restore = () => runCommand('restore', [file, '--role', 'mint', ...at]);
  assert.match(restore().stderr, /^npm run restore: [^\n]*mint\.sqlite is there; --force moves it aside\n$/);
  for (const name of ['mint.sqlite', 'mint.sqlite-wal', 'mint.sqlite-shm'])
    rmSync(join(mintFolder, name), { force: true });
  assert.match(restore().stdout, /^the journal brought \d+ transactions back: nothing is missing$/m);
  const nothing = runCommand('restore', ['--accept-loss', '--yes', ...at]);
  assert.match(nothing.stderr, /the mint is not frozen/);
}

/** Takes a minted quote out of the mint's books, as no part of the project ever does. */
function auditFindsWhatIsMissing(mintFolder: string, at: readonly string[]): void {
  const mint = new DatabaseSync(join(mintFolder, 'mint.sqlite'));
  mint.exec('DELETE FROM quotes WHERE quote = (SELECT min(quote) FROM quotes)');
  mint.close();
  const { status, stdout } = runCommand('audit', at);
  assert.equal(status, 1);
  assert.match(stdout, /^they do not agree: share \d+ is in the outbox and no quote at the mint$/m);
  assert.match(
    stdout,
    /^they do not agree: tokens of \d+ are out, quotes of \d+ were minted or auto-paid and \d+ were redeemed$/m,
  );
}

function cleaningDeletesWhatItSays(root: string, at: readonly string[]): void {
  const unasked = runCommand('clean', ['cashu', ...at]);
  assert.equal(unasked.status, 1);
  assert.match(unasked.stdout, /will delete .*mint\.sqlite\n/);
  assert.match(unasked.stderr, /--yes says that it is meant\n$/);
  assert.ok(existsSync(join(root, 'mint', 'mint.sqlite')));

  assert.equal(runCommand('clean', ['cashu', '--yes', ...at]).status, 0);
  const databases = ['mint/mint.sqlite', 'translator/wallet.sqlite', 'pool/outbox.sqlite'];
  assert.deepEqual(
    databases.filter((file) => existsSync(join(root, file))),
    [],
  );
  assert.ok(existsSync(join(root, 'bitcoind', 'regtest')));

  assert.equal(runCommand('clean', ['regtest', '--yes', ...at]).status, 0);
  assert.ok(!existsSync(join(root, 'bitcoind', 'regtest')));
  assert.ok(existsSync(join(root, 'credentials', 'mint-seed')));

  writeFileSync(join(root, 'notes.txt'), "not the appliance's");
  assert.equal(runCommand('clean', ['all', '--yes', ...at]).status, 0);
  assert.ok(!existsSync(join(root, 'credentials')));
  assert.ok(existsSync(join(root, 'notes.txt')), 'what it does not know it leaves');
  assert.match(runCommand('clean', ['all', '--yes', ...at]).stdout, /^nothing to delete/);
}

const mistakes: readonly [command: string, args: string[], words: RegExp][] = [
  ['clean', ['everything'], /^npm run clean: name one of cashu, regtest, testnet4, all[^\n]*\n$/],
  ['clean', [], /^npm run clean: name one of/],
  ['db', ['outbox'], /^npm run db: name one of wallet, mint[^\n]*\n$/],
  ['generate-blocks', ['0'], /^npm run generate-blocks: a number of blocks is wanted, 1 to 1000[^\n]*\n$/],
  ['generate-blocks', ['2', '3'], /^npm run generate-blocks: a number of blocks/],
  ['backup', ['--keep', '0'], /^npm run backup: --keep is "0"; it must be a number from 1 to[^\n]*\n$/],
  ['restore', [], /^npm run restore: name one backup, or --accept-loss alone[^\n]*\n$/],
  ['audit', ['--jsn'], /^npm run audit: Unknown option '--jsn'[^\n]*\n$/],
];

for (const [command, args, words] of mistakes) {
  test(`${command} ${args.join(' ')}: a mistake is one line and exit code 64`, () => {
    const { status, stdout, stderr } = runCommand(command, args);
    assert.deepEqual([status, stdout], [64, '']);
    assert.match(stderr, words);
  });
}

test('commands say what is missing where nothing has run yet', () => {
  const state = join(temporaryFolder(), 'none');
  for (const [command, args] of [
    ['audit', []],
    ['backup', []],
    ['db', ['mint']],
    ['generate-blocks', []],
  ] as const) {
    const { status, stderr } = runCommand(command, [...args, '--state', state]);
    assert.equal(status, 1);
    assert.match(stderr, /^npm run [a-z-]+: [^\n]+\n$/);
  }
  assert.ok(!existsSync(state), 'looking creates nothing');
});

test('every command explains itself', () => {
  for (const command of ['start', 'audit', 'backup', 'clean', 'db', 'generate-blocks', 'restore']) {
    const { status, stdout } = runCommand(command, ['--help']);
    assert.equal(status, 0);
    assert.match(stdout, /^npm (start|run [a-z-]+) -- /);
  }
});
