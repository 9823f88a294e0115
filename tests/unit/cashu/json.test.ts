import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { jsonInteger, parseJson, stringifyJson } from '../../../protocols/cashu/json.ts';

test('integers beyond 2^53 come out as bigint, others as numbers', () => {
  assert.deepEqual(parseJson('{"a": 4611686018427387904, "b": [9007199254740993, -9007199254740993, 7]}'), {
    a: 1n << 62n,
    b: [9007199254740993n, -9007199254740993n, 7],
  });
  assert.equal(parseJson('9007199254740991'), 9007199254740991);
  assert.equal(
    parseJson('12345678901234567890123456789012345678901'),
    12345678901234567890123456789012345678901n,
  );
});

test('strings, fractions and exponents are not touched', () => {
  const hex = '0'.repeat(40);
  assert.deepEqual(
    parseJson(`{"id":"${hex}","x":1.1234567890123456789,"y":1e300,"big":[10000000000000000]}`),
    {
      id: hex,
      x: Number('1.1234567890123456789'),
      y: 1e300,
      big: [10000000000000000n],
    },
  );
});

test('what is no JSON is an error in words', () => {
  for (const text of ['', '{', '{"a":01}', 'undefined', '{"a":1234567890123456789012']) {
    assert.throws(() => parseJson(text), { code: 'bad-json', message: /not JSON/ });
  }
});

test('what is nested without end is refused before it is parsed', () => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
  assert.ok(parseJson(nested(64)));
  assert.ok(parseJson(JSON.stringify(Array.from({ length: 1000 }, () => ({ a: [] })))), 'many are not deep');
  assert.deepEqual(parseJson(JSON.stringify({ text: `${nested(100)}"\\` })), { text: `${nested(100)}"\\` });
  for (const text of [nested(65), nested(500_000), '['.repeat(1_000_000), `{"a":${'{"b":'.repeat(70)}`]) {
    assert.throws(() => parseJson(text), { code: 'bad-json', message: /nested deeper than 64 levels/ });
  }
});

test('so many values are let in as there may be', () => {
  assert.deepEqual(parseJson('[1,2,{"a":"1,2,3,4"}]', 3), [1, 2, { a: '1,2,3,4' }]);
  assert.throws(() => parseJson('[1,2,{"a":1,"b":2}]', 3), {
    code: 'bad-json',
    message: /more than 3 values/,
  });
});

test('a bigint is written as a plain number', () => {
  assert.equal(stringifyJson({ a: 1n << 62n, b: 5n, c: [-1n] }), '{"a":4611686018427387904,"b":5,"c":[-1]}');
  assert.equal(JSON.stringify([jsonInteger(2n ** 64n), jsonInteger(0n)]), '[18446744073709551616,0]');
});

test('what is written is read back the same, whatever the size', () => {
  const amounts = fc.array(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }));
  fc.assert(
    fc.property(amounts, fc.string(), (values, text) => {
      const read = parseJson(stringifyJson({ values, text }));
      const expected = values.map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value));
      assert.deepEqual(read, { values: expected, text });
    }),
  );
});
