import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfigure } from '../../../protocols/sv1/configure.ts';
import { refusals, Sv1Error } from '../../../protocols/sv1/errors.ts';

test('each extension is read by its own parameters, unknown ones are kept to be answered', () => {
  const asked = parseConfigure([
    ['version-rolling', 'minimum-difficulty', 'subscribe-extranonce', 'info', 'x'],
    {
      'version-rolling.mask': '1fffe000',
      'version-rolling.min-bit-count': 2,
      'minimum-difficulty.value': 512,
      'info.sw-version': '2.9.0',
      'info.hw-id': 7,
      'info.secret': 'y',
    },
  ]);
  assert.deepEqual(asked, {
    versionRolling: { value: { mask: 0x1fffe000, minBitCount: 2 } },
    minimumDifficulty: { value: 512 },
    subscribeExtranonce: true,
    info: { 'sw-version': '2.9.0' },
    unknown: ['x'],
  });
  assert.deepEqual(parseConfigure([['version-rolling']]).versionRolling, {
    value: { mask: 0xffffffff, minBitCount: 0 },
  });
  assert.deepEqual(
    parseConfigure([['minimum-difficulty'], { 'minimum-difficulty.value': 0 }]).minimumDifficulty,
    {
      value: 0,
    },
  );
  assert.deepEqual(parseConfigure([[]]), {
    versionRolling: undefined,
    minimumDifficulty: undefined,
    subscribeExtranonce: false,
    info: undefined,
    unknown: [],
  });
});

test('a wrong parameter is said of its extension, and the others stand', () => {
  const wrong: [Record<string, unknown>, RegExp][] = [
    [{ 'version-rolling.mask': 'xyz' }, /mask must be 8 hex digits/],
    [{ 'version-rolling.mask': 5 }, /mask must be 8 hex digits/],
    [{ 'version-rolling.min-bit-count': '2' }, /min-bit-count must be a number/],
    [{ 'version-rolling.min-bit-count': -1 }, /min-bit-count must be a number/],
    [{}, /minimum-difficulty.value must be a number/],
    [{ 'minimum-difficulty.value': -1 }, /minimum-difficulty.value must be a number/],
    [{ 'minimum-difficulty.value': '8' }, /minimum-difficulty.value must be a number/],
  ];
  for (const [parameters, words] of wrong) {
    const name =
      /version/.test(String(words)) || /mask|bit-count/.test(String(words))
        ? 'version-rolling'
        : 'minimum-difficulty';
    const asked = parseConfigure([[name, 'subscribe-extranonce'], parameters]);
    const said = name === 'version-rolling' ? asked.versionRolling : asked.minimumDifficulty;
    assert.ok(said !== undefined && 'wrong' in said);
    assert.match(said.wrong, words);
    assert.equal(asked.subscribeExtranonce, true);
  }
});

test('what is no list of names and no map is refused whole', () => {
  const wrong = [
    [],
    ['version-rolling'],
    [[1]],
    [['']],
    [['x'.repeat(65)]],
    [Array.from({ length: 17 }, (_, index) => `x${index}`)],
    [[], []],
    [[], 'x'],
  ];
  for (const params of wrong) {
    assert.throws(
      () => parseConfigure(params),
      (error: unknown) => error instanceof Sv1Error && error.refusal === refusals.badConfigure,
      JSON.stringify(params),
    );
  }
  assert.throws(
    () => parseConfigure({}),
    (error: unknown) => error instanceof Sv1Error && error.refusal === refusals.paramsNotArray,
  );
});
