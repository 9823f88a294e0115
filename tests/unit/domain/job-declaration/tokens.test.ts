import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type CustomJob,
  customJobDigest,
  firstDifference,
} from '../../../../domain/job-declaration/custom-job.ts';
import { IssuedTokens, MAX_ISSUED_TOKENS } from '../../../../domain/job-declaration/issued-tokens.ts';
import { fromHex, toHex } from '../../../../protocols/bytes.ts';
import {
  decodeToken,
  encodeToken,
  identityHash,
  NO_JOB,
  type TokenTerms,
  tokenDigest,
} from '../../../../protocols/sv2/mining-job-token.ts';

const signature = new Uint8Array(64).fill(3);
const terms = (id: number, expiry = 1000): TokenTerms => ({
  id: new Uint8Array(16).fill(id),
  expiry,
  identity: identityHash('miner'),
  job: NO_JOB,
});

test('a token is what it was made of, 184 bytes', () => {
  const bytes = encodeToken(terms(5, 0xfedc_ba98), signature);
  assert.equal(bytes.length, 184);
  assert.equal(toHex(bytes.subarray(16, 20)), '98badcfe');
  const token = decodeToken(bytes);
  assert.deepEqual(token, {
    terms: terms(5, 0xfedc_ba98),
    digest: tokenDigest(terms(5, 0xfedc_ba98)),
    signature,
  });
  for (const length of [0, 4, 183, 185])
    assert.throws(() => decodeToken(new Uint8Array(length)), { code: 'invalid-mining-job-token' });
});

test('each field of the terms is signed', () => {
  const one = terms(1);
  const others = [
    { ...one, id: new Uint8Array(16).fill(2) },
    { ...one, expiry: 1001 },
    { ...one, identity: identityHash('miner2') },
    { ...one, job: new Uint8Array(68).fill(1) },
  ];
  assert.equal(new Set([one, ...others].map((each) => toHex(tokenDigest(each)))).size, 5);
});

test('a token is used once, by who was given it, in time', () => {
  const tokens = new IssuedTokens();
  tokens.add(terms(1));
  const bytes = encodeToken(terms(1), signature);
  const refused = { code: 'invalid-mining-job-token' };
  assert.throws(() => tokens.find(encodeToken(terms(2), signature), 0), refused);
  const declared = encodeToken({ ...terms(1), job: new Uint8Array(68).fill(1) }, signature);
  assert.throws(() => tokens.find(declared, 0), refused);
  const stranger = encodeToken({ ...terms(1), identity: identityHash('else') }, signature);
  assert.throws(() => tokens.find(stranger, 0), refused);
  assert.throws(() => tokens.find(bytes, 1000), /expired: ask for a new one/);
  assert.deepEqual(tokens.find(bytes, 999), terms(1));
  tokens.use(terms(1));
  assert.throws(() => tokens.find(bytes, 0), refused);
});

test('of tokens that are never used, only the newest are kept', () => {
  const tokens = new IssuedTokens();
  for (let id = 0; id <= MAX_ISSUED_TOKENS; id++) tokens.add(terms(id));
  assert.throws(() => tokens.find(encodeToken(terms(0), signature), 0));
  assert.deepEqual(tokens.find(encodeToken(terms(1), signature), 0), terms(1));
});

test('each field of a job is in its digest, which tells the first one that differs', () => {
  const job = {
    version: 1,
    prevHashLe: new Uint8Array(32),
    bits: 2,
    coinbaseVersion: 3,
    coinbasePrefix: fromHex('aa'),
    sequence: 4,
    outputs: fromHex('bb'),
    locktime: 5,
    merklePath: [new Uint8Array(32)],
  };
  const others: [Partial<CustomJob>, string][] = [
    [{ version: 9 }, 'invalid-version'],
    [{ prevHashLe: new Uint8Array(32).fill(1) }, 'stale-chain-tip'],
    [{ bits: 9 }, 'invalid-nbits'],
    [{ coinbaseVersion: 9 }, 'invalid-coinbase-tx-version'],
    [{ coinbasePrefix: fromHex('aabb'), outputs: fromHex('') }, 'invalid-coinbase-prefix'],
    [{ sequence: 9 }, 'invalid-coinbase-tx-input-n-sequence'],
    [{ outputs: fromHex('bc') }, 'invalid-coinbase-tx-outputs'],
    [{ locktime: 9 }, 'invalid-coinbase-tx-locktime'],
    [{ merklePath: [] }, 'invalid-merkle-path'],
    [{ merklePath: [new Uint8Array(32), new Uint8Array(32)] }, 'invalid-merkle-path'],
  ];
  const digest = customJobDigest(job);
  assert.equal(digest.length, 68);
  assert.equal(firstDifference(digest, customJobDigest({ ...job })), undefined);
  const hashes = others.map(([other, code]) => {
    const changed = customJobDigest({ ...job, ...other });
    assert.equal(firstDifference(digest, changed), code);
    return toHex(changed.subarray(0, 32));
  });
  assert.equal(new Set([toHex(digest.subarray(0, 32)), ...hashes]).size, others.length + 1);
});
