import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Epochs } from '../../services/stats/api/schemas/epochs.ts';
import type { Stats } from '../../services/stats/api/schemas/stats.ts';
import { startAppliance } from '../harness/appliance.ts';
import { processOf } from '../harness/hold-down.ts';
import { PATIENCE_MS } from '../harness/patience.ts';

const LOOK_MS = 250;
/** A busy machine. */

async function stats(url: string): Promise<Stats> {
  return (await (await fetch(`${url}api/stats`)).json()) as Stats;
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await delay(LOOK_MS)) {
    if (await condition()) return;
  }
  assert.fail(`waited ${PATIENCE_MS / 1000} s for ${what}`);
}

/** So that shares are not waited for. */
const manyShares = (_: string, text: string) =>
  text.replace('shares_per_minute = 30', 'shares_per_minute = 600');

test('whatever is restarted, the sums are those of the mint', async (t) => {
  const appliance = await startAppliance(t, { edit: manyShares });
  const { pool } = appliance.dashboards;
  const mined = async (shares: number) => {
    const from = appliance.figures().accepted;
    await appliance.until('shares', () => appliance.figures().accepted >= from + BigInt(shares));
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

/** An epoch by what both the mint and the stats service say of it. */
type EpochLine = readonly [
  unit: string,
  closed: number | null,
  work: string,
  reward: string,
  redeemed: string,
];

/** All epochs of a page's pool as the mint answers. */
async function epochsAtMint(mintUrl: string, pool: string): Promise<EpochLine[]> {
  const answer = await fetch(`${mintUrl}/v1/ehash/epochs?pool=${pool}`);
  const { epochs } = (await answer.json()) as {
    epochs: {
      unit: string;
      closed_height: number | null;
      work: number;
      reward: number;
      redeemed: { sats: number };
    }[];
  };
  return epochs.map(({ unit, closed_height, work, reward, redeemed }) => {
    return [unit, closed_height, String(work), String(reward), String(redeemed.sats)];
  });
}

/** So that a block comes every few seconds, whatever else the machine does. */
const oftenBlocks = (file: string, text: string) =>
  file === 'template-provider.config.toml'
    ? text.replace('block_target_bits = 24', 'block_target_bits = 20')
    : text;

test('epochs are those of the mint, also after the mint was killed', async (t) => {
  const appliance = await startAppliance(t, { edit: oftenBlocks });
  const { pool } = appliance.dashboards;
  const read = async () => (await (await fetch(`${pool}api/epochs?limit=100`)).json()) as Epochs;
  const closed = async () => (await read()).epochs.filter(({ closed_height }) => closed_height !== null);
  await until('a closed epoch', async () => (await closed()).length > 0);
  await appliance.kill('mint');
  const translator = processOf(appliance, 'translator');
  process.kill(translator, 'SIGSTOP');
  try {
    await until('the epochs to agree', async () => {
      const { epochs, sats, tip } = await read();
      const [latest] = epochs;
      if (!latest || sats === null || tip !== Number(await appliance.rpc.call('getblockcount'))) return false;
      const told = epochs.map(({ unit, closed_height, work, reward_sat, redeemed_sat }): EpochLine => {
        return [unit, closed_height, work, reward_sat, redeemed_sat];
      });
      return isDeepStrictEqual(told, await epochsAtMint(appliance.mintUrl, latest.pool));
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
      ['epochs?limit=0', 'limit'],
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
