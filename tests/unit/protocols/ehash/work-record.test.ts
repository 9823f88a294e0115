import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  countWorkRecords,
  packWorkRecord,
  unpackWorkRecords,
  WORK_RECORD_BYTES,
} from '../../../../protocols/ehash/work-record.ts';

const record = fc.record(
  {
    header: fc.uint8Array({ minLength: 80, maxLength: 80 }),
    k: fc.integer({ min: 0, max: 255 }),
    key: fc.uint8Array({ minLength: 33, maxLength: 33 }),
  },
  { noNullPrototype: true },
);

describe('work records', () => {
  it('come back as they were packed', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 5 }), (records) => {
        const packed = new Uint8Array(records.length * WORK_RECORD_BYTES);
        records.forEach(({ header, k, key }, index) => {
          packWorkRecord(packed, index * WORK_RECORD_BYTES, header, k, key);
        });
        assert.deepEqual(unpackWorkRecords(packed), records);
      }),
    );
  });

  it('are laid out as header, exponent, key', () => {
    const packed = new Uint8Array(WORK_RECORD_BYTES);
    packWorkRecord(packed, 0, new Uint8Array(80).fill(1), 40, new Uint8Array(33).fill(2));
    assert.equal(packed.length, 114);
    assert.deepEqual([packed[0], packed[79], packed[80], packed[81], packed[113]], [1, 1, 40, 2, 2]);
  });

  it('are whole', () => {
    assert.equal(countWorkRecords(new Uint8Array(228)), 2);
    assert.throws(() => countWorkRecords(new Uint8Array(115)), { code: 'bad-work-records' });
  });
});
