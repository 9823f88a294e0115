import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHashrate, parseMinerOptions } from '../../../../commands/appliance/miner-options.ts';
import { rate, reportLine, reportTable } from '../../../../commands/appliance/miner-report.ts';
import type { Results } from '../../../../roles/miner/report.ts';

test('without options one machine of our own mines at the translator of npm start', () => {
  const { profiles, ...options } = parseMinerOptions([]);
  assert.deepEqual(
    profiles.map(({ name }) => name),
    ['hashpool'],
  );
  assert.deepEqual(options, {
    pool: { host: '127.0.0.1', port: 34255 },
    user: 'regtest',
    password: undefined,
    miners: 1,
    hashrate: undefined,
    maxHashrate: undefined,
    threads: 1,
    difficulty: undefined,
    forMs: undefined,
    everyMs: 10_000,
    json: false,
    help: false,
  });
});

test('every option is read', () => {
  const line =
    '--pool stratum+tcp://[::1]:3333 --user me --password y --miners 1000 --profile bitaxe,s19 --hashrate 10GH --max-hashrate 500KH/s --threads 2 --difficulty 1e-4 --for 60s --every 5s --json';
  const { profiles, ...options } = parseMinerOptions(line.split(' '));
  assert.deepEqual(
    profiles.map(({ name }) => name),
    ['bitaxe', 's19'],
  );
  assert.deepEqual(options, {
    pool: { host: '::1', port: 3333 },
    user: 'me',
    password: 'y',
    miners: 1000,
    hashrate: 10e9,
    maxHashrate: 500e3,
    threads: 2,
    difficulty: 0.0001,
    forMs: 60_000,
    everyMs: 5_000,
    json: true,
    help: false,
  });
});

test('hash rates are read as people write them', () => {
  for (const [text, expected] of [
    ['20000', 20_000],
    ['7H', 7],
    ['1.5th/s', 1.5e12],
    ['2ph', 2e15],
  ] as const)
    assert.equal(parseHashrate('--hashrate', text), expected);
});

const mistakes: readonly [line: string, words: RegExp][] = [
  ['--pool localhost', /--pool localhost: HOST:PORT is wanted/],
  ['--pool :3333', /--pool :3333/],
  ['--pool a:99999', /--pool a:99999/],
  ['--miners 0', /--miners 0: a number is wanted, 1 to 10000/],
  ['--miners 10001', /1 to 10000/],
  ['--threads 100000', /--threads 100000/],
  ['--profile bitaxe,toaster', /--profile toaster: there are hashpool, bitaxe, s19/],
  ['--hashrate fast', /--hashrate fast: a hash rate is wanted, such as 500KH/],
  ['--hashrate 0.1', /--hashrate 0.1/],
  ['--max-hashrate 10XH', /--max-hashrate 10XH/],
  ['--difficulty 0', /--difficulty 0: a number above 0/],
  ['--difficulty .', /--difficulty \./],
  ['--every 5', /--every 5: a length of time/],
  ['mine', /mine is no option/],
];

for (const [line, words] of mistakes) {
  test(`\`${line}\` is refused with what is allowed`, () => {
    assert.throws(() => parseMinerOptions(line.split(' ')), { code: 'usage', message: words });
  });
}

const results: Results = {
  profile: 'bitaxe',
  machines: 5,
  mining: 4,
  sent: 12,
  accepted: 8,
  rejected: 3,
  stale: 2,
  unanswered: 1,
  dropped: 0,
  connections: 6,
  reconnects: 1,
  reconnectsAsked: 0,
  extranoncesSet: 0,
  unreachable: 7,
  claimedHashrate: 6e12,
  realHashrate: 1_500_000,
  creditedHashrate: 999,
  rejections: { 'Duplicate share (22)': 1, 'Stale (21)': 2 },
  endings: { 'the pool closed the connection': 1 },
  refusals: {},
};

test('the figures of a run in a line, and in a table with the reasons below', () => {
  const report = { seconds: 12.3, profiles: [results], total: { ...results, profile: 'total' } };
  assert.equal(
    reportLine(report),
    '12 s: 4 of 5 mining; 8 shares accepted, 3 rejected (2 stale), 1 unanswered; 1 reconnect; 1.50 MH/s made, 999 H/s credited',
  );
  const lines = reportTable(report).split('\n');
  assert.match(lines[0] ?? '', /^profile +machines +sent +accepted/);
  assert.match(lines[1] ?? '', /^bitaxe +5 +12 +8 +3 +2 +1 +0 +1 +6.00 TH\/s +1.50 MH\/s +999 H\/s$/);
  assert.deepEqual(lines.slice(2), [
    'rejected 2 times: Stale (21)',
    'rejected 1 time: Duplicate share (22)',
    'connection ended 1 time: the pool closed the connection',
    'could not connect 7 times',
  ]);
  const two = reportTable({ ...report, profiles: [results, results] }).split('\n');
  assert.match(two[3] ?? '', /^total/);
});

test('a rate has the unit that fits', () => {
  assert.deepEqual([0, 1, 999, 1000, 2.5e6, 1e21].map(rate), [
    '0 H/s',
    '1 H/s',
    '999 H/s',
    '1.00 kH/s',
    '2.50 MH/s',
    '1000.00 EH/s',
  ]);
});
