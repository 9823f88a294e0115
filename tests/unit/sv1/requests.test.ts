import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusals, Sv1Error, type Sv1Refusal } from '../../../protocols/sv1/errors.ts';
import {
  difficultyInPassword,
  parseAuthorize,
  parseConfigure,
  parseSubmit,
  parseSubscribe,
  parseSuggestDifficulty,
} from '../../../protocols/sv1/requests.ts';

function refusedWith(run: () => unknown, refusal: Sv1Refusal): void {
  assert.throws(run, (error: unknown) => error instanceof Sv1Error && error.refusal === refusal);
}

test('configure: version rolling with its mask, the others by name, unknown ones kept to be answered', () => {
  const asked = parseConfigure([
    ['version-rolling', 'minimum-difficulty', 'subscribe-extranonce', 'info'],
    {
      'version-rolling.mask': '1fffe000',
      'version-rolling.min-bit-count': 2,
      'minimum-difficulty.value': 512,
    },
  ]);
  assert.deepEqual(asked, {
    versionRolling: { mask: 0x1fffe000, minBitCount: 2 },
    minimumDifficulty: 512,
    subscribeExtranonce: true,
    unknown: ['info'],
  });
  assert.equal(parseConfigure([['version-rolling']]).versionRolling?.mask, 0xffffffff);
  assert.equal(parseConfigure([[]]).versionRolling, undefined);
});

test('configure: wrong shapes are refused', () => {
  const wrong = [
    [],
    ['version-rolling'],
    [[1]],
    [['a', 'a']],
    [['version-rolling'], { 'version-rolling.mask': 'xyz' }],
    [['version-rolling'], { 'version-rolling.min-bit-count': '2' }],
    [['minimum-difficulty'], {}],
    [['minimum-difficulty'], { 'minimum-difficulty.value': -1 }],
    [[], []],
  ];
  for (const params of wrong) refusedWith(() => parseConfigure(params), refusals.badConfigure);
  refusedWith(() => parseConfigure({}), refusals.paramsNotArray);
});

test('subscribe and authorize take what firmware sends', () => {
  assert.equal(parseSubscribe(['cgminer/4.11', null, 'host', 1]).userAgent, 'cgminer/4.11');
  assert.equal(parseSubscribe([]).userAgent, '');
  assert.equal(parseSubscribe([null]).userAgent, '');
  refusedWith(() => parseSubscribe([1]), refusals.badSubscribe);
  assert.deepEqual(parseAuthorize(['name.rig', 'd=1']), { username: 'name.rig', password: 'd=1' });
  assert.equal(parseAuthorize(['name', 12]).password, '');
  refusedWith(() => parseAuthorize([]), refusals.noUsername);
  refusedWith(() => parseAuthorize(['']), refusals.noUsername);
  refusedWith(() => parseAuthorize([7, 'x']), refusals.badAuthorize);
  refusedWith(() => parseAuthorize(['x'.repeat(256)]), refusals.badAuthorize);
});

test('a difficulty comes by suggestion or in the password', () => {
  assert.equal(parseSuggestDifficulty([0.5]), 0.5);
  assert.equal(parseSuggestDifficulty(['1024']), 1024);
  for (const wrong of [[], [0], [-1], ['x'], ['1.2.3'], [null], [[1]]]) {
    refusedWith(() => parseSuggestDifficulty(wrong), refusals.badSuggestDifficulty);
  }
  assert.equal(difficultyInPassword('x,d=0.001'), 0.001);
  assert.equal(difficultyInPassword('d=1024'), 1024);
  assert.equal(difficultyInPassword('x'), undefined);
  assert.equal(difficultyInPassword('fd=12'), undefined);
  assert.equal(difficultyInPassword('d=1e9'), undefined);
});

test('submit: every field is read strictly and refused in the words that AxeOS explains', () => {
  const good: unknown[] = ['name', '1a', '00000001', '65000000', '0000002a', '00002000'];
  assert.deepEqual(parseSubmit(good, 4), {
    username: 'name',
    jobId: '1a',
    extranonce2: Uint8Array.of(0, 0, 0, 1),
    ntime: 0x65000000,
    nonce: 42,
    versionBits: 0x2000,
  });
  assert.equal(parseSubmit(good.slice(0, 5), 4).versionBits, undefined);
  assert.equal(parseSubmit(good.with(5, null), 4).versionBits, undefined);
  const wrong: [unknown, Sv1Refusal][] = [
    [{}, refusals.paramsNotArray],
    [good.slice(0, 4), refusals.arraySize],
    [[...good, ''], refusals.arraySize],
    [good.with(0, ''), refusals.noUsername],
    [good.with(0, 'x'.repeat(256)), refusals.badSubmit],
    [good.with(1, ''), refusals.noJobId],
    [good.with(1, '1'.repeat(33)), refusals.badSubmit],
    [good.with(2, ''), refusals.noExtranonce2],
    [good.with(2, '0000001'), refusals.extranonce2Length],
    [good.with(2, '0000000001'), refusals.extranonce2Length],
    [good.with(2, '0000000g'), refusals.extranonce2Length],
    [good.with(3, ''), refusals.noNtime],
    [good.with(3, '6500000'), refusals.badSubmit],
    [good.with(4, ''), refusals.noNonce],
    [good.with(4, '+000002a'), refusals.badSubmit],
    [good.with(5, '2000'), refusals.versionMask],
    [good.with(5, '0000200g'), refusals.versionMask],
  ];
  for (const [params, refusal] of wrong) refusedWith(() => parseSubmit(params, 4), refusal);
});
