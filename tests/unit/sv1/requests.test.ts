import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusals, Sv1Error, type Sv1Refusal } from '../../../protocols/sv1/errors.ts';
import {
  parseAuthorize,
  parseSubmit,
  parseSubscribe,
  parseSuggestDifficulty,
  parseSuggestTarget,
} from '../../../protocols/sv1/requests.ts';

function refusedWith(run: () => unknown, refusal: Sv1Refusal): void {
  assert.throws(run, (error: unknown) => error instanceof Sv1Error && error.refusal === refusal);
}

test('subscribe and authorize take what firmware sends', () => {
  const none = { userAgent: '', sessionId: undefined };
  assert.deepEqual(parseSubscribe(['cgminer/4.11', null, 'host', 1]), { ...none, userAgent: 'cgminer/4.11' });
  assert.deepEqual(parseSubscribe(['cgminer/4.11', '01ab']), {
    userAgent: 'cgminer/4.11',
    sessionId: '01ab',
  });
  for (const params of [[], [null], ['', '']]) assert.deepEqual(parseSubscribe(params), none);
  refusedWith(() => parseSubscribe([1]), refusals.badSubscribe);
  refusedWith(() => parseSubscribe(['x', 1]), refusals.badSubscribe);
  assert.deepEqual(parseAuthorize(['name.rig', 'd=1']), { username: 'name.rig', password: 'd=1' });
  assert.equal(parseAuthorize(['name', 12]).password, '');
  refusedWith(() => parseAuthorize([]), refusals.noUsername);
  refusedWith(() => parseAuthorize(['']), refusals.noUsername);
  refusedWith(() => parseAuthorize([7, 'x']), refusals.badAuthorize);
  refusedWith(() => parseAuthorize(['x'.repeat(256)]), refusals.badAuthorize);
});

test('a difficulty comes by suggestion, and so does a target', () => {
  assert.equal(parseSuggestDifficulty([0.5]), 0.5);
  assert.equal(parseSuggestDifficulty(['1024']), 1024);
  for (const wrong of [[], [0], [-1], ['x'], ['1.2.3'], [null], [[1]]]) {
    refusedWith(() => parseSuggestDifficulty(wrong), refusals.badSuggestDifficulty);
  }
  assert.equal(parseSuggestTarget([`00000000ffff${'0'.repeat(52)}`]), 0xffffn << 208n);
  for (const wrong of [[], [''], ['0'.repeat(64)], ['f'.repeat(63)], ['g'.repeat(64)], [1], [null]]) {
    refusedWith(() => parseSuggestTarget(wrong), refusals.badSuggestDifficulty);
  }
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
