import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cashuError, cashuErrorRow, cashuErrors } from '../../../protocols/cashu/errors.ts';
import { HashpoolError } from '../../../protocols/errors.ts';
import spec from './vectors/error-codes.json' with { type: 'json' };

test('no two errors share a number, but for the two signatures that do not fit', () => {
  const names = Object.entries(cashuErrors);
  const numbers = names.filter(([name]) => name !== 'witness-invalid').map(([, { number }]) => number);
  assert.equal(new Set(numbers).size, numbers.length);
  assert.equal(cashuErrors['witness-invalid'].number, cashuErrors['signature-invalid'].number);
});

/** Clear and blind authentication (NUT-21, NUT-22), which this mint does not have. */
const FIRST_OF_AUTHENTICATION = 30_000;

test('the table of the NUTs (error_codes.md), line by line, and what is our own besides', () => {
  const rows = Object.entries(cashuErrors).filter(([name]) => name !== 'witness-invalid');
  const ofSpec = rows
    .map(([, { number, text }]) => ({ number, text }))
    .filter(({ number }) => number < 40_000);
  assert.deepEqual(
    ofSpec,
    spec.filter(({ number }) => number < FIRST_OF_AUTHENTICATION),
  );
  for (const [name, { number, status }] of rows) {
    if (number < 40_000) assert.equal(status, 400, name);
  }
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
