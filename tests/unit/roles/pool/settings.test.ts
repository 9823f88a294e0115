import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readExtensions } from '../../../../roles/pool/settings.ts';

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
