import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DeclarationActions, Declarations } from '../../../../domain/job-declaration/declarations.ts';

const TOKEN = Uint8Array.of(1);
const JOB_TOKEN = Uint8Array.of(2);
/** What a code that stands for the job itself is. */
const REFUSAL = 'invalid-coinbase-tx-outputs';

type Said = [keyof DeclarationActions, ...(number | string)[]];

/** Declarations with what they asked for, in order. */
function scene(isDeclared = true) {
  const said: Said[] = [];
  const all: Said[] = [];
  const note = (...step: Said): void => {
    said.push(step);
    all.push(step);
  };
  const declarations = new Declarations(isDeclared, {
    allocate: (requestId) => note('allocate', requestId),
    declare: (job, requestId) => note('declare', job, requestId),
    set: (job, requestId) => note('set', job, requestId),
    accepted: (job, poolJobId) => note('accepted', job, poolJobId),
    refused: (job, code) => note('refused', job, code),
    leave: (code) => note('leave', code),
    reconnect: (why) => note('reconnect', why),
  });
  const take = (): Said[] => said.splice(0);
  /** The request of the last step of that name. */
  const request = (name: 'allocate' | 'declare' | 'set'): number =>
    Number(all.findLast(([is]) => is === name)?.at(-1));
  return { declarations, take, request };
}

/** A job that waits for the answer to its declaration. */
function declaring(scene_ = scene()) {
  const { declarations, request, take } = scene_;
  declarations.linkUp(0);
  declarations.allocated(request('allocate'), TOKEN, 0);
  declarations.channelUp(0);
  declarations.tipIs('a', 0);
  declarations.add(1, 0);
  declarations.gathered(1, 0);
  const declared = request('declare');
  take();
  return { ...scene_, declared };
}

test('a job is declared, set and accepted, and the next token is there before it is needed', () => {
  const { declarations, take, declared, request } = declaring();
  assert(declarations.isBusy);
  declarations.declared(declared, JOB_TOKEN, 1);
  assert.deepEqual(
    take().map(([name]) => name),
    ['set'],
  );
  declarations.wasSet(declared + 1, 77);
  assert.deepEqual(take(), [['accepted', 1, 77]]);
  assert(!declarations.isBusy);
  declarations.add(2, 5);
  declarations.gathered(2, 5);
  assert.deepEqual(take(), [], 'the token was asked for and has not come');
  declarations.allocated(2, TOKEN, 6);
  assert.equal(request('declare') > 0, true);
});

test('without declarations the token goes to the pool at once', () => {
  const { declarations, take, request } = scene(false);
  declarations.linkUp(0);
  declarations.allocated(request('allocate'), TOKEN, 0);
  declarations.channelUp(0);
  declarations.tipIs('a', 0);
  take();
  declarations.add(1, 0);
  assert.deepEqual(
    take().map(([name]) => name),
    ['allocate', 'set'],
  );
});

test('what is about the tip is tried again for two minutes, and a refusal once', () => {
  for (const [code, leavesAfter] of [
    ['stale-chain-tip', 120_000],
    ['invalid-mining-job-token', 20_000],
    [REFUSAL, 500],
  ] as const) {
    const { declarations, take, request } = declaring();
    let last = 0;
    let leftAt: number | undefined;
    for (let now = 0; leftAt === undefined && now < 200_000; now += 250) {
      declarations.allocated(request('allocate'), TOKEN, now);
      declarations.tick(now);
      last = request('declare');
      declarations.notDeclared(last, code, now);
      const steps = take();
      if (steps.some(([name]) => name === 'leave')) leftAt = now;
    }
    assert(
      leftAt !== undefined && leftAt >= leavesAfter && leftAt < leavesAfter + 10_000,
      `${code}: ${leftAt}`,
    );
  }
});

test('a pool that is on another tip is asked again with the same token', () => {
  const { declarations, take, declared } = declaring();
  declarations.declared(declared, JOB_TOKEN, 0);
  take();
  declarations.wasNotSet(declared + 1, 'stale-chain-tip', 0);
  declarations.tick(500);
  assert.deepEqual(take(), []);
  declarations.tick(1000);
  assert.deepEqual(
    take().map(([name]) => name),
    ['set'],
  );
});

test('a job that is too early for the pool gives way to a later one, and nobody leaves for it soon', () => {
  const { declarations, take, declared } = declaring();
  declarations.declared(declared, JOB_TOKEN, 0);
  take();
  declarations.wasNotSet(declared + 1, 'invalid-min-ntime', 0);
  declarations.tick(1000);
  declarations.wasNotSet(declared + 2, 'invalid-min-ntime', 1100);
  assert.deepEqual(take().slice(1), [['refused', 1, 'invalid-min-ntime']]);
});

test('with its tip a job is forgotten that no share waits for, and no other', () => {
  for (const isWanted of [false, true]) {
    const { declarations, take, declared } = declaring();
    if (isWanted) declarations.want(1);
    declarations.tipIs('b', 1);
    assert.deepEqual(take(), isWanted ? [] : [['refused', 1, 'stale-share']]);
    declarations.notDeclared(declared, REFUSAL, 2);
    assert.deepEqual(
      take(),
      isWanted ? [['refused', 1, REFUSAL]] : [],
      'nobody leaves for a tip that is gone',
    );
  }
});

test('a cut costs a job nothing but time; a lost channel costs it all', () => {
  const { declarations, take, declared, request } = declaring();
  declarations.linkDown();
  declarations.linkUp(10);
  declarations.allocated(request('allocate'), TOKEN, 11);
  const again = request('declare');
  assert(again > declared);
  take();
  declarations.declared(again, JOB_TOKEN, 12);
  declarations.channelCut();
  take();
  declarations.channelUp(20);
  assert.deepEqual(
    take().map(([name]) => name),
    ['set'],
  );
  declarations.channelLost();
  assert.deepEqual(take(), [['refused', 1, 'stale-share']]);
});

test('whoever does not answer is asked again; a jd-server is connected to again', () => {
  const { declarations, take, declared, request } = declaring();
  declarations.allocated(request('allocate'), TOKEN, 0);
  declarations.tick(40_000);
  assert.deepEqual(take(), [['reconnect', 'it did not answer a declaration']]);
  declarations.linkDown();
  declarations.linkUp(40_100);
  declarations.allocated(request('allocate'), TOKEN, 40_200);
  take();
  declarations.declared(declared, JOB_TOKEN, 40_500);
  assert.deepEqual(
    take().map(([name]) => name),
    ['set'],
    'a late answer is as good',
  );
  declarations.tick(50_500);
  declarations.tick(53_200);
  assert.deepEqual(
    take().map(([name]) => name),
    ['set'],
  );
});

test('jobs that wait are bounded', () => {
  const { declarations, take } = scene();
  declarations.tipIs('a', 0);
  for (let number = 1; number <= 20; number++) declarations.add(number, 0);
  assert.equal(declarations.pending.length, 16);
  assert.deepEqual(
    take().map(([, job]) => job),
    [1, 2, 3, 4],
  );
});
