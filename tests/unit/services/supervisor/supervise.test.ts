import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { LaunchPlan } from '../../../../services/supervisor/role-process.ts';
import { Supervisor } from '../../../../services/supervisor/supervise.ts';
import type { Patience, RoleView } from '../../../../services/supervisor/supervised-role.ts';
import { isAlive } from '../../../harness/is-alive.ts';
import { temporaryFolder } from '../../../harness/temporary-folder.ts';

const fakeRole = fileURLToPath(new URL('./fakes/role.ts', import.meta.url));
const quick: Patience = {
  readiness: 5_000,
  silence: 5_000,
  firstRestart: 50,
  longestRestart: 200,
  healthy: 60_000,
};

interface Run {
  readonly supervisor: Supervisor;
  readonly seen: RoleView[];
  until(condition: (view: RoleView) => boolean): Promise<RoleView>;
}

function supervise(
  t: TestContext,
  roles: readonly [name: string, behaviour: string, after?: string[]][],
  options: { restart?: boolean; patience?: Patience; onChange?: (supervisor: Supervisor) => void } = {},
): Run {
  const folder = temporaryFolder();
  const seen: RoleView[] = [];
  const waiters = new Set<() => void>();
  const plans = roles.map(([name, behaviour, after = []]): LaunchPlan => {
    const log = join(folder, `${name}.log`);
    return { name, after, entry: fakeRole, arguments: [behaviour], environment: {}, nodeFlags: [], log };
  });
  const supervisor: Supervisor = new Supervisor({
    plans,
    restart: options.restart ?? true,
    patience: options.patience ?? quick,
    onChange: (view) => {
      seen.push(view);
      options.onChange?.(supervisor);
      for (const waiter of waiters) waiter();
    },
  });
  t.after(() => supervisor.stop('the test is over'));
  supervisor.start();
  return {
    supervisor,
    seen,
    until: (condition) =>
      new Promise((resolve) => {
        const look = (): void => {
          const view = seen.find(condition);
          if (view === undefined) return;
          waiters.delete(look);
          resolve(view);
        };
        waiters.add(look);
        look();
      }),
  };
}

const isReady = (name: string) => (view: RoleView) => view.name === name && view.phase === 'ready';

test('a role starts once those before it are ready, and they stop in reverse order', async (t) => {
  const { supervisor, seen, until } = supervise(t, [
    ['node', 'obedient'],
    ['pool', 'obedient', ['node']],
    ['miner', 'obedient', ['pool']],
  ]);
  await until(isReady('miner'));
  const firsts = (phase: string): string[] =>
    seen.filter((view) => view.phase === phase).map((view) => view.name);
  assert.deepEqual(firsts('starting'), ['node', 'pool', 'miner']);
  const startOfPool = seen.findIndex((view) => view.name === 'pool' && view.phase === 'starting');
  assert.ok(seen.findIndex(isReady('node')) < startOfPool);
  assert.deepEqual(await supervisor.stop('enough'), { reason: 'enough', exitCode: 0 });
  assert.deepEqual(firsts('stopped'), ['miner', 'pool', 'node']);
});

test('a role that dies is started again, with a longer delay each time', async (t) => {
  const { until, supervisor } = supervise(t, [['pool', 'dies-once-ready']]);
  const second = await until((view) => view.phase === 'restarting' && view.restarts === 3);
  assert.equal(second.text, 'exited with code 3');
  assert.ok(
    second.restartAt !== undefined && second.restartAt - Date.now() > 100,
    'the third delay is four times the first',
  );
  await supervisor.stop('enough');
});

test('counted figures are added up over restarts', async (t) => {
  const { until } = supervise(t, [['pool', 'counts']]);
  const first = await until((view) => view.figures['shares_accepted'] === 5);
  process.kill(first.pid ?? 0, 'SIGKILL');
  const after = await until((view) => view.restarts === 1 && view.figures['shares_accepted'] === 10n);
  assert.equal(after.figures['height'], 7);
  assert.notEqual(after.pid, first.pid);
});

test('an observer that stops the roles at each change is heard once', async (t) => {
  const { supervisor } = supervise(t, [['pool', 'obedient']], {
    onChange: (it) => void it.stop('seen enough'),
  });
  assert.deepEqual(await supervisor.ended, { reason: 'seen enough', exitCode: 0 });
});

test('a status reaches the screen as one line without control characters', async (t) => {
  const { until } = supervise(t, [['pool', 'talks-to-the-terminal']]);
  const view = await until((each) => each.text !== '');
  assert.equal(view.text, 'waiting for the mint');
});

test('without restarts the first death stops all and says why', async (t) => {
  const { supervisor } = supervise(
    t,
    [
      ['node', 'obedient'],
      ['pool', 'dies-once-ready', ['node']],
    ],
    { restart: false },
  );
  assert.deepEqual(await supervisor.ended, { reason: 'pool exited with code 3', exitCode: 1 });
  assert.ok(supervisor.views().every((view) => view.phase === 'stopped'));
});

test("a refused config ends all with 78 and the role's own line", async (t) => {
  const { supervisor } = supervise(t, [['pool', 'refuses-config']]);
  const ending = await supervisor.ended;
  assert.equal(ending.exitCode, 78);
  assert.equal(ending.reason, 'pool exited with code 78: some.toml: prot: no such key; allowed: port');
});

test('a role that never becomes ready is ended and tried again', async (t) => {
  const { until } = supervise(t, [['pool', 'never-ready']], { patience: { ...quick, readiness: 300 } });
  const view = await until((each) => each.phase === 'restarting');
  assert.equal(view.text, 'did not become ready for 0.3 s');
});

test('a role that gives no sign of life any more is ended and tried again, one that does is left alone', async (t) => {
  const roles: [string, string][] = [
    ['silent', 'obedient'],
    ['lively', 'lively'],
  ];
  const { until, supervisor } = supervise(t, roles, { patience: { ...quick, silence: 400 } });
  const view = await until(
    (each) => each.name === 'silent' && each.restarts === 2 && each.phase === 'restarting',
  );
  assert.equal(view.text, 'gave no sign of life for 0.4 s');
  assert.equal(supervisor.views().find((each) => each.name === 'lively')?.restarts, 0);
});

test('roles that ignore SIGTERM or hang are killed within five seconds, the others stop in order', async (t) => {
  const { supervisor, until } = supervise(t, [
    ['node', 'obedient'],
    ['deaf', 'deaf'],
    ['hung', 'hung'],
  ]);
  const pids = await Promise.all(
    ['node', 'deaf', 'hung'].map(async (name) => (await until(isReady(name))).pid ?? 0),
  );
  await delay(50);
  const before = Date.now();
  await supervisor.stop('enough');
  assert.ok(Date.now() - before < 5_000);
  assert.deepEqual(pids.map(isAlive), [false, false, false]);
});
