import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cashuError, cashuErrorRow, cashuErrors } from '../../../protocols/cashu/errors.ts';
import { HashpoolError } from '../../../protocols/errors.ts';

test('no two errors share a number, but for the two signatures that do not fit', () => {
  const names = Object.entries(cashuErrors);
  const numbers = names.filter(([name]) => name !== 'witness-invalid').map(([, { number }]) => number);
  assert.equal(new Set(numbers).size, numbers.length);
  assert.equal(cashuErrors['witness-invalid'].number, cashuErrors['signature-invalid'].number);
});

test('an error says the wording of the spec, then what is wrong', () => {
  const error = cashuError('proofs-spent', 'drop it');
  assert.equal(error.message, 'Proofs already spent: drop it');
  assert.deepEqual(cashuErrorRow(error), { number: 11001, text: 'Proofs already spent', status: 400 });
});

test('errors from elsewhere have no row', () => {
  for (const error of [
    new HashpoolError('bad-hex', ''),
    new HashpoolError('toString', ''),
    new Error('x'),
    undefined,
  ]) {
    assert.equal(cashuErrorRow(error), undefined);
  }
});
