import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Health } from '../../services/stats/api/schemas/health.ts';
import type { Stats } from '../../services/stats/api/schemas/stats.ts';
import { startAppliance, type TestAppliance } from '../harness/appliance.ts';

const LOOK_MS = 250;
/** A busy machine; on a quiet one each comes within ten seconds. */
const LIMIT_MS = 60_000;

/** Who stands still, on whose page it is to be named, and under which name. */
const roles = [
  { role: 'pool', side: 'pool', dependency: 'pool' },
  { role: 'mint', side: 'pool', dependency: 'mint' },
  { role: 'template-provider', side: 'pool', dependency: 'template-provider' },
  { role: 'bitcoind', side: 'pool', dependency: 'chain' },
  { role: 'translator', side: 'proxy', dependency: 'translator' },
] as const;

async function health(url: string): Promise<{ status: number; body: Health }> {
  const response = await fetch(`${url}health`);
  return { status: response.status, body: (await response.json()) as Health };
}

async function stats(url: string): Promise<Stats> {
  return (await (await fetch(`${url}api/stats`)).json()) as Stats;
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + LIMIT_MS; Date.now() < end; await delay(LOOK_MS)) {
    if (await condition()) return;
  }
  assert.fail(`waited ${LIMIT_MS / 1000} s for ${what}`);
}

async function isWell(url: string): Promise<boolean> {
  const { status, body } = await health(url);
  return status === 200 && body.ok;
}

/** The process that does the work of a role: bitcoind's is a child of ours. */
function processOf(appliance: TestAppliance, role: string): number {
  const { pid } = appliance.role(role);
  assert.ok(pid !== undefined, `${role} runs`);
  if (role !== 'bitcoind') return pid;
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  return Number(child);
}

/** The value of a metric with these labels, undefined where it has none. */
function metric(text: string, name: string, label: string): number | undefined {
  const line = text.split('\n').find((each) => each.startsWith(`${name}{`) && each.includes(label));
  return line === undefined ? undefined : Number(line.split(' ').at(-1));
}

test('each role that stands still is named by health and metrics, and is well again when it goes on', async (t) => {
  const appliance = await startAppliance(t);
  const { dashboards } = appliance;
  for (const url of Object.values(dashboards)) await until(`${url} to be well`, () => isWell(url));
  for (const { role, side, dependency } of roles) {
    const url = dashboards[side];
    const pid = processOf(appliance, role);
    process.kill(pid, 'SIGSTOP');
    try {
      await until(`${role} to be named`, async () => {
        const { status, body } = await health(url);
        const found = body.dependencies.find(({ name }) => name === dependency);
        return status === 503 && found?.state === 'failing' && body.verdict.includes(found.title);
      });
      const root = await fetch(url, { headers: { accept: 'text/plain' } });
      assert.equal(root.status, 503);
      assert.notEqual((await root.text()).trim(), 'OK');
      const metrics = await (await fetch(`${url}metrics`)).text();
      assert.equal(metric(metrics, 'hashpool_dependency_up', `dependency="${dependency}"`), 0);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await until(`${url} to be well after ${role}`, () => isWell(url));
  }
});

test('whatever is restarted, the sums are those of the mint', async (t) => {
  const appliance = await startAppliance(t);
  const { pool } = appliance.dashboards;
  const mined = async (shares: number) => {
    const from = appliance.figures().accepted;
    await appliance.until('shares', () => appliance.figures().accepted >= from + BigInt(shares), LIMIT_MS);
  };
  await mined(10);
  await appliance.kill('pool-stats');
  await mined(10);
  await appliance.kill('mint');
  await mined(10);
  // Nobody mines from here on, and what is on its way arrives.
  const translator = processOf(appliance, 'translator');
  process.kill(translator, 'SIGSTOP');
  try {
    await until('the sums to agree', async () => {
      const { shares, quotes, ledger, outbox, lost_events } = await stats(pool);
      assert.equal(lost_events.count, '0');
      return (
        ledger !== null &&
        BigInt(shares.accepted) >= 30n &&
        outbox?.depth === '0' &&
        shares.accepted === ledger.quotes &&
        quotes.created === ledger.quotes &&
        quotes.acknowledged === ledger.quotes &&
        quotes.ehash === ledger.ehash_total
      );
    });
  } finally {
    process.kill(translator, 'SIGCONT');
  }
});

test('a parameter that is out of range is named, and answers have tags', async (t) => {
  const appliance = await startAppliance(t, { without: ['miner'] });
  for (const url of Object.values(appliance.dashboards)) {
    for (const [query, field] of [
      ['hashrate?hours=0', 'hours'],
      ['hashrate?hours=1e9', 'hours'],
      ['miners?limit=501', 'limit'],
      ['miners?state=asleep', 'state'],
      ['miners?colour=red', 'colour'],
      ['events?page=x', 'page'],
      ['miners/nobody', 'id'],
    ] as const) {
      const response = await fetch(`${url}api/${query}`);
      assert.equal(response.status, 400, query);
      assert.equal(((await response.json()) as { field?: string }).field, field);
    }
    assert.equal((await fetch(`${url}api/miners/999`)).status, 404);
    assert.equal((await fetch(`${url}livez`)).status, 200);
    const first = await fetch(`${url}api/blocks`);
    const etag = first.headers.get('etag') ?? '';
    const again = await fetch(`${url}api/blocks`, { headers: { 'if-none-match': etag } });
    assert.equal(again.status, 304);
    const openApi = (await (await fetch(`${url}api/openapi.json`)).json()) as { paths: object };
    assert.ok('/api/stats' in openApi.paths);
  }
});
