import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scriptFromDescriptor } from '../../../../protocols/bitcoin/descriptor.ts';
import { descriptorChecksum } from '../../../../protocols/bitcoin/descriptor-checksum.ts';
import type { NetworkName } from '../../../../protocols/bitcoin/network.ts';
import { toHex } from '../../../../protocols/bytes.ts';
import { loadCrypto } from '../../../../runtime/crypto.ts';

const { curve } = await loadCrypto();
const KEY = '03a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd';
const UNCOMPRESSED =
  '04a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd5b8dec5235a0fa8722476c7709c02559e3aa73aa03918ba2d492eea75abea235';
const XPUB =
  'xpub69H7F5dQzmVd3vPuLKtcXJziMEQByuDidnX3YdwgtNsecY5HRGtAAQC5mXTt4dsv9RzyjgDjAQs9VGVV6ydYCHnprc9vvaA5YtqWyL6hyds';
const WIF = 'L4rK1yDtCWekvXuE6oXD9jCYfFNV2cWRpVuPLBcCU2z8TrisoyY1';

function script(descriptor: string, network: NetworkName = 'mainnet'): string {
  return toHex(scriptFromDescriptor(descriptor, network, curve));
}

test('BIP380 checksums', () => {
  assert.equal(descriptorChecksum('raw(deadbeef)'), '89f8spxm');
  assert.equal(script('raw(deadbeef)#89f8spxm'), 'deadbeef');
  assert.equal(script('raw(deadbeef)'), 'deadbeef');
  for (const wrong of [
    'raw(deadbeef)#',
    'raw(deadbeef)#89f8spxmx',
    'raw(deadbeef)#89f8spx',
    'raw(deedbeef)#89f8spxm',
    'raw(deedbeef)##9f8spxm',
  ]) {
    assert.throws(() => script(wrong), { code: 'bad-descriptor-checksum' }, wrong);
  }
  assert.throws(() => script('raw(Ü)#00000000'), { code: 'bad-descriptor' });
});

test('scripts of BIP381, 382, 385 and 386', () => {
  const vectors: [string, string][] = [
    [`pkh([deadbeef/1/2'/3/4']${KEY})`, '76a9149a1c78a507689f6f54b847ad1cef1e614ee23f1e88ac'],
    [`pkh([deadbeef/1/2h/3/4h]${KEY})`, '76a9149a1c78a507689f6f54b847ad1cef1e614ee23f1e88ac'],
    [`pkh([bd16bee5/2147483647h]${XPUB}/0)`, '76a914ebdc90806a9c4356c1c88e42216611e1cb4c1c1788ac'],
    [`wpkh(${KEY})`, '00149a1c78a507689f6f54b847ad1cef1e614ee23f1e'],
    [`sh(wpkh(${KEY}))`, 'a91484ab21b1b2fd065d4504ff693d832434b6108d7b87'],
    ['addr(3PUNyaW7M55oKWJ3kDukwk9bsKvryra15j)', 'a914eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee87'],
    [`tr(${KEY.slice(2)})`, '512077aab6e066f8a7419c5ab714c12c67d25007ed55a43cadcacb4d7a970a093f11'],
    [`tr(${KEY})`, '512077aab6e066f8a7419c5ab714c12c67d25007ed55a43cadcacb4d7a970a093f11'],
  ];
  for (const [descriptor, expected] of vectors) assert.equal(script(descriptor), expected, descriptor);
});

/** bip-0341/wallet-test-vectors.json: the key path without scripts; the others' addresses. */
test('BIP341 wallet vectors', () => {
  const internal = 'd6889cb081036e0faefa3a35157ad71086b123b2b144b649798b494c300a961d';
  const output = '512053a1f6e454df1aa2776a2814a721372d6258050de330b3c6d10ee8f4e0dda343';
  assert.equal(script(`tr(${internal})`), output);
  const addresses: [string, string][] = [
    ['bc1p2wsldez5mud2yam29q22wgfh9439spgduvct83k3pm50fcxa5dps59h4z5', output],
    [
      'bc1pz37fc4cn9ah8anwm4xqqhvxygjf9rjf2resrw8h8w4tmvcs0863sa2e586',
      '5120147c9c57132f6e7ecddba9800bb0c4449251c92a1e60371ee77557b6620f3ea3',
    ],
    [
      'bc1punvppl2stp38f7kwv2u2spltjuvuaayuqsthe34hd2dyy5w4g58qqfuag5',
      '5120e4d810fd50586274face62b8a807eb9719cef49c04177cc6b76a9a4251d5450e',
    ],
    [
      'bc1pwl3s54fzmk0cjnpl3w9af39je7pv5ldg504x5guk2hpecpg2kgsqaqstjq',
      '512077e30a5522dd9f894c3f8b8bd4c4b2cf82ca7da8a3ea6a239655c39c050ab220',
    ],
  ];
  for (const [address, expected] of addresses) assert.equal(script(`addr(${address})`), expected);
});

test('what is no supported descriptor says what is', () => {
  const wrong = [
    '',
    'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4',
    `pk(${KEY})`,
    `sh(pkh(${KEY}))`,
    `sh(sh(wpkh(${KEY})))`,
    `sh(raw(deadbeef))`,
    `wsh(pkh(${KEY}))`,
    `sh(${KEY})`,
    `tr(${KEY},pk(${KEY}))`,
    `combo(${KEY})`,
    'x'.repeat(2000),
  ];
  for (const descriptor of wrong)
    assert.throws(() => script(descriptor), { code: 'bad-descriptor' }, descriptor);
});

test('keys that are none, of the wrong form, or ranges', () => {
  const wrong = [
    `wpkh(${UNCOMPRESSED})`,
    `tr(${UNCOMPRESSED})`,
    `sh(wpkh(${UNCOMPRESSED}))`,
    `wpkh(${KEY.slice(2)})`,
    `wpkh(02${'ff'.repeat(32)})`,
    `tr(${'ff'.repeat(32)})`,
    `pkh(${UNCOMPRESSED})`,
    `pkh(pk(${KEY}))`,
    'pkh()',
    `pkh([deadbeef])`,
    `pkh([deadbeef/0h/0h/0h/*]${KEY})`,
    `pkh([deadbeef/0h/]${KEY})`,
    `pkh([deadbef/0h]${KEY})`,
    `pkh([deadbeeef/0h]${KEY})`,
    `pkh([deadbeef/0f]${KEY})`,
    `pkh([aaaaaaaa][aaaaaaaa]${XPUB}/0)`,
    `pkh(${XPUB}/*)`,
    `pkh(${XPUB}/0h)`,
    `pkh(${XPUB}/2147483648)`,
    `pkh(${XPUB}/1aa)`,
    `pkh(${XPUB.slice(0, -1)}t/0)`,
  ];
  for (const descriptor of wrong)
    assert.throws(() => script(descriptor), { code: 'bad-descriptor-key' }, descriptor);
});

test('a private key is refused and not repeated', () => {
  const xprv =
    'xprvA1RpRA33e1JQ7ifknakTFpgNXPmW2YvmhqLQYMmrj4xJXXWYpDPS3xz7iAxn8L39njGVyuoseXzU6rcxFLJ8HFsTjSyQbLYnMpCqE2VbFWc';
  for (const key of [WIF, xprv]) {
    for (const descriptor of [`wpkh(${key})`, `wpkh(${key}/0)`]) {
      assert.throws(
        () => script(descriptor),
        (error: Error) => error.message.includes('private') && !error.message.includes(key),
      );
    }
    assert.throws(
      () => script(key),
      (error: Error) => !error.message.includes(key),
    );
  }
});

test('a script in raw() must be hex', () => {
  assert.throws(() => script('raw(asdf)'), { code: 'bad-hex' });
});

test('an extended key of another network', () => {
  assert.throws(() => script(`wpkh(${XPUB}/0)`, 'regtest'), {
    code: 'wrong-network',
    message: /not one of regtest/,
  });
});
