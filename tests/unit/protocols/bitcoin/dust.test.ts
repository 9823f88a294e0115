import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scriptFromAddress } from '../../../../protocols/bitcoin/address.ts';
import { dustLimit, witnessVersion } from '../../../../protocols/bitcoin/dust.ts';

const addresses = [
  ['P2PKH', '1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2', 546n, undefined],
  ['P2SH', '3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy', 540n, undefined],
  ['P2WPKH', 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4', 294n, 0],
  ['P2WSH', 'bc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qccfmv3', 330n, 0],
  ['P2TR', 'bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0', 330n, 1],
] as const;

for (const [name, address, limit, version] of addresses) {
  test(`the least that ${name} takes is ${limit} sats, as bitcoind has it`, () => {
    const script = scriptFromAddress(address, 'mainnet');
    assert.equal(dustLimit(script), limit);
    assert.equal(witnessVersion(script), version);
  });
}

test('a script is a witness program by its first byte, its length and its only push', () => {
  assert.equal(witnessVersion(Uint8Array.of(0x60, 2, 1, 1)), 16);
  assert.equal(witnessVersion(Uint8Array.of(0x51, 1, 1)), undefined);
  assert.equal(witnessVersion(Uint8Array.of(0x61, 2, 1, 1)), undefined);
  assert.equal(witnessVersion(Uint8Array.of(0x51, 3, 1, 1)), undefined);
  assert.equal(witnessVersion(new Uint8Array(43).fill(0x51).fill(41, 1, 2)), undefined);
});
