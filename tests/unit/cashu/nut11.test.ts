import assert from 'node:assert/strict';
import { test } from 'node:test';
import { schnorr } from '@noble/curves/secp256k1.js';
import fc from 'fast-check';
import { conditionsOf } from '../../../domain/ledger/conditions.ts';
import type { Input } from '../../../domain/ledger/tokens.ts';
import { fromHex, toHex, utf8 } from '../../../protocols/bytes.ts';
import { isOpened, lockOf, parseWitness, sigAllMessage } from '../../../protocols/cashu/nut11.ts';
import { isHashpoolError } from '../../../protocols/errors.ts';
import vectors from './vectors/nut11.json' with { type: 'json' };

/** Between the past and the future locktimes of the vectors. */
const NOW = 1_800_000_000;

const proof = { id: '00', C: `02${'ab'.repeat(32)}` };
const none = { outputs: [] };

interface Proof {
  readonly id: string;
  readonly secret: string;
  readonly C: string;
  readonly witness?: string;
}

function inputOf({ id, secret, C, witness }: Proof): Input {
  return { keysetId: id, exponent: 1, secret, signature: fromHex(C), ...(witness ? { witness } : {}) };
}

function isUnlocked(
  inputs: readonly Input[],
  spending: Parameters<typeof conditionsOf>[1],
  now = NOW,
): boolean {
  try {
    return conditionsOf(inputs, spending, now).checks.every((check) =>
      isOpened(check, (signature, message, key) => schnorr.verify(signature, message, key.subarray(1))),
    );
  } catch (error) {
    assert.ok(error instanceof Error && 'code' in error && error.code === 'witness-invalid', String(error));
    return false;
  }
}

for (const { source, isValid, inputs, outputs, quote, message, digest } of vectors) {
  test(`NUT-11: ${source}`, () => {
    const asked = outputs.map(({ amount, B_ }) => ({ amount: BigInt(amount), blinded: fromHex(B_) }));
    const spent = inputs.map(inputOf);
    const spending = { outputs: asked, ...(quote ? { quote } : {}) };
    if (message) assert.equal(sigAllMessage(spent, asked, quote), message);
    if (digest)
      assert.equal(toHex(conditionsOf(spent, spending, NOW).checks[0]?.message ?? utf8('')), digest);
    assert.equal(isUnlocked(spent, spending), isValid);
  });
}

const [A, B, C] = ['11', '22', '33'].map((byte) => `02${byte.repeat(32)}`) as [string, string, string];

function p2pk(...tags: string[][]): string {
  return JSON.stringify(['P2PK', { nonce: 'n', data: A, tags }]);
}

test('NUT-11: keys, counts, locktime and refund are read from the tags', () => {
  const lock = lockOf(
    p2pk(
      ['pubkeys', B.toUpperCase()],
      ['n_sigs', '2'],
      ['locktime', '100'],
      ['refund', A, C],
      ['n_sigs_refund', '2'],
      ['sigflag', 'SIG_ALL'],
      ['memo', 'any', 'thing'],
      ['memo'],
    ),
  );
  assert.deepEqual(lock?.main, { keys: [fromHex(A), fromHex(B)], needed: 2 });
  assert.deepEqual(lock?.refund, { keys: [fromHex(A), fromHex(C)], needed: 2 });
  assert.deepEqual([lock?.locktime, lock?.coversAll, lock?.hash], [100, true, undefined]);

  const plain = lockOf(JSON.stringify(['P2PK', { nonce: 'n', data: A }]));
  assert.deepEqual(plain?.main, { keys: [fromHex(A)], needed: 1 });
  assert.deepEqual([plain?.locktime, plain?.refund, plain?.coversAll], [undefined, undefined, false]);
  for (const locktime of [['locktime'], ['locktime', '-1'], ['locktime', '1e3'], ['locktime', 'soon']]) {
    assert.equal(lockOf(p2pk(locktime))?.locktime, undefined, 'no Unix time locks for ever');
  }
  assert.deepEqual(lockOf(p2pk(['pubkeys']))?.main.keys.length, 1);
});

test('NUT-11: what the NUT calls unspendable is refused', () => {
  const many = Array.from({ length: 17 }, (_, i) => `02${String(i).padStart(64, '0')}`);
  const cases: [RegExp, string][] = [
    [/tag n_sigs stands twice/, p2pk(['n_sigs', '1'], ['n_sigs', '1'])],
    [/tag sigflag stands twice/, p2pk(['sigflag', 'SIG_ALL'], ['sigflag', 'SIG_INPUTS'])],
    [/sigflag is neither/, p2pk(['sigflag', 'SIG_NONE'])],
    [/sigflag is neither/, p2pk(['sigflag'])],
    [/asks for 0 signatures/, p2pk(['n_sigs', '0'])],
    [/asks for 1\.5 signatures/, p2pk(['n_sigs', '1.5'])],
    [/asks for -1 signatures/, p2pk(['n_sigs', '-1'])],
    [/asks for undefined signatures/, p2pk(['n_sigs'])],
    [/asks for 2 signatures of 1 pubkeys/, p2pk(['n_sigs', '2'])],
    [/asks for 2 signatures of 1 refund/, p2pk(['refund', B], ['n_sigs_refund', '2'])],
    [/asks for 1 signatures of 0 refund/, p2pk(['n_sigs_refund', '1'])],
    [/refund tag names no key/, p2pk(['refund'])],
    [/pubkeys name a key twice/, p2pk(['pubkeys', `03${A.slice(2)}`])],
    [/refund name a key twice/, p2pk(['refund', C, C])],
    [/pubkeys is no compressed public key/, p2pk(['pubkeys', `04${B.slice(2)}`])],
    [/pubkeys is no compressed public key/, p2pk(['pubkeys', B.slice(2)])],
    [/pubkeys are more than 16 keys/, p2pk(['pubkeys', ...many.slice(1)])],
    [/refund are more than 16 keys/, p2pk(['refund', ...many])],
  ];
  for (const [message, secret] of cases) {
    assert.throws(() => lockOf(secret), { code: 'secret-malformed', message }, secret);
  }
});

test('NUT-11: a secret is a lock, a plain one, or refused for what is wrong with it', () => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom(A, B, '1', '2', 'SIG_ALL', 'pubkeys', 'refund', 'n_sigs', 'locktime'),
  );
  const tag = fc.oneof(fc.array(text, { maxLength: 4 }), fc.jsonValue());
  const content = fc.record(
    {
      nonce: text,
      data: fc.oneof(text, fc.jsonValue()),
      tags: fc.oneof(fc.array(tag, { maxLength: 4 }), fc.jsonValue()),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(
      fc.constantFrom('P2PK', 'HTLC'),
      content,
      fc.array(fc.jsonValue(), { maxLength: 1 }),
      (kind, data, more) => {
        const secret = JSON.stringify([kind, data, ...more]);
        try {
          const lock = lockOf(secret);
          assert.ok(lock && lock.main.needed <= lock.main.keys.length, 'known kinds are never plain');
        } catch (error) {
          assert.ok(isHashpoolError(error, 'secret-malformed'), `${secret}: ${error}`);
        }
      },
    ),
  );
});

test('NUT-11: signers are counted and not signatures, and paths do not mix', () => {
  const [one, two, three] = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte)) as Uint8Array[];
  const keys = [one, two, three].map((key) => `02${toHex(schnorr.getPublicKey(key ?? utf8('')))}`);
  const [first = '', second = '', third = ''] = keys;
  const spend = (secret: string, signers: readonly (Uint8Array | undefined)[], now = NOW): boolean => {
    const message = conditionsOf(
      [inputOf({ ...proof, secret, witness: JSON.stringify({ signatures: ['00'.repeat(64)] }) })],
      none,
      now,
    );
    const digest = message.checks[0]?.message ?? utf8('');
    const signatures = signers.map((key, i) =>
      toHex(schnorr.sign(digest, key ?? utf8(''), new Uint8Array(32).fill(i))),
    );
    return isUnlocked([inputOf({ ...proof, secret, witness: JSON.stringify({ signatures }) })], none, now);
  };
  const tags = [
    ['pubkeys', second],
    ['n_sigs', '2'],
    ['locktime', '100'],
    ['refund', second, third],
    ['n_sigs_refund', '2'],
  ];
  const secret = JSON.stringify(['P2PK', { nonce: 'n', data: first, tags }]);
  assert.equal(spend(secret, [one, two], 50), true);
  assert.equal(spend(secret, [one, one], 50), false, 'two signatures by one key');
  assert.equal(spend(secret, [three, two], 50), false, 'refund before the locktime');
  assert.equal(spend(secret, [three, two], 100), false, 'refund at the locktime');
  assert.equal(spend(secret, [three, two], 101), true);
  assert.equal(spend(secret, [one, three], 101), false, 'one signer of each path');
  assert.equal(spend(secret, [one, two], 101), true, 'the main path stays open');
});

test('NUT-11: only signatures and a preimage are read from a witness, as many as have a use', () => {
  const signature = 'ab'.repeat(64);
  const none = { signatures: [], preimage: undefined };
  for (const text of [
    undefined,
    '',
    'null',
    '1',
    '{',
    '[]',
    '{"signatures":"x"}',
    '{"signatures":[1,null,"ab"]}',
  ]) {
    assert.deepEqual(parseWitness(text), none, text);
  }
  assert.deepEqual(parseWitness(JSON.stringify({ signatures: [signature], preimage: 'p', other: 1 })), {
    signatures: [fromHex(signature)],
    preimage: 'p',
  });
  const many = JSON.stringify({ signatures: Array.from({ length: 100 }, () => signature) });
  assert.equal(parseWitness(many).signatures.length, 14);
});
