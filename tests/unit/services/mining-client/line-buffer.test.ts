import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { toHex, utf8 } from '../../../../protocols/bytes.ts';
import { LineBuffer } from '../../../../services/mining-client/journal/line-buffer.ts';

test('what is put comes out as the same text, and what was taken does not come again', () => {
  const lines = new LineBuffer();
  const part = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.integer({ min: 0, max: 0xffffffff }),
    fc.constantFrom(0, 9, 10, 99, 100, 0x7fffffff, 0x80000000, 0xfffffffa, 0xffffffff),
    fc.uint8Array({ maxLength: 300 }),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 60 }), (parts) => {
      let text = '';
      for (const each of parts) {
        if (typeof each === 'string') {
          lines.text(each);
          text += each;
          lines.bytes(utf8(`${each},`));
          text += each;
          lines.byte(0x2c);
          text += ',,';
        } else if (typeof each === 'number') {
          lines.decimal(each);
          text += each;
        } else {
          lines.hex(each);
          text += toHex(each);
        }
      }
      assert.equal(lines.length, Buffer.byteLength(text));
      assert.equal(Buffer.from(lines.take()).toString(), text);
      assert.equal(lines.length, 0);
    }),
  );
});
