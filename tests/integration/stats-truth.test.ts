import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Health } from '../../services/stats/api/schemas/health.ts';
import { startAppliance } from '../harness/appliance.ts';
import { type HeldDown, holdDown, processOf } from '../harness/hold-down.ts';
import { PATIENCE_MS } from '../harness/patience.ts';
import { RunningClock } from '../harness/running-clock.ts';

const LOOK_MS = 100;
/** What is promised: who is gone is named within ten seconds, and well within ten seconds of its return. */
const PROMISED_MS = 10_000;

/** Who is ended, on which pages it is to be named, and by which names. */
const roles = [
  { role: 'pool', pool: ['pool'], proxy: ['upstream'] },
  { role: 'mint', pool: ['mint'], proxy: ['mint'] },
  { role: 'template-provider', pool: ['template-provider'], proxy: [] },
  { role: 'bitcoind', pool: ['chain'], proxy: [] },
  { role: 'translator', pool: [], proxy: ['translator'] },
] as const;

async function health(url: string): Promise<{ status: number; body: Health }> {
  const response = await fetch(`${url}health`);
  return { status: response.status, body: (await response.json()) as Health };
}

/** Waits for a state until the deadline; returns after how many milliseconds it was there. */
async function within(
  limitMs: number,
  what: string,
  state: () => Promise<string | undefined>,
): Promise<number> {
  using clock = new RunningClock();
  for (;;) {
    const missing = await state();
    const passed = Math.round(clock.ms);
    if (missing === undefined) return passed;
    if (passed > limitMs) assert.fail(`${what} took more than ${limitMs / 1000} s: ${missing}`);
    await delay(LOOK_MS);
  }
}

/** What is still said to be well of what is gone: health, its verdict, the metric; undefined where all name it. */
async function unnamed(url: string, names: readonly string[]): Promise<string | undefined> {
  const { status, body } = await health(url);
  const metrics = await (await fetch(`${url}metrics`)).text();
  for (const name of names) {
    const found = body.dependencies.find((each) => each.name === name);
    if (found?.state !== 'failing') return `${name} is ${found?.state}: ${found?.why}`;
    if (!body.verdict.includes(found.title)) return `the verdict says nothing of ${found.title}`;
    if (status !== 503) return `/health answers ${status}`;
    const metric = new RegExp(`^hashpool_dependency_up\\{[^}]*dependency="${name}"[^}]*\\} 0$`, 'm');
    if (!metric.test(metrics)) return `the metric of ${name} is not 0`;
  }
  return undefined;
}

async function unwell(url: string): Promise<string | undefined> {
  const { status, body } = await health(url);
  return status === 200 && body.ok ? undefined : body.verdict;
}

test('who is killed, or hangs, is named within ten seconds, and is well within ten seconds of its return', async (t) => {
  const appliance = await startAppliance(t);
  const { dashboards } = appliance;
  const allWell = async () => (await unwell(dashboards.pool)) ?? (await unwell(dashboards.proxy));
  // Starting all of it is no part of the promise.
  await within(PATIENCE_MS, 'the start', allWell);
  const ways: Record<string, (role: string) => Promise<HeldDown>> = {
    killed: (role) => holdDown(appliance, role),
    halted: async (role) => {
      const pid = processOf(appliance, role);
      process.kill(pid, 'SIGSTOP');
      return { release: async () => void process.kill(pid, 'SIGCONT') };
    },
  };
  for (const [way, down] of Object.entries(ways)) {
    for (const { role, ...named } of roles) {
      const held = await down(role);
      let namedMs = 0;
      try {
        const missing = async () =>
          (await unnamed(dashboards.pool, named.pool)) ?? (await unnamed(dashboards.proxy, named.proxy));
        namedMs = await within(PROMISED_MS, `naming ${role}, ${way},`, missing);
      } finally {
        await held.release();
      }
      const wellMs = await within(PROMISED_MS, `${role}'s return`, allWell);
      t.diagnostic(`${role} ${way}: named after ${namedMs} ms, well ${wellMs} ms after its return`);
    }
  }
});
