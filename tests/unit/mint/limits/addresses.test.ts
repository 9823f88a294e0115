import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forwardedAddress } from '../../../../roles/mint/limits/addresses.ts';
import { AddressSet, isAddressOrNetwork } from '../../../../runtime/address-set.ts';

const trusted = new AddressSet(['127.0.0.1', '::1', '10.0.0.0/8', 'fd00::/16']);

test('a set holds addresses and networks of both families', () => {
  for (const address of ['127.0.0.1', '10.255.0.1', 'fd00::5', '::1'])
    assert.ok(trusted.has(address), address);
  for (const address of ['127.0.0.2', '11.0.0.1', 'fd01::5', '', 'x'])
    assert.ok(!trusted.has(address), address);
});

test('what may stand in a config', () => {
  for (const good of ['1.2.3.4', '::', '1.2.3.0/24', '::/0', 'fd00::/128'])
    assert.ok(isAddressOrNetwork(good), good);
  for (const bad of ['', 'host', '1.2.3', '1.2.3.4/33', '::/129', '1.2.3.4/', '1.2.3.4/8/8', '1.2.3.4/-1']) {
    assert.ok(!isAddressOrNetwork(bad), bad);
  }
});

test('a header is believed as far as trusted proxies wrote it', () => {
  const cases: [peer: string, forwarded: string | undefined, client: string][] = [
    ['5.5.5.5', '6.6.6.6', '5.5.5.5'],
    ['127.0.0.1', undefined, '127.0.0.1'],
    ['127.0.0.1', '6.6.6.6', '6.6.6.6'],
    ['::ffff:127.0.0.1', '6.6.6.6', '6.6.6.6'],
    ['127.0.0.1', '1.1.1.1, 6.6.6.6', '6.6.6.6'],
    ['127.0.0.1', '1.1.1.1, 6.6.6.6, 10.1.1.1', '6.6.6.6'],
    ['127.0.0.1', '2001:db8::7,10.1.1.1', '2001:db8::7'],
    ['127.0.0.1', '6.6.6.6, nonsense', '127.0.0.1'],
    ['127.0.0.1', '', '127.0.0.1'],
    ['127.0.0.1', `${'10.0.0.1,'.repeat(100)}10.0.0.2`, '10.0.0.1'],
    ['', '6.6.6.6', ''],
  ];
  for (const [peer, forwarded, client] of cases) {
    assert.equal(forwardedAddress(peer, forwarded, trusted), client, `${peer} ${forwarded}`);
  }
});
