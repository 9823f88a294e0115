import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { decadeRow, page, scenarioRows } from '../../../../scripts/simulate-vardiff.ts';
import { SCENARIOS } from '../../../../scripts/vardiff/experiments.ts';
import { machineRows } from '../../../../scripts/vardiff/machines.ts';

const lines = readFileSync(page, 'utf8').split('\n');

/** Those that the simulation is quick at. */
const quick = SCENARIOS.filter(({ name }) =>
  ['fall by 100', 'start, 1,000 × too much claimed'].includes(name),
);

describe('docs/vardiff.md', () => {
  it('says what the simulation shows (else: node scripts/simulate-vardiff.ts --write)', () => {
    assert.equal(quick.length, 2);
    for (const row of quick.flatMap((scenario) => scenarioRows(scenario)))
      assert.ok(lines.includes(row), row);
    for (const hashRate of [1e6, 1e12, 1e18]) {
      const row = decadeRow(hashRate);
      assert.ok(lines.includes(row), row);
    }
    for (const row of machineRows()) assert.ok(lines.includes(row), row);
  });
});
