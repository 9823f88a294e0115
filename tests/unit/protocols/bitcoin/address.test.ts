import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Address, NETWORK, OutScript, TEST_NETWORK } from '@scure/btc-signer';
import fc from 'fast-check';
import { scriptFromAddress } from '../../../../protocols/bitcoin/address.ts';
import type { NetworkName } from '../../../../protocols/bitcoin/network.ts';
import { toHex } from '../../../../protocols/bytes.ts';

/** BIP350's valid addresses with their scripts. */
test('BIP350: segwit addresses of all versions', () => {
  const vectors: [string, string][] = [
    ['BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4', '0014751e76e8199196d454941c45d1b3a323f1433bd6'],
    [
      'tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7',
      '00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262',
    ],
    [
      'bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y',
      '5128751e76e8199196d454941c45d1b3a323f1433bd6751e76e8199196d454941c45d1b3a323f1433bd6',
    ],
    ['BC1SW50QGDZ25J', '6002751e'],
    ['bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs', '5210751e76e8199196d454941c45d1b3a323'],
    [
      'tb1qqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesrxh6hy',
      '0020000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433',
    ],
    [
      'tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c',
      '5120000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433',
    ],
    [
      'bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0',
      '512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798',
    ],
  ];
  for (const [address, script] of vectors) {
    const network = address.toLowerCase().startsWith('bc') ? 'mainnet' : 'testnet4';
    assert.equal(toHex(scriptFromAddress(address, network)), script, address);
  }
});

test('BIP350: invalid addresses', () => {
  const invalid = [
    'tc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq5zuyut',
    'bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd',
    'BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL',
    'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh',
    'bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4',
    'BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R',
    'bc1pw5dgrnzv',
    'bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav',
    'BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P',
    'bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf',
    'bc1gmk9yu',
    '',
    '1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3',
  ];
  for (const address of invalid) {
    assert.throws(() => scriptFromAddress(address, 'mainnet'), { code: 'bad-address' }, address);
  }
  for (const address of [
    'tb1z0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqglt7rf',
    'tb1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq24jc47',
    'tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq47Zagq',
    'tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vpggkg4j',
  ]) {
    assert.throws(() => scriptFromAddress(address, 'testnet4'), { code: 'bad-address' }, address);
  }
});

test('an address of another network says so', () => {
  const regtest = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080';
  assert.throws(() => scriptFromAddress(regtest, 'mainnet'), {
    code: 'wrong-network',
    message: /is not one of mainnet/,
  });
  assert.throws(() => scriptFromAddress('1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2', 'regtest'), {
    code: 'wrong-network',
  });
  assert.throws(() => scriptFromAddress('BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4', 'signet'), {
    code: 'wrong-network',
  });
  assert.equal(scriptFromAddress(regtest, 'regtest').length, 22);
});

test('addresses agree with @scure/btc-signer on all networks', () => {
  const networks = {
    mainnet: NETWORK,
    testnet4: TEST_NETWORK,
    signet: TEST_NETWORK,
    regtest: { ...TEST_NETWORK, bech32: 'bcrt' },
  };
  const hash = fc.uint8Array({ minLength: 20, maxLength: 20 });
  fc.assert(
    fc.property(
      hash,
      fc.constantFrom<NetworkName[]>('mainnet', 'testnet4', 'signet', 'regtest'),
      fc.constantFrom('pkh', 'sh', 'wpkh'),
      (bytes, network, type) => {
        const output = { type, hash: bytes } as const;
        const address = Address(networks[network]).encode(output);
        assert.equal(toHex(scriptFromAddress(address, network)), toHex(OutScript.encode(output)));
      },
    ),
  );
});
