import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { poolConfig } from '../../../../roles/pool/config.ts';
import { readDifficultyLimits } from '../../../../roles/pool/settings.ts';
import { loadConfig } from '../../../../runtime/config/load.ts';

const regtest = readFileSync(new URL('../../../../config/regtest/pool.config.toml', import.meta.url), 'utf8');

/** The limits that follow from the regtest config with these lines at its end. */
function limitsOf(t: TestContext, lines: string) {
  const folder = mkdtempSync(join(tmpdir(), 'hashpool-limits-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'pool.config.toml');
  writeFileSync(file, `${regtest}\n${lines}`);
  return readDifficultyLimits(loadConfig(poolConfig, file).difficulty_limits ?? []);
}

const table = (lines: string): string => `[[difficulty_limits]]\nuser_identity = "rig"\n${lines}\n`;

describe('difficulty_limits of pool.config.toml', () => {
  it('bound either side, or both', (t) => {
    const limits = limitsOf(t, table('minimum_bits = 40'));
    assert.deepEqual(limits.find('rig.1'), { userIdentity: 'rig', minimumBits: 40, maximumBits: undefined });
    assert.equal(limitsOf(t, '').find('rig.1'), undefined);
  });

  it('are refused in words where they contradict each other', (t) => {
    assert.throws(() => limitsOf(t, table('minimum_bits = 41\nmaximum_bits = 40')), {
      code: 'bad-config',
      message: /difficulty_limits\[0\].*minimum_bits 41 is above maximum_bits 40/,
    });
    assert.throws(() => limitsOf(t, table('minimum_bits = 40') + table('maximum_bits = 50')), {
      code: 'bad-config',
      message: /difficulty_limits\[1\].*rig has a table already/,
    });
    assert.throws(() => limitsOf(t, table('minimum_bits = 256')), { code: 'bad-config' });
  });
});
