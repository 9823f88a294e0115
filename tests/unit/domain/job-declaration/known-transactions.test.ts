import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ENTRY_BYTES, KnownTransactions } from '../../../../domain/job-declaration/known-transactions.ts';

const transaction = (id: number, bytes: number) => ({
  txidLe: new Uint8Array(32).fill(id),
  wtxidLe: new Uint8Array(32).fill(id),
  data: new Uint8Array(bytes),
});
/** Room for two transactions of 50 bytes. */
const ROOM = 2 * (ENTRY_BYTES + 50);
const id = (byte: number) => new Uint8Array(32).fill(byte);

test('transactions are found by wtxid, and those asked for longest ago make room', () => {
  const known = new KnownTransactions(ROOM);
  known.add(transaction(1, 40));
  known.add(transaction(2, 40));
  assert.equal(known.find(id(1))?.data.length, 40);
  known.add(transaction(3, 40));
  assert.equal(known.find(id(2)), undefined);
  assert(known.find(id(1)));
  assert(known.find(id(3)));
  assert.equal(known.bytes, 2 * (ENTRY_BYTES + 40));
});

test('the same one twice takes room once, and one larger than all is not kept', () => {
  const known = new KnownTransactions(ROOM);
  known.add(transaction(1, 60));
  known.add(transaction(1, 60));
  assert.equal(known.bytes, ENTRY_BYTES + 60);
  known.add(transaction(2, ROOM));
  assert.equal(known.bytes, 0);
  assert.equal(known.find(id(2)), undefined);
});
