import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_LINE_BYTES } from '../../../protocols/sv1/line.ts';
import { LineReader } from '../../../protocols/sv1/line-reader.ts';

test('lines are put together out of any pieces', () => {
  const reader = new LineReader();
  const lines: string[] = [];
  const bytes = Buffer.from('{"a":1}\r\n\n\n{"ü":2}\n{"c":3');
  for (const byte of bytes) reader.read(Buffer.of(byte), (line) => lines.push(line));
  reader.read(Buffer.from('}\n{"d":4}\n'), (line) => lines.push(line));
  assert.deepEqual(lines, ['{"a":1}', '{"ü":2}', '{"c":3}', '{"d":4}']);
  assert.throws(() => reader.read(Buffer.alloc(MAX_LINE_BYTES + 1, 'x'), () => undefined), {
    code: 'sv1-line-too-long',
  });
});
