import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job } from '../../../../services/stats/api/schemas/job.ts';
import { chainProbes } from '../../../../services/stats/health/probes/chain.ts';

const signal = new AbortController().signal;
const NODE = { blocks: 5, headers: 5, bestblockhash: 'b5', initialblockdownload: false, time: 1000 };

function scene() {
  const answers: Record<string, unknown> = { getblockchaininfo: NODE, getpeerinfo: [] };
  const rpc = { url: '', call: async (method: string) => answers[method], close: () => undefined };
  const state: { now: number; job: Job | undefined } = { now: 1_000_000, job: undefined };
  const board = {
    get job() {
      return state.job;
    },
  };
  const probes = chainProbes({ rpc, network: 'mainnet', board, clock: () => state.now });
  const look = async (name: string) => probes.find((probe) => probe.name === name)?.look(signal);
  return { answers, state, look };
}

const job = (prev_hash: string, height: number): Job => ({
  template_id: '1',
  received_at: 1_000_000,
  height,
  prev_hash,
  tip_since: 0,
  version: '20000000',
  nbits: '1d00ffff',
  difficulty: 1,
  value_sat: '0',
  subsidy_sat: '0',
  fees_sat: '0',
  merkle_depth: 0,
  jobs_sent_ms: null,
});

test('a node that syncs, or has had no block for long, fails', async () => {
  const { answers, state, look } = scene();
  assert.equal((await look('chain'))?.state, 'ok');
  answers['getblockchaininfo'] = { ...NODE, blocks: 4 };
  assert.match((await look('chain'))?.why ?? '', /syncing: at block 4 of 5/);
  answers['getblockchaininfo'] = NODE;
  state.now += 3 * 3_600_000;
  assert.match((await look('chain'))?.why ?? '', /block, 5, is 180 minutes old/);
});

test('work that is not on the tip fails once that lasts, whichever of the two is ahead', async () => {
  const { answers, state, look } = scene();
  assert.equal((await look('template'))?.state, 'unknown');
  await look('chain');
  state.job = job('b5', 6);
  assert.equal((await look('template'))?.state, 'ok');
  answers['getblockchaininfo'] = { ...NODE, blocks: 6, headers: 6, bestblockhash: 'b6' };
  state.now += 60_000;
  await look('chain');
  assert.equal((await look('template'))?.state, 'ok', 'the pool may know of it in a moment');
  state.now += 11_000;
  assert.match((await look('template'))?.why ?? '', /mines on block 5, the node is at 6, since 11 s/);
  state.job = job('b6', 7);
  assert.equal((await look('template'))?.state, 'ok');
});

test('the clock is compared with the median of the peers', async () => {
  const { answers, look } = scene();
  assert.equal((await look('clock'))?.state, 'unknown');
  answers['getpeerinfo'] = [{ timeoffset: 1 }, { timeoffset: 2 }, { timeoffset: 900 }];
  assert.equal((await look('clock'))?.state, 'ok');
  answers['getpeerinfo'] = [{ timeoffset: -100 }];
  assert.match((await look('clock'))?.why ?? '', /100 s ahead of/);
});
