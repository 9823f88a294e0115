import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { startAppliance } from '../harness/appliance.ts';
import { freePortBase } from '../harness/free-ports.ts';
import { holdDown } from '../harness/hold-down.ts';
import { PATIENCE_MS } from '../harness/patience.ts';
import { prometheusPrograms } from '../harness/prometheus-programs.ts';
import { RunningClock } from '../harness/running-clock.ts';
import { temporaryFolder } from '../harness/temporary-folder.ts';

const run = promisify(execFile);
const project = fileURLToPath(new URL('../..', import.meta.url));
const rules = join(project, 'config/prometheus');
const ruleFiles = readdirSync(rules).filter((file) => file.endsWith('.rules.yml'));
/** Who is gone is named within ten seconds; then come the alert's `for`, 30 s in compressed time, and one scrape. */
const NAMED_MS = 10_000;
const FOR_MS = 3_000;
const SCRAPE_MS = 1_000;
const EVALUATION_MS = 1_000;

test('the rules are rules, and raise what their scenarios say', async () => {
  const promtool = join(await prometheusPrograms(), 'promtool');
  await run(promtool, ['check', 'rules', ...ruleFiles.map((file) => join(rules, file))]);
  await run(promtool, ['check', 'config', '--syntax-only', join(rules, 'prometheus.yml')]);
  await run(promtool, ['test', 'rules', join(project, 'tests/integration/prometheus/rules.test.yml')]);
});

test('each alert has a runbook, and each runbook an alert', () => {
  const text = readFileSync(join(rules, 'alerts.rules.yml'), 'utf8');
  const alerts = [...text.matchAll(/- alert: (\w+)/g)].map(([, name]) => `${name}.md`);
  assert.deepEqual(readdirSync(join(project, 'docs/runbooks')).toSorted(), alerts.toSorted());
  for (const alert of alerts) assert.ok(text.includes(`docs/runbooks/${alert}`), alert);
});

/** The parts of Grafana's model of a dashboard (schemaVersion 39) that ours uses. */
const target = Type.Object({ refId: Type.String(), expr: Type.String(), legendFormat: Type.String() });
const panel = Type.Object({
  id: Type.Integer({ minimum: 1 }),
  type: Type.Enum(['timeseries', 'stat']),
  title: Type.String({ minLength: 1 }),
  datasource: Type.Object({ type: Type.Literal('prometheus'), uid: Type.Literal('$' + '{datasource}') }),
  gridPos: Type.Object({
    x: Type.Integer({ minimum: 0, maximum: 23 }),
    y: Type.Integer({ minimum: 0 }),
    w: Type.Integer({ minimum: 1, maximum: 24 }),
    h: Type.Integer({ minimum: 1 }),
  }),
  targets: Type.Array(target, { minItems: 1 }),
});
const dashboard = Type.Object({
  uid: Type.String(),
  title: Type.String(),
  schemaVersion: Type.Integer({ minimum: 36 }),
  templating: Type.Object({ list: Type.Array(Type.Object({ name: Type.String(), type: Type.String() })) }),
  panels: Type.Array(panel, { minItems: 1 }),
});

function readGrafana(): { panels: { id: number; targets: { expr: string }[] }[] } {
  const value: unknown = JSON.parse(readFileSync(join(project, 'config/grafana/hashpool.json'), 'utf8'));
  assert.deepEqual([...Value.Errors(dashboard, value)], []);
  assert.ok(Value.Check(dashboard, value));
  return value;
}

test("Grafana's dashboard has the shape that Grafana reads", () => {
  const { panels } = readGrafana();
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
});

async function ask(port: number, path: string): Promise<unknown[]> {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`);
  const { data } = (await response.json()) as { data: { result?: unknown[]; activeTargets?: unknown[] } };
  return data.result ?? data.activeTargets ?? [];
}

/** Time is compressed: each `for` of the rules is a tenth of what it is, since nobody waits for minutes in a test. */
function tenTimesFaster(text: string): string {
  return text.replaceAll(/^( +for: )(\d+)([smh])$/gm, (_, key: string, count: string, unit: string) => {
    const seconds = Number(count) * { s: 1, m: 60, h: 3600 }[unit as 's' | 'm' | 'h'];
    return `${key}${Math.max(1, Math.round(seconds / 10))}s`;
  });
}

/** Prometheus on a folder of its own, watching these; ends with the test. */
async function startPrometheus(
  targets: Record<string, string>,
): Promise<{ port: number; stop(): Promise<void> }> {
  const folder = temporaryFolder();
  const port = await freePortBase(1);
  mkdirSync(join(folder, 'data'));
  for (const file of ruleFiles) {
    writeFileSync(join(folder, file), tenTimesFaster(readFileSync(join(rules, file), 'utf8')));
  }
  const jobs = Object.entries(targets).map(
    ([side, url]) => `{ targets: ['${new URL(url).host}'], labels: { side: ${side} } }`,
  );
  writeFileSync(
    join(folder, 'prometheus.yml'),
    `global: { scrape_interval: 1s, evaluation_interval: 1s }\nrule_files: ['*.rules.yml']\nscrape_configs: [{ job_name: hashpool, static_configs: [${jobs.join(', ')}] }]\n`,
  );
  const programs = await prometheusPrograms();
  const child = spawn(
    join(programs, 'prometheus'),
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  );
  await Promise.race([once(child, 'spawn'), once(child, 'error').then(([error]) => Promise.reject(error))]);
  const exited = once(child, 'exit');
  return {
    port,
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

test('Prometheus scrapes both sides, and what the dashboard asks for is there', async (t) => {
  const appliance = await startAppliance(t, { jobDeclaration: true });
  const { dashboards, until, figures } = appliance;
  const prometheus = await startPrometheus(dashboards);
  t.after(() => prometheus.stop());
  const { port } = prometheus;
  await until('shares', () => figures().accepted >= 5n);
  const has = async (query: string): Promise<boolean> => {
    try {
      return (await ask(port, `query?query=${encodeURIComponent(query)}`)).length > 0;
    } catch {
      return false; // It is starting.
    }
  };
  const wanted = readGrafana().panels.flatMap(({ targets }) =>
    targets.map(({ expr }) => expr.replaceAll('$side', '.*')),
  );
  // Without a reject, or a job that was refused, there is no reason of one; this mint has no payment backend.
  const present = wanted.filter((expr) => !/by_reason|jd_refused|epoch_reserve/.test(expr));
  for (const query of ['up{job="hashpool",side="pool"} == 1', 'up{side="proxy"} == 1', ...present]) {
    for (const end = Date.now() + PATIENCE_MS; !(await has(query)); await delay(500)) {
      assert.ok(Date.now() < end, `Prometheus has nothing for ${query}`);
    }
  }
  assert.ok(existsSync(join(rules, 'alertmanager.yml')));

  const fires = async (): Promise<boolean> =>
    has('ALERTS{alertname="HashpoolPoolDown",alertstate="firing",side="pool"} == 1');
  const within = async (limitMs: number, what: string, condition: () => Promise<boolean>) => {
    using clock = new RunningClock();
    while (!(await condition())) {
      assert.ok(clock.ms < limitMs, `${what} took more than ${limitMs} ms`);
      await delay(100);
    }
  };
  assert.equal(await fires(), false);
  const down = await holdDown(appliance, 'pool');
  const killed = Date.now();
  try {
    await within(NAMED_MS + FOR_MS + SCRAPE_MS + EVALUATION_MS, 'the alert', fires);
    t.diagnostic(
      `HashpoolPoolDown fires ${Date.now() - killed} ms after the pool is gone, for: ${FOR_MS} ms`,
    );
  } finally {
    await down.release();
  }
  await within(NAMED_MS + SCRAPE_MS + EVALUATION_MS, 'its end', async () => !(await fires()));
});
