import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unitNamed } from '../../../../services/wallet/send.ts';

const holding = (...sums: { unit: string; state: string; amount: bigint }[]) => ({
  proofs: { sums: () => sums },
});
const of = (unit: string, amount = 1n, state = 'unspent') => ({ unit, state, amount });

test('a unit is named by its end, and need not be where there is but one', () => {
  const wallet = holding(
    of('hash_02aa_905123', 8n),
    of('hash_02aa_905123', 4n, 'reserved'),
    of('hash_02aa_15123'),
    of('sat', 9n),
  );
  assert.equal(unitNamed(wallet, '905123'), 'hash_02aa_905123');
  assert.equal(unitNamed(wallet, 'sat'), 'sat');
  assert.equal(unitNamed(holding(of('sat'), of('hash_02aa_1', 5n, 'sent')), undefined), 'sat');
  assert.equal(unitNamed(wallet, 'usd'), 'usd', 'what the wallet has none of is refused where it is taken');
  for (const vague of [undefined, '5123'])
    assert.throws(() => unitNamed(wallet, vague), {
      code: 'unit-needed',
      message: /by --unit.*\n {2}hash_02aa_905123 \(12\)\n {2}hash_02aa_15123 \(1\)\n {2}sat \(9\)$/,
    });
  assert.throws(() => unitNamed(holding(), undefined), { code: 'not-enough' });
});
