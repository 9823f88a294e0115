import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { concatBytes, fromHex, toHex, utf8 } from '../../../protocols/bytes.ts';
import { decodeWorkerName, encodeWorkerName } from '../../../protocols/sv2/extensions/worker-names.ts';
import { decodeTlvs, encodeTlvs, MAX_TLVS, type Tlv } from '../../../protocols/sv2/tlv.ts';

const negotiated = new Set([0x0002, 0x4548]);
const worker: Tlv = { extension: 0x0002, field: 0x01, value: utf8('Worker_001') };
const key: Tlv = { extension: 0x4548, field: 0x01, value: new Uint8Array(33).fill(2) };

// SRI, parsers-sv2/src/tlv/codec.rs, and the specification's example in 3.4.3.
const sri = `0200010a00${toHex(worker.value)}`;
const spec = `000201000a${toHex(worker.value)}`;

test('written little-endian, read in either byte order', () => {
  assert.equal(toHex(encodeTlvs([worker])), sri);
  for (const bytes of [sri, spec]) assert.deepEqual(decodeTlvs(fromHex(bytes), negotiated), [worker]);
});

test('one byte order is decided on for the whole message', () => {
  const bigEndianKey = `4548010021${toHex(key.value)}`;
  assert.deepEqual(decodeTlvs(fromHex(spec + bigEndianKey), negotiated), [worker, key]);
  assert.deepEqual(decodeTlvs(encodeTlvs([worker, key]), negotiated), [worker, key]);
  assert.throws(() => decodeTlvs(fromHex(sri + bigEndianKey), negotiated), { code: 'sv2-bad-tlv' });
});

test('what comes out is what went in', () => {
  const tlv = fc.record(
    {
      extension: fc.constantFrom(0x0002, 0x4548),
      field: fc.integer({ min: 0, max: 255 }),
      value: fc.uint8Array({ maxLength: 300 }),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(tlv, { maxLength: MAX_TLVS }), (tlvs) => {
      assert.deepEqual(decodeTlvs(encodeTlvs(tlvs), negotiated), tlvs);
    }),
  );
});

test('what was not negotiated is left out, and nothing is read where nothing was negotiated', () => {
  const unknown: Tlv = { extension: 0x0003, field: 1, value: utf8('x') };
  assert.deepEqual(decodeTlvs(encodeTlvs([unknown, worker]), negotiated), [worker]);
  assert.deepEqual(decodeTlvs(encodeTlvs([unknown]), negotiated), []);
  assert.deepEqual(decodeTlvs(fromHex('ff'), new Set()), []);
  assert.deepEqual(decodeTlvs(new Uint8Array(0), negotiated), []);
});

test('bytes that are no TLVs are refused', () => {
  for (const bytes of ['02', '020001', `0200010b00${toHex(worker.value)}`, `${sri}00`, `${spec}0002`]) {
    assert.throws(() => decodeTlvs(fromHex(bytes), negotiated), { code: 'sv2-bad-tlv' }, bytes);
  }
  const many = Array.from({ length: MAX_TLVS + 1 }, () => ({ ...worker, value: new Uint8Array(0) }));
  assert.throws(() => decodeTlvs(encodeTlvs(many), negotiated), { code: 'sv2-bad-tlv' });
  assert.throws(() => encodeTlvs([{ ...worker, value: new Uint8Array(65536) }]), { code: 'sv2-bad-tlv' });
});

test('worker names: 32 bytes at most, cut between characters, refused when longer or not UTF-8', () => {
  assert.deepEqual(encodeWorkerName('Worker_001'), worker);
  assert.equal(decodeWorkerName([key, worker]), 'Worker_001');
  assert.equal(decodeWorkerName([key]), undefined);
  assert.equal(decodeWorkerName([encodeWorkerName('é'.repeat(20))]), 'é'.repeat(16));
  assert.equal(decodeWorkerName([encodeWorkerName(`x${'é'.repeat(20)}`)]), `x${'é'.repeat(15)}`);
  assert.equal(decodeWorkerName([{ ...worker, value: new Uint8Array(32).fill(0x61) }]), 'a'.repeat(32));
  for (const value of [new Uint8Array(33).fill(0x61), fromHex('ff')]) {
    assert.throws(() => decodeWorkerName([{ ...worker, value }]), { code: 'sv2-bad-tlv' });
  }
  assert.equal(decodeWorkerName([{ ...worker, value: concatBytes() }]), '');
});
