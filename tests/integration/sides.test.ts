import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { loopbackConfig } from '../harness/appliance.ts';
import { freePortBase } from '../harness/free-ports.ts';
import { PATIENCE_MS } from '../harness/patience.ts';
import { temporaryFolder } from '../harness/temporary-folder.ts';

const PORTS = 16;

/** One side, run by its command until the test is over. */
function runSide(t: TestContext, side: 'server' | 'client', args: readonly string[]) {
  const entry = fileURLToPath(new URL(`../../commands/${side}d.ts`, import.meta.url));
  const child = spawn(process.execPath, [entry, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'close');
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  const end = async () => {
    const [code]: unknown[] = await ended;
    return { code, said };
  };
  const stop = () => {
    if (child.exitCode === null) child.kill('SIGTERM');
    return end();
  };
  t.after(stop);
  return {
    /** Waits until it ends by itself. */
    end,
    stop,
    says: (words: RegExp) =>
      until(
        `${side}d to say ${words}`,
        () => words.test(said),
        () => said,
      ),
  };
}

async function until(what: string, condition: () => boolean, describe: () => string): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited ${PATIENCE_MS} ms for ${what}\n${describe()}`);
    await delay(100);
  }
}

for (const [what, options, roles] of [
  ['', [], ['pool', 'translator']],
  [', with job declaration', ['--job-declaration'], ['jd-server', 'jd-client']],
] as const) {
  test(`each side runs by its own command, with its own keys, and they find each other${what}`, async (t) => {
    const folder = temporaryFolder();
    const config = loopbackConfig(join(folder, 'config'));
    const portBase = String(await freePortBase(PORTS));
    const state = (side: string) => join(folder, side);
    const common = ['--config', config, '--port-base', portBase, ...options];

    const server = runSide(t, 'server', ['--state', state('server'), ...common]);
    await server.says(/^pool: ready/m);
    await server.says(new RegExp(`^${roles[0]}: ready`, 'm'));
    const keys = join(state('server'), 'public');
    const client = runSide(t, 'client', ['--state', state('client'), '--server-keys', keys, ...common]);
    await client.says(/^translator: ready/m);
    await client.says(new RegExp(`^${roles[1]}: ready`, 'm'));
    const poolLog = join(state('server'), 'logs/pool.log');
    const log = () => readFileSync(poolLog, 'utf8');
    await until('the translator to have a channel at the pool', () => /channel is open/.test(log()), log);

    assert.ok(existsSync(join(state('client'), 'credentials/wallet-mnemonic')));
    assert.ok(!existsSync(join(state('client'), 'credentials/mint-seed')), 'the mint is elsewhere');
    assert.ok(!existsSync(join(state('server'), 'credentials/wallet-mnemonic')));
    assert.ok(!existsSync(join(state('client'), 'miner')), 'the miner for trials is not part of a side');

    for (const side of [client, server]) {
      const { code, said } = await side.stop();
      assert.equal(code, 0, said);
      assert.match(said, /stopped by SIGTERM/);
    }
  });
}

test('server keys that are not there are named, with where to find them', async (t) => {
  const folder = temporaryFolder();
  const client = runSide(t, 'client', [
    '--state',
    join(folder, 'client'),
    '--server-keys',
    join(folder, 'none'),
  ]);
  await client.says(/--server-keys .*none: .*public\/ of the server side's state/);
  const { code } = await client.end();
  assert.equal(code, 1);
});
