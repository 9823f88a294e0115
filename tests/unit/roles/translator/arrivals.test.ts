import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Arrivals } from '../../../../roles/translator/sv1-server/arrivals.ts';

const rate = (perSecond: number) => ({ perSecond, burst: 10 * perSecond });

function admitted(arrivals: Arrivals, address: string) {
  const arrival = arrivals.admit(address);
  assert.ok(typeof arrival !== 'string', String(arrival));
  return arrival;
}

test('connections are counted together and by address, of IPv6 by network', () => {
  const arrivals = new Arrivals({ maxConnections: 3, maxConnectionsPerAddress: 2 }, () => 0);
  const first = admitted(arrivals, '10.0.0.1');
  admitted(arrivals, '::ffff:10.0.0.1');
  assert.equal(arrivals.admit('10.0.0.1'), '10.0.0.1 has its 2 connections already');
  admitted(arrivals, '2001:db8::1');
  assert.equal(arrivals.admit('10.0.0.2'), 'all 3 connections are taken');
  first.left();
  assert.equal(arrivals.count, 2);
  admitted(arrivals, '2001:db8::2');
  assert.match(String(arrivals.admit('2001:db8::3')), /taken/);
});

test('bytes are counted by connection and by address, and what was too much is forgiven with time', () => {
  let now = 0;
  const rates = { connection: rate(100), address: rate(250) };
  const limits = { maxConnections: 10, maxConnectionsPerAddress: 10, rates };
  const arrivals = new Arrivals(limits, () => now);
  const [a, b, c] = [1, 2, 3].map(() => admitted(arrivals, '10.0.0.1'));
  const other = admitted(arrivals, '10.0.0.2');
  assert.equal(a?.came(1000), undefined, 'ten seconds at once');
  assert.match(String(a?.came(1)), /it floods/);
  assert.equal(b?.came(1000), undefined);
  assert.match(String(c?.came(1000)), /too many bytes from 10\.0\.0\.1/);
  assert.equal(other.came(1000), undefined, 'another address has its own');
  now += 5000;
  assert.equal(a?.came(400), undefined);
});

test('without rates nothing is too much', () => {
  const arrivals = new Arrivals({ maxConnections: 1, maxConnectionsPerAddress: 1 }, () => 0);
  assert.equal(admitted(arrivals, '10.0.0.1').came(1e12), undefined);
});
