import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';

const entry = new URL('./fixtures/role.ts', import.meta.url).pathname;

function startRole(t: TestContext, toml: string, stdout: number | 'pipe' = 'pipe') {
  const folder = mkdtempSync(join(tmpdir(), 'hashpool-role-'));
  const file = join(folder, 'role.config.toml');
  writeFileSync(file, toml);
  const child = fork(entry, ['-c', file], {
    stdio: ['ignore', stdout, 'pipe', 'ipc'],
    serialization: 'advanced',
  });
  t.after(() => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });
  const said = { out: '', err: '', messages: [] as { type: string; figures?: unknown }[] };
  child.stdout?.on('data', (chunk) => (said.out += chunk));
  child.stderr?.on('data', (chunk) => (said.err += chunk));
  child.on('message', (message) => said.messages.push(message as { type: string }));
  return { child, said };
}

/** The exit code, once all that the role has printed is read. */
async function exitCode(child: ChildProcess): Promise<number | null> {
  const streams = [child.stdout, child.stderr].filter((stream) => stream !== null);
  const [[code]] = await Promise.all([once(child, 'exit'), ...streams.map((stream) => once(stream, 'end'))]);
  return code;
}

test('a role says ready, and closes its parts last first at SIGTERM', async (t) => {
  const { child, said } = startRole(t, 'act = "wait"');
  while (!said.messages.some(({ type }) => type === 'ready')) await once(child, 'message');
  assert.deepEqual(said.messages[0], { type: 'status', text: 'working', figures: { shares: 2n } });
  child.kill('SIGTERM');
  assert.equal(await exitCode(child), 0);
  assert.match(said.out, /closed second[\s\S]*closed first/);
});

test('a log on a full disk neither ends a role nor keeps it from ending', async (t) => {
  const full = openSync('/dev/full', 'w');
  t.after(() => closeSync(full));
  const { child, said } = startRole(t, 'act = "wait"', full);
  while (!said.messages.some(({ type }) => type === 'ready')) await once(child, 'message');
  child.kill('SIGTERM');
  assert.equal(await exitCode(child), 0);
  assert.equal(said.err, '');
});

test('a role ends when whoever started it is gone', async (t) => {
  const { child, said } = startRole(t, 'act = "wait"');
  while (!said.messages.some(({ type }) => type === 'ready')) await once(child, 'message');
  child.disconnect();
  assert.equal(await exitCode(child), 0);
  assert.match(said.out, /supervisor is gone/);
});

test('a bad config is exit code 78 and one line', async (t) => {
  const { child, said } = startRole(t, 'akt = "wait"');
  assert.equal(await exitCode(child), 78);
  assert.match(said.err, /^[^\n]*role\.config\.toml: akt is not a key here; allowed: act\n$/);
  assert.equal(said.out, '');
});

test('a rule between keys is a bad config too', async (t) => {
  const { child, said } = startRole(t, 'act = "refuse"');
  assert.equal(await exitCode(child), 78);
  assert.match(said.err, /act = "refuse" is refused\n$/);
});

for (const act of ['fail', 'die', 'throw']) {
  test(`a role that can't go on (${act}) closes its parts and exits 70 with the reason`, async (t) => {
    const { child, said } = startRole(t, `act = "${act}"`);
    assert.equal(await exitCode(child), 70);
    assert.match(said.out, /can't go on/);
    assert.match(said.out, /closed second[\s\S]*closed first/);
    assert.ok(!said.messages.some(({ type }) => type === 'ready'));
  });
}
