import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readExtensions, readUpstreams } from '../../../../roles/pool/settings.ts';

const read = (supported_extensions: number[], required_extensions: number[]) =>
  readExtensions({ supported_extensions, required_extensions });

test('extensions are those that the pool speaks, the required ones among the supported', () => {
  assert.deepEqual(read([2, 0x4548], [0x4548]), { supported: [2, 0x4548], required: [0x4548] });
  assert.deepEqual(read([], []), { supported: [], required: [] });
  assert.throws(() => read([2, 3], []), {
    code: 'bad-config',
    message: 'supported_extensions names 0x3; allowed here: 0x2, 0x4548',
  });
  assert.throws(() => read([2], [0x4548]), {
    message: 'required_extensions names 0x4548; allowed here: 0x2',
  });
  assert.throws(() => read([], [2]), { message: /required_extensions names 0x2; .*supported_extensions/ });
});

test('an upstream has its secrets by reference, and a plain password where it names none', () => {
  const secrets: Record<string, string> = { 'credential:word': 'hunter2', 'file:/ca.pem': 'PEM' };
  const read = (reference: string): string => {
    const value = secrets[reference];
    if (value === undefined) throw new Error(`${reference} is not there`);
    return value;
  };
  const plain = { address: 'pool.example', port: 3333, tls: false, user: 'me.rig' };
  const secret = { ...plain, tls: true, tls_ca: 'file:/ca.pem', password: 'credential:word' };
  assert.deepEqual(
    readUpstreams([plain, secret], 7, read).map(({ host, password, tlsCa, versionMask }) => [
      host,
      password,
      tlsCa,
      versionMask,
    ]),
    [
      ['pool.example', 'x', undefined, 7],
      ['pool.example', 'hunter2', 'PEM', 7],
    ],
  );
  assert.throws(() => readUpstreams([plain, { ...plain, password: 'credential:gone' }], 7, read), {
    code: 'bad-config',
    message: /^sv1_upstream\[1\]\.password can't be used: credential:gone is not there/,
  });
});
