import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KnownTransactions } from '../../../../domain/job-declaration/known-transactions.ts';
import type { BlockTemplate } from '../../../../domain/templates/block-template.ts';
import { NodeView } from '../../../../roles/jd-server/node-view.ts';

const LONG_MS = 60_000;

const template = (height: number): BlockTemplate => ({
  version: 0x20000000,
  prevHashLe: new Uint8Array(32).fill(height),
  height,
  bits: 0x207fffff,
  currentTime: 100,
  minimumTime: 200,
  coinbaseValue: 0n,
  transactions: [],
  depends: [],
  witnessCommitment: undefined,
  weightLimit: 4_000_000,
  sigopLimit: 80_000,
  longPollId: undefined,
});

test('a job of the next height has the tip at once, an earlier one none', async () => {
  const view = new NodeView(new KnownTransactions(1));
  view.take(template(10));
  assert.equal((await view.tipFor(10, LONG_MS))?.time, 200);
  assert.equal(await view.tipFor(9, LONG_MS), undefined);
});

test('the end of a tip is told once, at once where it has come, and not to who no longer waits', async () => {
  const view = new NodeView(new KnownTransactions(1));
  view.take(template(10));
  const tip = await view.tipFor(10, LONG_MS);
  assert(tip);
  const told: string[] = [];
  view.whenLeft(tip, () => told.push('waiting'));
  const forget = view.whenLeft(tip, () => told.push('forgotten'));
  forget();
  view.take(template(10));
  assert.equal(told.join(), '');
  view.take(template(11));
  view.take(template(12));
  assert.equal(told.join(), 'waiting');
  view.whenLeft(tip, () => told.push('late'));
  assert.equal(told.join(), 'waiting,late');
});

test('a job that is ahead of the node waits for it, and no longer than it may', async () => {
  const view = new NodeView(new KnownTransactions(1));
  const early = view.tipFor(11, LONG_MS);
  const overtaken = view.tipFor(10, LONG_MS);
  view.take(template(11));
  assert.equal((await early)?.height, 11);
  assert.equal(await overtaken, undefined);
  assert.equal(await view.tipFor(12, 1), undefined);
});
