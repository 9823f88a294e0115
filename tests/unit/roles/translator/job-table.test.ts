import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { refusals } from '../../../../protocols/sv1/errors.ts';
import {
  type Footing,
  JobTable,
  jobIdOf,
  MAX_JOBS,
  MAX_STALE_IDS,
} from '../../../../roles/translator/sv1-server/job-table.ts';
import type { ActiveJob } from '../../../../services/mining-client/active-job.ts';
import { plainJob, TestChannel } from './test-upstream.ts';

const STALE = { refusal: refusals.stale };
const NOT_FOUND = { refusal: refusals.jobNotFound };

const job = (jobId: number): ActiveJob => ({ work: { ...plainJob, jobId }, targetLe: plainJob.targetLe });

function footing(prefix: number): Footing {
  const bytes = Uint8Array.of(prefix);
  const [padding, extranonce2Size] = [new Uint8Array(0), 4];
  const channel = Object.create(TestChannel.prototype);
  return { channel, layout: { prefix: bytes, padding, extranonce1: bytes, extranonce2Size } };
}

test('a job that is told again is known by each id that it was told by, and by no other', () => {
  const [table, here, first] = [new JobTable(), footing(1), job(1)];
  assert.equal(table.again(), undefined);
  assert.equal(table.add(first, here, 5), undefined, 'it is told by its own id');
  assert.equal(table.again(), '5#1');
  assert.equal(table.again(), '5#2');
  for (const id of ['5', '5#1', '5#2']) assert.deepEqual(table.get(id), { job: first, footing: here });
  for (const id of ['5#3', '5#', '#1', '4', '']) assert.throws(() => table.get(id), NOT_FOUND);
});

test('a job that comes a second time has another id, and each goes to where its miner stood', () => {
  const [table, here, there, first] = [new JobTable(), footing(1), footing(2), job(1)];
  table.add(first, here, 5);
  table.add(job(2), here, 6);
  assert.equal(table.add(first, there, 5), '5.1');
  assert.equal(table.again(), '5.1#1');
  assert.equal(table.get('5').footing, here);
  assert.equal(table.get('5.1').footing, there);
  assert.equal(table.get('5.1#1').footing, there);
});

test('of too many jobs the oldest are stale, and of too many stale ones the oldest were never told', () => {
  const [table, here] = [new JobTable(), footing(1)];
  const last = 1 + MAX_JOBS + MAX_STALE_IDS;
  for (let number = 1; number <= last; number++) table.add(job(number), here, number);
  const id = (number: number) => jobIdOf(number);
  assert.equal(table.get(id(last)).job.work.jobId, last);
  assert.equal(table.get(id(last - MAX_JOBS + 1)).job.work.jobId, last - MAX_JOBS + 1);
  assert.throws(() => table.get(id(last - MAX_JOBS)), STALE);
  assert.throws(() => table.get(id(2)), STALE);
  assert.throws(() => table.get(id(1)), NOT_FOUND);
  table.clear();
  assert.throws(() => table.get(id(last)), STALE);
  assert.equal(table.again(), undefined);
  assert.equal(table.add(job(1), here, last), `${id(last)}.1`, 'an id that is stale is not given again');
});

test('whatever was told and wherever its miner stood, it is known for so many jobs', () => {
  const footings = [footing(1), footing(2), footing(3)];
  const step = fc.record({ stand: fc.nat(2), isRepeat: fc.boolean(), goesBack: fc.nat(9) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 5 * MAX_JOBS, size: 'max' }), (steps) => {
      const table = new JobTable();
      const told: { id: string; job: ActiveJob; footing: Footing }[] = [];
      let newest = 0;
      for (const { stand, isRepeat, goesBack } of steps) {
        const last = told.at(-1);
        const here = footings[stand];
        assert.ok(here);
        if (isRepeat && last) {
          told.push({ ...last, id: table.again() ?? '' });
          continue;
        }
        const number = goesBack > 0 ? ++newest : newest;
        const next = job(number);
        told.push({ id: table.add(next, here, number) ?? jobIdOf(number), job: next, footing: here });
      }
      assert.equal(new Set(told.map(({ id }) => id)).size, told.length);
      for (const { id, job, footing } of told.slice(-MAX_JOBS)) {
        const found = table.get(id);
        assert.ok(found.job === job && found.footing === footing);
      }
      for (const { id } of told.slice(0, -MAX_JOBS).slice(-MAX_STALE_IDS))
        assert.throws(() => table.get(id), STALE);
    }),
  );
});
