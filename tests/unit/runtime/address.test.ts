import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostAndPort } from '../../../runtime/config/address.ts';

test('host and port of an address, IPv6 without its brackets', () => {
  assert.deepEqual(hostAndPort('127.0.0.1:8442'), { host: '127.0.0.1', port: 8442 });
  assert.deepEqual(hostAndPort('pool.example:34254'), { host: 'pool.example', port: 34254 });
  assert.deepEqual(hostAndPort('[::1]:80'), { host: '::1', port: 80 });
});
