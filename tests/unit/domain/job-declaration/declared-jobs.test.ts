import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeclaredBlock } from '../../../../domain/job-declaration/declared-block.ts';
import {
  ADDRESS_SHARE,
  DeclaredJobs,
  type JobShelf,
  MAX_JOBS,
} from '../../../../domain/job-declaration/declared-jobs.ts';
import { ENTRY_BYTES } from '../../../../domain/job-declaration/known-transactions.ts';
import { HashpoolError } from '../../../../protocols/errors.ts';

const COINBASE_BYTES = 2 * (ENTRY_BYTES + 10);
const TRANSACTION_BYTES = ENTRY_BYTES + 1_000;
const JOB_BYTES = COINBASE_BYTES + TRANSACTION_BYTES;
/** Room of one address for two jobs that have nothing in common. */
const ROOM = ADDRESS_SHARE * 2 * JOB_BYTES;

const transaction = (): Uint8Array => new Uint8Array(1_000);
const job = (tip: number, transactions: readonly Uint8Array[] = [transaction()]): DeclaredBlock => ({
  coinbase: { prefix: new Uint8Array(10), suffix: new Uint8Array(10) },
  extranonceLength: 4,
  transactions,
  merklePath: [],
  prevHashLe: new Uint8Array(32).fill(tip),
  bits: 0x207fffff,
  height: tip,
  time: 1_800_000_000,
});
const isFull = (words: RegExp) => (error: unknown) =>
  error instanceof HashpoolError && error.code === 'too-many-declarations' && words.test(error.message);
const fill = (shelf: JobShelf): void => {
  for (let i = 0; i < 2; i++) shelf.keep(job(1));
};

test('a connection has its newest jobs, all on one tip', () => {
  const jobs = new DeclaredJobs(10 * ROOM);
  const shelf = jobs.open('a');
  const all = Array.from({ length: MAX_JOBS + 2 }, () => job(1));
  for (const each of all) shelf.keep(each);
  assert.deepEqual(shelf.jobs, all.reverse().slice(0, MAX_JOBS));
  assert.equal(jobs.bytes, MAX_JOBS * JOB_BYTES);
  const next = job(2);
  shelf.keep(next);
  assert.deepEqual(shelf.jobs, [next]);
  assert.equal(jobs.bytes, JOB_BYTES);
});

test('a transaction takes room once, as long as there is a job with it', () => {
  const jobs = new DeclaredJobs(ROOM);
  const common = transaction();
  const [first, second] = [jobs.open('a'), jobs.open('b')];
  first.keep(job(1, [common]));
  first.keep(job(1, [common]));
  second.keep(job(1, [common]));
  assert.equal(jobs.bytes, 3 * COINBASE_BYTES + TRANSACTION_BYTES);
  first.close();
  assert.equal(jobs.bytes, JOB_BYTES);
  second.close();
  assert.equal(jobs.bytes, 0);
});

test('all connections of one address have a share, and the next job has to wait', () => {
  const jobs = new DeclaredJobs(ROOM);
  const [first, second] = [jobs.open('a'), jobs.open('a')];
  const kept = [job(1), job(1)];
  for (const each of kept) first.keep(each);
  assert.throws(() => first.keep(job(1)), isFull(/one address/));
  assert.throws(() => second.keep(job(1)), isFull(/one address/));
  assert.deepEqual(first.jobs, [kept[1], kept[0]]);
  assert.deepEqual(second.jobs, []);
  assert.equal(jobs.bytes, 2 * JOB_BYTES);
  fill(jobs.open('b'));
  first.close();
  fill(second);
  assert.equal(jobs.bytes, 4 * JOB_BYTES);
});

test('where all room is taken, nobody loses a job of the tip, and those of others make room', () => {
  const jobs = new DeclaredJobs(ROOM);
  const shelves = Array.from({ length: ADDRESS_SHARE }, (_, i) => jobs.open(`address ${i}`));
  for (const shelf of shelves) fill(shelf);
  assert.equal(jobs.bytes, ROOM);
  const late = jobs.open('late');
  assert.throws(() => late.keep(job(1)), isFull(/all clients/));
  assert(shelves.every((shelf) => shelf.jobs.length === 2));

  const next = job(2);
  late.keep(next);
  assert.deepEqual(late.jobs, [next]);
  assert(shelves.every((shelf) => shelf.jobs.length === 0));
  assert.equal(jobs.bytes, JOB_BYTES);
});

test("an address that uses its share up makes room of its own jobs of other tips, and of nobody else's", () => {
  const jobs = new DeclaredJobs(ROOM);
  const [idle, busy, other] = [jobs.open('a'), jobs.open('a'), jobs.open('b')];
  fill(idle);
  fill(other);
  const next = job(2);
  busy.keep(next);
  assert.deepEqual(busy.jobs, [next]);
  assert.deepEqual(idle.jobs, []);
  assert.equal(other.jobs.length, 2);
});

test('a connection that has ended keeps nothing', () => {
  const jobs = new DeclaredJobs(ROOM);
  const shelf = jobs.open('a');
  shelf.close();
  shelf.keep(job(1));
  assert.deepEqual(shelf.jobs, []);
  assert.equal(jobs.bytes, 0);
});
