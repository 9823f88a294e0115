import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isRecord, parseLine, type Sv1Message } from '../../../protocols/sv1/line.ts';

/** What the line says by JSON.parse alone, for lines that have an id that is a number; undefined for no JSON. */
function byJson(line: string): Pick<Sv1Message, 'kind'> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (!isRecord(value)) return undefined;
    const { id, method, params = [] } = value;
    return { kind: 'request', id, method, params } as Sv1Message;
  } catch {
    return undefined;
  }
}

function parsed(line: string): Sv1Message | undefined {
  try {
    return parseLine(line);
  } catch {
    return undefined;
  }
}

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.stringMatching(/^[0-9a-f]{8}$/),
  fc.constantFrom('', '"', '\\', 'a","b', ']}', '\u007f', '\ud800', ' '),
);
const id = fc.oneof(
  fc.nat().map(String),
  fc.constantFrom(
    '0',
    '007',
    '-1',
    '1.5',
    '1e3',
    '999999999999999',
    '9007199254740993',
    '12345678901234567890',
  ),
);
const gap = fc.constantFrom('', '', ' ', '  ', '\t');

/** A share as firmware writes it, with the parts in any order and number. */
const lines = fc
  .record({
    ids: fc.tuple(id, id),
    params: fc.array(text, { minLength: 4, maxLength: 7 }),
    gap,
    order: fc.constantFrom([0, 1, 2], [2, 0, 1], [0, 2, 1], [0, 1, 2, 3, 1], [2], [3, 1, 2]),
  })
  .map(({ ids, params, gap: space, order }) => {
    const parts = [
      `"id":${space}${ids[0]}`,
      `"method":${space}"mining.submit"`,
      `"params":${space}[${params.map((each) => JSON.stringify(each)).join(`,${space}`)}]`,
      `"id":${space}${ids[1]}`,
    ];
    return `{${order.map((part) => parts[part]).join(`,${space}`)}}`;
  });

test('a share is read as JSON.parse reads it, however it is written', () => {
  let read = 0;
  fc.assert(
    fc.property(lines, (line) => {
      const expected = byJson(line);
      const isShare = expected !== undefined && 'id' in expected && typeof expected.id === 'number';
      if (!isShare || !('method' in expected) || expected.method === undefined) return;
      read++;
      assert.deepEqual(parseLine(line), expected);
    }),
    { numRuns: 3000 },
  );
  assert.ok(read > 500, `${read} lines were shares`);
});

test('what is no JSON is no share, whatever one character of it is', () => {
  const usual =
    '{"id": 4, "method": "mining.submit", "params": ["u", "j", "00000000", "00000000", "00000000"]}';
  const edits = fc.record({
    at: fc.nat({ max: usual.length }),
    cut: fc.nat({ max: 3 }),
    put: fc.oneof(
      fc.constantFrom('"', '\\', ',', ' ', ']', '\n', '\u0001', '0'),
      fc.string({ maxLength: 3 }),
    ),
  });
  fc.assert(
    fc.property(edits, ({ at, cut, put }) => {
      const line = usual.slice(0, at) + put + usual.slice(at + cut);
      if (byJson(line) === undefined) assert.equal(parsed(line), undefined, line);
    }),
    { numRuns: 3000 },
  );
});

test('the lines of AxeOS and of cgminer are shares', () => {
  const params = ['hpub1x.rig', '1f', '0000002a', '6745abcd', 'deadbeef'];
  const list = params.map((each) => `"${each}"`).join(', ');
  const expected = { kind: 'request', id: 12, method: 'mining.submit', params };
  assert.deepEqual(parseLine(`{"id": 12, "method": "mining.submit", "params": [${list}]}`), expected);
  assert.deepEqual(parseLine(`{"params": [${list}], "id": 12, "method": "mining.submit"}`), expected);
  const rolled = { ...expected, params: [...params, '00002000'] };
  assert.deepEqual(
    parseLine(`{"params": [${list}, "00002000"], "id": 12, "method": "mining.submit"}`),
    rolled,
  );
});
