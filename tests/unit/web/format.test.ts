import assert from 'node:assert/strict';
import { test } from 'node:test';
import { counted, grouped, integer, percent, shortAmount } from '../../../web/format/amount.ts';
import { ago, duration, roughly } from '../../../web/format/duration.ts';
import { price } from '../../../web/format/price.ts';
import { asText, bytes, difficulty, hashrate } from '../../../web/format/quantity.ts';
import { clockTime, dateTime, machineTime, shortTime } from '../../../web/format/time.ts';
import { urParts } from '../../../web/format/ur.ts';
import { readUr } from '../../harness/read-ur.ts';

test('a price is in whole ehash where one is worth less than a satoshi, and never too high', () => {
  const cases: [string, string, string | undefined][] = [
    ['306250000', '123456789', '2.48 sat for 1 ehash'],
    ['5000000000', '20', '250 million sat for 1 ehash'],
    ['25000', '100', '250 sat for 1 ehash'],
    ['306250000', '1123456789012', '1 sat for 3,669 ehash'],
    ['100', '100', '1 sat for 1 ehash'],
    ['0', '100', undefined],
    ['100', '0', undefined],
  ];
  for (const [sats, work, words] of cases) assert.equal(price(sats, work), words);
});

test('a long text becomes the parts of an animated code', () => {
  // BCR-2024-001's multipart example: 256 bytes of its generator of the seed "Wolf", in fragments of at most 30 bytes.
  const message =
    '916ec65cf77cadf55cd7f9cda1a1030026ddd42e905b77adc36e4f2d3ccba44f7f04f2de44f42d84c374a0e149136f25b01852545961d55f' +
    '7f7a8cde6d0e2ec43f3b2dcb644a2209e8c9e34af5c4747984a5e873c9cf5f965e25ee29039fdf8ca74f1c769fc07eb7ebaec46e0695aea6' +
    'cbd60b3ec4bbff1b9ffe8a9e7240129377b9d3711ed38d412fbb4442256f1e6f595e0fc57fed451fb0a0101fb76b1fb1e1b88cfdfdaa9462' +
    '94a47de8fff173f021c0e6f65b05c0a494e50791270a0050a73ae69b6725505a2ec8a5791457c9876dd34aadd192a53aa0dc66b556c0c215' +
    'c7ceb8248b717c22951e65305b56a3706e3e86eb01c803bbf915d80edcd64d4d';
  const parts = urParts(Buffer.from(message, 'hex'), 30).map((part) => part.toLowerCase());
  assert.equal(parts.length, 9);
  assert.equal(
    parts[0],
    'ur:bytes/1-9/lpadascfadaxcywenbpljkhdcahkadaemejtswhhylkepmykhhtsytsnoyoyaxaedsuttydmmhhpktpmsrjtdkgslpgh',
  );
  assert.equal(
    parts[8],
    'ur:bytes/9-9/lpasascfadaxcywenbpljkhdcajskecpmdckihdyhphfotjojtfmlnwmadspaxrkytbztpbauotbgtgtaeaevtgavtny',
  );
  const token = `cashuB${'x'.repeat(2_000)}`;
  const animated = urParts(Buffer.from(token));
  assert.ok(animated.length > 1);
  assert.equal(readUr(animated.toReversed()), token);
});

test('a hashrate has three digits and the prefix that keeps it below 1,000', () => {
  const cases: [number | bigint, string][] = [
    [0, '0 H/s'],
    [1, '1 H/s'],
    [999, '999 H/s'],
    [999.6, '1 kH/s'],
    [1_000, '1 kH/s'],
    [1_234, '1.23 kH/s'],
    [499_872, '500 kH/s'],
    [999_499, '999 kH/s'],
    [999_500, '1 MH/s'],
    [12_345_678, '12.3 MH/s'],
    [1_210_000_000_000n, '1.21 TH/s'],
    [600_000_000_000_000_000_000n, '600 EH/s'],
    [2n ** 90n, '1,240 YH/s'],
  ];
  for (const [rate, text] of cases) assert.equal(asText(hashrate(rate)), text);
  assert.equal(hashrate(Number.NaN).value, '-');
  assert.equal(asText(bytes(1_500_000)), '1.5 MB');
  assert.equal(difficulty(4.656542373906925e-10), '0.000000000466');
  assert.equal(difficulty(127_600_000_000_000), '128 T');
});

test('sums are exact, however large', () => {
  assert.equal(grouped('28311552'), '28,311,552');
  assert.equal(grouped(-1234n), '-1,234');
  assert.equal(grouped(999), '999');
  assert.equal(grouped('9223372036854775807000'), '9,223,372,036,854,775,807,000');
  assert.equal(grouped('<b>1</b>'), '<b>1</b>');
  assert.equal(integer('12'), 12n);
  assert.equal(integer('1.5'), undefined);
  assert.equal(integer(''), undefined);
  assert.equal(integer(2 ** 60), undefined);
  assert.equal(integer(null), undefined);
});

test('a short sum never says more than there is', () => {
  const text = (value: string | bigint): string => asText(shortAmount(value)).trim();
  assert.equal(text('9999999'), '9,999,999');
  assert.equal(text('28311552'), '28.3 million');
  assert.equal(text('999999999'), '999 million');
  assert.equal(text('1000000000'), '1 billion');
  assert.equal(text('5153960755200'), '5.15 trillion');
  assert.equal(text(-12_050_000_000n), '-12 billion');
  assert.equal(text(2n ** 80n), '1,208,925 quintillion');
});

test('a percentage tells nothing from little and all from nearly all', () => {
  assert.equal(percent(0, 10), '0 %');
  assert.equal(percent(10, 10), '100 %');
  assert.equal(percent('1', '1000000'), '<0.01 %');
  assert.equal(percent(999_999n, 1_000_000n), '>99.99 %');
  assert.equal(percent(1, 3), '33.3 %');
  assert.equal(percent(1, 80), '1.25 %');
  assert.equal(percent(9_950, 10_000), '99.5 %');
  assert.equal(percent(3, 2), '150 %');
  assert.equal(percent(1, 0), '-');
});

test('counts agree with their nouns', () => {
  assert.equal(counted(1, 'miner'), '1 miner');
  assert.equal(counted('0', 'miner'), '0 miners');
  assert.equal(counted(1200n, 'entry', 'entries'), '1,200 entries');
});

test('durations have their two largest units', () => {
  const cases: [number, string][] = [
    [0, '0 s'],
    [-5, '0 s'],
    [45.9, '45 s'],
    [60, '1 min'],
    [200, '3 min 20 s'],
    [7_500, '2 h 5 min'],
    [3_600 * 76, '3 d 4 h'],
    [86_400 * 800, '2 y 69 d'],
    [Number.NaN, '-'],
  ];
  for (const [seconds, text] of cases) assert.equal(duration(seconds), text);
  assert.equal(ago(1), 'just now');
  assert.equal(ago(90), '1 min 30 s ago');
});

test('an expectation has one unit', () => {
  const cases: [number, string][] = [
    [0.2, 'about a second'],
    [50, 'about 50 seconds'],
    [89, 'about 89 seconds'],
    [100, 'about 2 minutes'],
    [3_600 * 40, 'about 2 days'],
    [86_400 * 365 * 1_234, 'about 1,233 years'],
    [1e30, 'over a million years'],
    [Number.POSITIVE_INFINITY, '-'],
  ];
  for (const [seconds, text] of cases) assert.equal(roughly(seconds), text);
});

test('times are those of the zone, and have a date where they are not of today', () => {
  const at = Date.UTC(2026, 10, 21, 13, 3, 9);
  assert.equal(clockTime(at, 'UTC'), '13:03:09');
  assert.equal(clockTime(Date.UTC(2026, 10, 21, 0, 0, 0), 'UTC'), '00:00:00');
  assert.equal(dateTime(at, 'Asia/Tokyo'), '2026-11-21 22:03:09');
  assert.equal(shortTime(at, at + 3_600_000, 'UTC'), '13:03:09');
  assert.equal(shortTime(at, at + 86_400_000, 'UTC'), '2026-11-21 13:03:09');
  assert.equal(machineTime(at), '2026-11-21T13:03:09.000Z');
});
