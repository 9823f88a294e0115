import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OwnJob } from '../../../../domain/job-declaration/own-job.ts';
import { Work } from '../../../../roles/jd-client/work.ts';
import type { WorkTaker } from '../../../../roles/jd-client/work-taker.ts';
import { createLog } from '../../../../runtime/logs.ts';
import type { NewTemplate, SetNewPrevHash } from '../../../../services/template-client/client.ts';

function template(template_id: bigint, future_template: boolean): NewTemplate {
  return {
    name: 'NewTemplate',
    template_id,
    future_template,
    version: 0x20000000,
    coinbase_tx_version: 2,
    coinbase_prefix: Uint8Array.of(1, 0x65),
    coinbase_tx_input_sequence: 0xffffffff,
    coinbase_tx_value_remaining: 5_000_000_000n,
    coinbase_tx_outputs_count: 0,
    coinbase_tx_outputs: new Uint8Array(0),
    coinbase_tx_locktime: 0,
    merkle_path: [],
  };
}

function prevHash(template_id: bigint, fill: number): SetNewPrevHash {
  return {
    name: 'SetNewPrevHash',
    template_id,
    prev_hash: new Uint8Array(32).fill(fill),
    header_timestamp: 1_700_000_000,
    nBits: 0x207fffff,
    target: new Uint8Array(32),
  };
}

/** Somebody to mine for, as the test says. */
function taker(name: string, prefix = 1) {
  const taken: OwnJob[] = [];
  const voided = new Set<number>();
  const offer = {
    outputs: [{ value: 0n, script: Uint8Array.of(0x51) }],
    extranoncePrefix: Uint8Array.of(prefix),
    rollableBytes: 12,
    exponent: 20,
    isLate: false,
  };
  const self = {
    name,
    offer,
    isBusy: false,
    taken,
    voided,
    isVoid: ({ number }: OwnJob) => voided.has(number),
    tipIs: () => undefined,
    take: (job: OwnJob) => void taken.push(job),
    submit: () => undefined,
    push: () => undefined,
  };
  return self satisfies WorkTaker;
}

function scene() {
  const told: string[] = [];
  let atTip = (): void => undefined;
  const work = new Work({
    signature: 'farm',
    versionMask: 0x1fffe000,
    log: createLog('work', 'silent'),
    onTip: () => atTip(),
  });
  work.serve({
    layOut: ({ fullBytes }) => told.push(`lay out ${fullBytes}`),
    setUseful: (useful) => told.push(`useful ${useful?.exponent}`),
    activate: ({ job }) => told.push(`activate ${job.templateId}`),
    add: ({ job }) => told.push(`add ${job.templateId}`),
    suspend: (reason) => told.push(`suspend ${reason}`),
    resume: () => undefined,
  });
  const tip = (id: bigint, fill: number): void => {
    work.takeTemplate(template(id, true));
    work.takePrevHash(prevHash(id, fill));
  };
  const onTip = (act: () => void): void => {
    atTip = act;
  };
  const take = () => told.splice(0).filter((line) => !/^(lay out|useful)/.test(line));
  return { work, told, take, tip, onTip };
}

test('a tip is a job at once; a better template waits for the consent to the one before', () => {
  const { work, take, tip, told } = scene();
  const pool = taker('pool');
  work.mineFor(pool);
  tip(1n, 1);
  assert.deepEqual(told.splice(0, 2), ['lay out 10', 'useful 20']);
  assert.deepEqual(take(), [`activate ${pool.taken[0]?.number}`]);
  pool.isBusy = true;
  work.takeTemplate(template(2n, false));
  assert.deepEqual(take(), []);
  pool.isBusy = false;
  work.look();
  assert.deepEqual(take(), [`add ${pool.taken[1]?.number}`]);
  pool.isBusy = true;
  tip(3n, 2);
  assert.deepEqual(take(), [`activate ${pool.taken[2]?.number}`]);
  work.look();
  assert.deepEqual(take(), [], 'one job each');
});

test('a prev hash may come before its template', () => {
  const { work, take } = scene();
  const pool = taker('pool');
  work.mineFor(pool);
  work.takePrevHash(prevHash(7n, 1));
  assert.deepEqual(take(), []);
  work.takeTemplate(template(7n, true));
  assert.deepEqual(take(), [`activate ${pool.taken[0]?.number}`]);
});

test('whoever is mined for next gets a job on the same tip, and shares go to whom their jobs are for', () => {
  const { work, take, tip } = scene();
  const [first, second] = [taker('first'), taker('second', 2)];
  work.mineFor(first);
  tip(1n, 1);
  take();
  first.isBusy = true;
  work.mineFor(second);
  assert.deepEqual(take(), [`add ${second.taken[0]?.number}`]);
  assert.equal(first.taken.length, 1);
});

test('another extranonce, target or output is another job; one that is void too', () => {
  const { work, take, tip } = scene();
  const pool = taker('pool');
  work.mineFor(pool);
  tip(1n, 1);
  take();
  const changes = [
    () => Object.assign(pool.offer, { extranoncePrefix: Uint8Array.of(9) }),
    () => Object.assign(pool.offer, { exponent: 21 }),
    () => Object.assign(pool.offer, { outputs: [{ value: 0n, script: Uint8Array.of(0x52) }] }),
    () => pool.voided.add(pool.taken.at(-1)?.number ?? 0),
  ];
  for (const change of changes) {
    pool.offer = { ...pool.offer };
    change();
    work.look();
    assert.deepEqual(take(), [`add ${pool.taken.at(-1)?.number}`]);
  }
});

test('what upstreams say to a tip makes no job of the tip before', () => {
  const { work, take, tip, onTip } = scene();
  const pool = taker('pool');
  work.mineFor(pool);
  tip(1n, 1);
  take();
  onTip(() => {
    pool.voided.add(pool.taken.at(-1)?.number ?? 0);
    work.look();
  });
  tip(2n, 2);
  assert.deepEqual(take(), [`activate ${pool.taken[1]?.number}`]);
  assert.equal(pool.taken.length, 2);
});

test('a signature that leaves no room costs a job and nothing else', () => {
  const { work, take, tip } = scene();
  const pool = taker('pool');
  pool.offer = { ...pool.offer, extranoncePrefix: new Uint8Array(80) };
  work.mineFor(pool);
  tip(1n, 1);
  assert.deepEqual(take(), []);
  assert(!work.hasWork);
});
