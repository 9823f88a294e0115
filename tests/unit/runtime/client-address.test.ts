import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { clientAddress } from '../../../runtime/client-address.ts';

test('an IPv4 address stands for itself, however it is written', () => {
  assert.equal(clientAddress('192.0.2.7'), '192.0.2.7');
  assert.equal(clientAddress('::ffff:192.0.2.7'), '192.0.2.7');
  assert.equal(clientAddress('::FFFF:192.0.2.7'), '192.0.2.7');
  assert.equal(clientAddress(undefined), 'unknown');
});

test('of an IPv6 address its network of 64 bits counts', () => {
  const network = '2001:db8:0:7::/64';
  for (const address of ['2001:db8:0:7::1', '2001:db8:0:7:1:2:3:4', '2001:db8:0:7::ffff:0:1']) {
    assert.equal(clientAddress(address), network, address);
  }
  assert.equal(clientAddress('2001:db8::7:0:0:0:1'), network);
  assert.notEqual(clientAddress('2001:db8:0:8::1'), network);
  for (const address of ['::1', '::ffff:10', '::ffff:1f:192.0.2.7']) {
    assert.equal(clientAddress(address), '0:0:0:0::/64', address);
  }
  assert.equal(clientAddress('fe80::1%eth0'), 'fe80:0:0:0::/64');
  assert.equal(clientAddress('2001:0DB8:1:2::'), '2001:db8:1:2::/64');
  fc.assert(
    fc.property(fc.ipV6(), (address) => {
      assert.match(clientAddress(address), /^([0-9a-f]{1,4}:){4}:\/64$|^\d+(\.\d+){3}$/, address);
    }),
  );
});
