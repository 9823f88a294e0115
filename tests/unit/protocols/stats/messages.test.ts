import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { StatsFrames } from '../../../../protocols/stats/frames.ts';
import {
  fieldText,
  STATS_FRAME_CAP,
  statsMessages,
  statsProtocol,
} from '../../../../protocols/stats/messages.ts';
import { writeFrameHeader } from '../../../../protocols/sv2/frame.ts';

const sums = (quotes: bigint, ehash: bigint) =>
  ({
    name: 'LedgerSums',
    at: 1n,
    quotes,
    ehash_total: ehash,
    ehash_waiting: 0n,
    ehash_issued: ehash,
  }) as const;

test('no message has a float', () => {
  for (const { fields } of Object.values(statsMessages.messages)) {
    for (const { spec } of Object.values(fields)) assert.doesNotMatch(spec, /F32/);
  }
});

test('sums of 128 bits survive the wire, however it cuts them', () => {
  const value = fc.bigInt({ min: 0n, max: (1n << 128n) - 1n });
  fc.assert(
    fc.property(value, fc.integer({ min: 1, max: 40 }), (ehash, cut) => {
      const message = sums(3n, ehash);
      const bytes = statsProtocol.encode(message);
      const frames = new StatsFrames();
      const read = [...frames.read(bytes.subarray(0, cut)), ...frames.read(bytes.subarray(cut))];
      assert.deepEqual(read, [message]);
    }),
  );
  assert.throws(() => statsProtocol.encode(sums(0n, 1n << 128n)), { code: 'sv2-out-of-range' });
});

test('a frame of another protocol, or one too large, is refused; an unknown message is not', () => {
  const header = (extension: number, type: number, length: number) => {
    const bytes = new Uint8Array(6 + Math.min(length, 10));
    writeFrameHeader(bytes, { extension, channel: false, type, length });
    return bytes;
  };
  assert.throws(() => [...new StatsFrames().read(header(0, 0x80, 0))], { code: 'stats-bad-frame' });
  assert.throws(() => [...new StatsFrames().read(header(0x4853, 0x80, STATS_FRAME_CAP + 1))], {
    code: 'sv2-frame-too-large',
  });
  assert.deepEqual([...new StatsFrames().read(header(0x4853, 0xff, 3))], []);
});

test('a text is cut to what a field holds, between characters', () => {
  assert.equal(fieldText('a'), 'a');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 400 }), (text) => {
      const cut = fieldText(text);
      assert.ok(Buffer.byteLength(cut) <= 252);
      assert.ok(!cut.endsWith('\uFFFD') || text.includes('\uFFFD'));
    }),
  );
});
