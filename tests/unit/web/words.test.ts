import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dependency, Health } from '../../../services/stats/api/schemas/health.ts';
import { failedReading, nothingRead, partOf, readingOf } from '../../../web/data/reading.ts';
import { bitcoin } from '../../../web/format/bitcoin.ts';
import { judge } from '../../../web/words/judgement.ts';
import { stateOfDependency } from '../../../web/words/states.ts';
import { isEhash, unitName } from '../../../web/words/units.ts';
import { lastHours, windowName } from '../../../web/words/windows.ts';

function part(name: string, state: Dependency['state'], matters: boolean): Dependency {
  return { name, title: name, state, matters, since: 0, why: '', remedy: '', latency_ms: null };
}

function health(...dependencies: Dependency[]): Health {
  return { as_of: 0, side: 'pool', ok: true, verdict: '', dependencies };
}

test('all is good only where all that matters is known to work', () => {
  const well = part('pool', 'ok', true);
  const cases: [Health, string, string, string[]][] = [
    [health(well), 'ok', 'All good', []],
    [health(well, part('clock', 'unknown', false)), 'ok', 'All good', []],
    [health(well, part('mint', 'unknown', true)), 'off', 'Not all is known yet', ['mint']],
    [health(well, part('backup', 'failing', false)), 'low', 'Working, with 1 thing to look at', ['backup']],
    [health(well, part('mint', 'failing', true)), 'bad', '1 problem', ['mint']],
    [
      health(part('a', 'failing', true), part('b', 'failing', false), part('c', 'failing', true)),
      'bad',
      '2 problems, and 1 thing to look at',
      ['a', 'b', 'c'],
    ],
  ];
  for (const [given, state, title, names] of cases) {
    const judgement = judge(given);
    assert.equal(judgement.state, state);
    assert.equal(judgement.title, title);
    assert.deepEqual(
      judgement.parts.map(({ name }) => name),
      names,
    );
  }
});

test('what fails and does not matter is a warning', () => {
  assert.equal(stateOfDependency(part('mint', 'failing', true)).state, 'bad');
  assert.equal(stateOfDependency(part('backup', 'failing', false)).state, 'low');
  assert.equal(stateOfDependency(part('clock', 'unknown', true)).state, 'off');
  assert.equal(stateOfDependency(part('pool', 'ok', true)).word, 'OK');
});

test('sums of satoshi are exact', () => {
  assert.equal(bitcoin('312500000'), '3.125 BTC');
  assert.equal(bitcoin('315823412'), '3.15823412 BTC');
  assert.equal(bitcoin(5_000_000_000n), '50 BTC');
  assert.equal(bitcoin(1), '0.00000001 BTC');
  assert.equal(bitcoin('-150000000'), '-1.5 BTC');
  assert.equal(bitcoin('2099999997690000'), '20,999,999.9769 BTC');
  assert.equal(bitcoin('none'), 'none');
});

test('units of ehash are told by their epoch', () => {
  const unit = `hash_02${'ab'.repeat(32)}_912345`;
  assert.equal(unitName(unit), 'ehash, epoch 912345');
  assert.equal(unitName('sat'), 'sat');
  assert.equal(unitName('hash_<b>_1'), 'hash_<b>_1');
  assert.deepEqual([isEhash(unit), isEhash('sat')], [true, false]);
});

test('windows have the names that people use', () => {
  assert.equal(lastHours(1), 'last 1 h');
  assert.equal(lastHours(24), 'last 24 h');
  assert.equal(lastHours(168), 'last 7 d');
  assert.equal(windowName(600), '10 min');
  assert.equal(windowName(86_400), '24 h');
});

test('a reading that could not be renewed keeps what it has and says why', () => {
  const first = readingOf({ as_of: 5, miners: 2 });
  assert.deepEqual(first, { data: { as_of: 5, miners: 2 }, at: 5, isOld: false });
  const failed = failedReading(first, 'away');
  assert.deepEqual(failed, { data: { as_of: 5, miners: 2 }, at: 5, trouble: 'away', isOld: true });
  assert.deepEqual(partOf(failed, ({ miners }) => miners).data, 2);
  assert.deepEqual(failedReading(nothingRead, 'away'), { trouble: 'away', isOld: true });
  assert.deepEqual(
    partOf(nothingRead, () => 1),
    { isOld: false },
  );
});
