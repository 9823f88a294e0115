import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conditionsOf, MAX_SIGNATURE_CHECKS } from '../../../domain/ledger/conditions.ts';
import type { Input } from '../../../domain/ledger/tokens.ts';

const KEYS = Array.from({ length: 10 }, (_, i) => `02${String(i + 1).padStart(64, '0')}`);
const [KEY = ''] = KEYS;
/** The pair of NUT-14, Hash lock. */
const HASH = 'ec4916dd28fc4c10d78e287ca5d9cc51ee1ae73cbfde08c6b37324cbfaac8bc5';
const PREIMAGE = `${'00'.repeat(31)}01`;
const SIGNED = JSON.stringify({ signatures: ['ab'.repeat(64)] });
const NOW = 1000;
const none = { outputs: [] };
let nonce = 0;

function input(secret: string, witness?: string): Input {
  const signature = new Uint8Array(33).fill(2);
  return { keysetId: 'a', exponent: 0, secret, signature, ...(witness === undefined ? {} : { witness }) };
}

function lock(kind: string, data: string, ...tags: string[][]): string {
  return JSON.stringify([kind, { nonce: String(nonce++), data, tags }]);
}

function refuses(inputs: readonly Input[], message: RegExp, code = 'witness-invalid'): void {
  assert.throws(() => conditionsOf(inputs, none, NOW), { code, message });
}

test('plain proofs, and those of unknown kinds, ask for nothing, whatever their witness', () => {
  const inputs = [input('ab'.repeat(32)), input('x', SIGNED), input(lock('DLC', 'x'), '{')];
  assert.deepEqual(conditionsOf(inputs, none, NOW), { checks: [], isLocked: [false, false, false] });
});

test('each SIG_INPUTS lock asks for signatures over its own secret', () => {
  const inputs = [input('x'), input(lock('P2PK', KEY), SIGNED), input(lock('P2PK', KEY), SIGNED)];
  const { checks, isLocked } = conditionsOf(inputs, none, NOW);
  assert.deepEqual(isLocked, [false, true, true]);
  assert.deepEqual(
    checks.map(({ input }) => input),
    [1, 2],
  );
  assert.notDeepEqual(checks[0]?.message, checks[1]?.message);
  refuses([input('x'), input(lock('P2PK', KEY))], /inputs\[1\] is locked by P2PK, signatures not provided/);
  refuses(
    [input(lock('P2PK', 'nobody'), SIGNED)],
    /inputs\[0\]\.secret states a lock that nobody can open/,
    'proof-invalid',
  );
});

test("an expired lock without refund keys is anyone's, one with them is not", () => {
  assert.deepEqual(conditionsOf([input(lock('P2PK', KEY, ['locktime', '999']))], none, NOW).checks, []);
  assert.deepEqual(conditionsOf([input(lock('HTLC', HASH, ['locktime', '999']))], none, NOW).checks, []);
  refuses([input(lock('P2PK', KEY, ['locktime', '1000']))], /signatures not provided/);
  refuses([input(lock('P2PK', KEY, ['locktime', '999'], ['refund', KEY]))], /signatures not provided/);
});

test('an HTLC opens by its preimage, with the signatures that it asks for', () => {
  const known = (rest: object) => JSON.stringify({ preimage: PREIMAGE, ...rest });
  assert.deepEqual(conditionsOf([input(lock('HTLC', HASH), known({}))], none, NOW).checks, []);
  refuses([input(lock('HTLC', HASH), SIGNED)], /preimage is not that of its hash/);
  refuses([input(lock('HTLC', HASH, ['pubkeys', KEY]), known({}))], /signatures not provided/);
  const { checks } = conditionsOf(
    [input(lock('HTLC', HASH, ['pubkeys', KEY]), known(JSON.parse(SIGNED)))],
    none,
    NOW,
  );
  assert.equal(checks[0]?.paths[0]?.needed, 1);
  const refund = lock('HTLC', HASH, ['pubkeys', KEY], ['locktime', '1'], ['refund', ...KEYS.slice(1, 3)]);
  const [check] = conditionsOf([input(refund, SIGNED)], none, NOW).checks;
  assert.deepEqual(
    check?.paths.map(({ keys }) => keys.length),
    [2],
    'without the preimage only the refund path',
  );
});

test('SIG_ALL asks once, over the whole request, and of inputs that share one lock', () => {
  const all = (...tags: string[][]) => lock('P2PK', KEY, ['sigflag', 'SIG_ALL'], ...tags);
  const inputs = [input(all(), SIGNED), input(all()), input(all())];
  const { checks, isLocked } = conditionsOf(inputs, none, NOW);
  assert.deepEqual(
    checks.map(({ input }) => input),
    [0],
  );
  assert.deepEqual(isLocked, [true, true, true]);
  const output = { amount: 1n, blinded: new Uint8Array(33).fill(3) };
  const messages = [
    none,
    { outputs: [output] },
    { outputs: [output, output] },
    { outputs: [output], quote: 'q' },
  ].map((spending) => conditionsOf(inputs, spending, NOW).checks[0]?.message.toString());
  assert.equal(new Set(messages).size, messages.length);

  const others = [
    'x',
    lock('P2PK', KEY),
    all(['memo', 'm']),
    lock('P2PK', KEYS[1] ?? '', ['sigflag', 'SIG_ALL']),
  ];
  for (const other of others) {
    refuses([input(all(), SIGNED), input(other, SIGNED)], /inputs\[1\] is locked by other terms/);
    refuses([input(other, SIGNED), input(all(), SIGNED)], /where one is SIG_ALL/);
  }
  refuses([input(all()), input(all(), SIGNED)], /inputs\[0\] is locked by P2PK, signatures not provided/);
});

test('a request may make the mint try so many signatures and no more', () => {
  const costly = lock('P2PK', KEY, ['pubkeys', ...KEYS.slice(1)]);
  const witness = JSON.stringify({ signatures: Array.from({ length: 10 }, () => 'ab'.repeat(64)) });
  const inputs = Array.from({ length: MAX_SIGNATURE_CHECKS / 100 }, () => input(costly, witness));
  assert.equal(conditionsOf(inputs, none, NOW).checks.length, inputs.length);
  refuses(
    [...inputs, input(lock('P2PK', KEY), SIGNED)],
    /6001 signature checks; at most 6000/,
    'too-many-inputs',
  );
});
