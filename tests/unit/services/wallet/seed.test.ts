import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OutputData } from '@cashu/cashu-ts';
import { HDKey } from '@scure/bip32';
import { mnemonicToSeedSync } from '@scure/bip39';
import { fromUtf8, toHex } from '../../../../protocols/bytes.ts';
import { loadCrypto } from '../../../../runtime/crypto.ts';
import { amountsOf, deriveOutputs } from '../../../../services/wallet/outputs.ts';
import { openSeed } from '../../../../services/wallet/seed.ts';

const { curve } = await loadCrypto();

/** NUT-13, tests/13-tests.md, "Version 2: Secret derivation". */
const MNEMONIC = 'half depart obvious quality work element tank gorilla view sugar picture humble';
const KEYSET = '015ba18a8adcd02e715a58358eb618da4a4b3791151a4bee5e968bb88406ccf76a';
const SECRETS = [
  'db5561a07a6e6490f8dadeef5be4e92f7cebaecf2f245356b5b2a4ec40687298',
  'b70e7b10683da3bf1cdf0411206f8180c463faa16014663f39f2529b2fda922e',
  '78a7ac32ccecc6b83311c6081b89d84bb4128f5a0d0c5e1af081f301c7a513f5',
  '094a2b6c63bfa7970bc09cda0e1cfc9cd3d7c619b8e98fabcfc60aea9e4963e5',
  '5e89fc5d30d0bf307ddf0a3ac34aa7a8ee3702169dafa3d3fe1d0cae70ecd5ef',
];

test('secrets are those of NUT-13, blinded messages those of cashu-ts', () => {
  const seed = openSeed(MNEMONIC, curve);
  const outputs = deriveOutputs({ seed, curve }, KEYSET, 0, [1n, 2n, 4n, 8n, 1n << 62n]);
  assert.deepEqual(
    outputs.map(({ secret }) => secret),
    SECRETS,
  );
  outputs.forEach((output, counter) => {
    const { blindedMessage, blindingFactor, secret } = OutputData.createSingleDeterministicData(
      output.message.amount,
      seed.bytes,
      counter,
      KEYSET,
    );
    assert.deepEqual(output.message, blindedMessage);
    assert.equal(BigInt(`0x${toHex(output.factor)}`), blindingFactor);
    assert.equal(output.secret, fromUtf8(secret));
  });
});

test('consecutive calls continue where the counters do', () => {
  const seed = openSeed(MNEMONIC, curve);
  const [third] = deriveOutputs({ seed, curve }, KEYSET, 2, [1n]);
  assert.equal(third?.secret, SECRETS[2]);
});

test("lock keys lie on the path that the docs name, m/129372'/17736'/index'", () => {
  const root = HDKey.fromMasterSeed(mnemonicToSeedSync(MNEMONIC));
  for (const index of [0, 1, 4095]) {
    const { secretKey, publicKey } = openSeed(MNEMONIC, curve).lockKey(index);
    const derived = root.derive(`m/129372'/17736'/${index}'`);
    assert.deepEqual(secretKey, derived.privateKey);
    assert.equal(publicKey, toHex(curve.publicKey(secretKey)));
  }
});

test('spaces and line ends around the words do not matter, a wrong word does', () => {
  assert.equal(
    openSeed(` ${MNEMONIC.replaceAll(' ', '\n')} \n`, curve).fingerprint,
    openSeed(MNEMONIC, curve).fingerprint,
  );
  for (const bad of ['', MNEMONIC.replace('half', 'halve'), MNEMONIC.split(' ').slice(1).join(' ')]) {
    assert.throws(() => openSeed(bad, curve), { code: 'bad-mnemonic' });
  }
});

test('a sum is split into its powers of two, the smallest first', () => {
  assert.deepEqual(amountsOf(0n), []);
  assert.deepEqual(amountsOf(13n), [1n, 4n, 8n]);
  assert.deepEqual(amountsOf(1n << 62n), [1n << 62n]);
  assert.throws(() => amountsOf(1n << 63n), { code: 'amount-too-large' });
});
