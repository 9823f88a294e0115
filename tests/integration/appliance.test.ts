import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { readRolesTable } from '../../services/supervisor/roles-table.ts';
import { loopbackConfig } from '../harness/appliance.ts';
import { freePortBase } from '../harness/free-ports.ts';
import { RunningClock } from '../harness/running-clock.ts';
import { processesWith, runStart, type StartCommand, type StartResult } from '../harness/start-command.ts';
import { temporaryFolder } from '../harness/temporary-folder.ts';

const STOP_LIMIT_MS = 5_000;

interface Place {
  readonly state: string;
  run(...args: string[]): StartCommand;
}

async function place(t: TestContext, edit?: (file: string, text: string) => string): Promise<Place> {
  const folder = temporaryFolder();
  const config = loopbackConfig(join(folder, 'config'), edit);
  const portBase = String(await freePortBase(16));
  const state = join(folder, 'state');
  const started: StartCommand[] = [];
  t.after(async () => {
    for (const each of started) {
      each.process.kill('SIGTERM');
      await each.result;
    }
  });
  return {
    state,
    run: (...args) => {
      const command = runStart(['--state', state, '--config', config, '--port-base', portBase, ...args]);
      started.push(command);
      return command;
    },
  };
}

/** The fields of the summary that are looked at here; sums of a test's size are plain numbers. */
interface Sums {
  readonly agree: boolean;
  readonly disagreements: string[];
  readonly height: number;
  readonly wallet: number;
  readonly minted: number;
  readonly waiting: number;
  readonly shares: { readonly accepted: number; readonly rejected: number };
  readonly outbox: { readonly rows: number; readonly sum: number };
  readonly quotes: { readonly rows: number; readonly sum: number };
  readonly refused: number;
  readonly unsent: number;
  readonly roles: readonly { readonly name: string; readonly restarts: number }[];
}

/** The sums of a summary, after a look at whether they really do agree. */
function agreeingSums(result: StartResult): Sums {
  const sums = JSON.parse(result.stdout.trimEnd().split('\n').at(-1) ?? '') as Sums;
  assert.deepEqual(sums.disagreements, []);
  assert.equal(sums.agree, true);
  assert.equal(sums.outbox.rows, sums.quotes.rows + sums.refused + sums.unsent);
  assert.equal(sums.outbox.sum, sums.quotes.sum);
  assert.equal(sums.minted + sums.waiting, sums.quotes.sum);
  return sums;
}

async function assertNoProcessLeft(state: string): Promise<void> {
  const deadline = Date.now() + STOP_LIMIT_MS;
  while (processesWith(state).length > 0 && Date.now() < deadline) await delay(50);
  assert.deepEqual(processesWith(state), []);
}

test('from nothing to tokens, and on where it was', async (t) => {
  const { state, run } = await place(t);

  const first = await run('--until-tokens', '20', '--for', '90s').result;
  assert.equal(first.code, 0, first.stderr + first.stdout);
  const sums = agreeingSums(first);
  assert.ok(sums.wallet >= 20);
  assert.ok(sums.shares.accepted > 0);
  const always = readRolesTable().roles.filter(({ feature }) => feature === undefined);
  assert.deepEqual(
    sums.roles.map(({ name }) => name),
    always.map(({ name }) => name),
  );
  assert.ok(sums.roles.every(({ restarts }) => restarts === 0));
  await assertNoProcessLeft(state);

  const again = run();
  await again.printed(/shares [1-9][\d,]* accepted/);
  const other = await run().result;
  assert.equal(other.code, 1);
  assert.match(other.stderr, /^npm start: process \d+ runs on this state folder[^\n]*\n$/);
  using clock = new RunningClock();
  again.process.kill('SIGINT');
  const second = await again.result;
  assert.ok(clock.ms < STOP_LIMIT_MS, `stopped in ${clock.ms} ms`);
  assert.equal(second.code, 0, second.stderr);
  const later = agreeingSums(second);
  assert.ok(later.outbox.rows > sums.outbox.rows, 'the outbox goes on');
  assert.ok(later.wallet >= sums.wallet, 'the wallet keeps what it had');
  assert.ok(later.height >= sums.height, 'the chain goes on');
  await assertNoProcessLeft(state);
});

test('with --job-declaration miners mine blocks of their own, and their shares become tokens', async (t) => {
  const { state, run } = await place(t);
  const result = await run('--job-declaration', '--until-tokens', '20', '--for', '100s').result;
  assert.equal(result.code, 0, result.stderr + result.stdout);
  const sums = agreeingSums(result);
  assert.ok(sums.wallet >= 20);
  assert.deepEqual(
    sums.roles.map(({ name, restarts }) => [name, restarts]),
    readRolesTable().roles.map(({ name }) => [name, 0]),
  );
  await assertNoProcessLeft(state);
});

test('a supervisor that is killed leaves no process of the appliance behind', async (t) => {
  const { state, run } = await place(t);
  const command = run();
  await command.printed(/^translator: ready/m);
  assert.ok(processesWith(state).length >= 7, 'bitcoind and its keeper, five roles');
  command.process.kill('SIGKILL');
  await command.result;
  await assertNoProcessLeft(state);
});

test('a role that dies is started again, and with --no-restart ends all', async (t) => {
  const { state, run } = await place(t);
  const command = run('--no-restart');
  await command.printed(/^translator: ready/m);
  const [pool] = processesWith(join(state, 'config', 'pool.config.toml'));
  assert.ok(pool !== undefined);
  process.kill(pool, 'SIGKILL');
  const { code, stderr } = await command.result;
  assert.equal(code, 1);
  assert.match(stderr, /^npm start: pool was ended by SIGKILL/);
  await assertNoProcessLeft(state);
});

test('a misspelt config key ends all with 78 and one line', async (t) => {
  const misspell = (file: string, text: string): string =>
    file === 'pool.config.toml' ? text.replace(/^shares_per_minute/m, 'shares_per_minit') : text;
  const { state, run } = await place(t, misspell);
  const { code, stderr } = await run().result;
  assert.equal(code, 78);
  assert.match(
    stderr,
    /^npm start: pool [^\n]*pool\.config\.toml: shares_per_minit is not a key here; allowed: [^\n]+\n$/,
  );
  await assertNoProcessLeft(state);
});

test('an unknown option is one line and exit code 64', async () => {
  const { code, stdout, stderr } = await runStart(['--frsh']).result;
  assert.equal(code, 64);
  assert.equal(stdout, '');
  assert.match(stderr, /^npm start: Unknown option '--frsh'[^\n]*\n$/);
});
