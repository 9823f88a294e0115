import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { saidOfShares } from '../../../../commands/appliance/own-shares.ts';
import { readShares } from '../../../../commands/audit/check-shares.ts';
import { temporaryFolder } from '../../../harness/temporary-folder.ts';

const share = {
  quote: '00000000-0000-7000-8000-000000000000',
  request: 'ab'.repeat(32),
  unit: 'hash_7',
  amount: 1n << 60n,
  state: 'ISSUED',
  pubkey: `02${'01'.repeat(32)}`,
};

test('shares go into a new file for their owner alone, as the audit reads them', async () => {
  const file = join(temporaryFolder(), 'shares');
  const { words, json } = await saidOfShares([share], file);
  assert.equal(words, `1 shares of ${1n << 60n} ehash are in ${file}`);
  assert.deepEqual(json, { file, shares: 1, amount: 1n << 60n });
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const text = readFileSync(file, 'utf8');
  assert.deepEqual(readShares(text), [share]);
  await assert.rejects(saidOfShares([], file), { code: 'file-not-written', message: /EEXIST/ });
  assert.deepEqual(await saidOfShares([share], '-'), { words: text.trimEnd(), json: [share] });
});
