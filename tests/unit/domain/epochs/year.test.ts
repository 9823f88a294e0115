import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crowd, epochsOfYear, machine, miners, poolHashRate } from '../../../../scripts/epochs/world.ts';
import { errorOf, roundedOff, simulateYear } from '../../../../scripts/epochs/year.ts';
import { seeded } from '../../../../scripts/vardiff/simulation.ts';

const standing = { poolShare: 0.002, reorgs: 0.05 };
const base = { standing, others: [], feePpm: 10_000 };

test('a year pays 300 miners what their work was worth, within what chance does', () => {
  const random = seeded(1);
  const epochs = epochsOfYear(standing, random);
  assert.ok(epochs.length > 60 && epochs.length < 140, `${epochs.length} epochs`);
  const followed = miners(300, standing, random);
  const year = simulateYear({ ...base, policy: 'target', epochs, followed }, random);

  const errors = year.earned.map(errorOf);
  const meanSquare = errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length;
  assert.ok(Math.abs(meanSquare - 1) < 0.3, `errors are ${Math.sqrt(meanSquare)} of the expected`);
  assert.ok(Math.max(...errors.map(Math.abs)) < 4.5);
  // Half a per cent of a miner's year at the very most, for each of them.
  for (const each of year.earned) {
    assert.ok(Math.abs(Number(each.sats) / each.expectedSats - 1) < 0.005);
    assert.ok(
      roundedOff(each) >= 0 && roundedOff(each) < epochs.length,
      'less than a sat for each redemption',
    );
  }

  assert.equal(year.rewardSats, year.feeSats + year.paidSats + year.leftSats);
  assert.ok(year.leftSats >= 0n && year.leftSats < BigInt(300 * epochs.length), 'dust alone is left');
});

test('an easier difficulty earns nothing by target, and much by hash', () => {
  const random = seeded(2);
  const epochs = epochsOfYear(standing, random);
  const size = poolHashRate(standing) / 1_000;
  const easy = Array.from({ length: 40 }, () => machine(size, 8));
  const others = crowd(Array.from({ length: 960 }, () => machine(size)));
  const gain = (policy: 'target' | 'hash') => {
    const { earned } = simulateYear({ ...base, policy, epochs, followed: easy, others }, random);
    const paid = earned.reduce((sum, { sats }) => sum + Number(sats), 0);
    return paid / earned.reduce((sum, { expectedSats }) => sum + expectedSats, 0);
  };
  assert.ok(Math.abs(gain('target') - 1) < 0.002, `${gain('target')}`);
  assert.ok(gain('hash') > 1.15, `${gain('hash')}`);
});

test('by hash a year is luck', () => {
  const random = seeded(3);
  const epochs = epochsOfYear(standing, random);
  const followed = miners(300, standing, random);
  const { earned } = simulateYear({ ...base, policy: 'hash', epochs, followed }, random);
  const off = earned.filter(({ sats, expectedSats }) => Math.abs(Number(sats) / expectedSats - 1) > 0.1);
  assert.ok(off.length > 100, `${off.length} of 300 are off by more than a tenth`);
});
