import assert from 'node:assert/strict';
import { join } from 'node:path';
import { reversed, toHex } from '../../protocols/bytes.ts';
import { readOutbox } from '../../roles/pool/outbox/audit.ts';
import type { TestAppliance } from './appliance.ts';

/** Hashes of the shares in the pool's outbox, in display order. */
export function storedHashes({ state }: Pick<TestAppliance, 'state'>): string[] {
  const outbox = readOutbox(join(state.role('pool'), 'outbox.sqlite'));
  try {
    return [...outbox.shares()].map(({ hashLe }) => toHex(reversed(hashLe)));
  } finally {
    outbox.close();
  }
}

/**
 * Stops an appliance, and compares the books of pool, mint and wallet with each other and with what was answered.
 * @param accepted hashes of the shares that were answered true
 * @returns what the pool has stored
 */
export async function settle(
  appliance: TestAppliance,
  accepted: readonly string[],
): Promise<readonly string[]> {
  await appliance.collected(accepted.length);
  await appliance.stop();
  const outbox = storedHashes(appliance);
  const known = new Set(outbox);
  assert.equal(known.size, outbox.length, 'none twice');
  const lost = accepted.filter((hash) => !known.has(hash));
  assert.deepEqual(lost, [], 'what was answered true is stored');
  const audit = appliance.audit();
  assert.deepEqual(audit.disagreements, []);
  assert.equal(audit.outbox.rows, audit.quotes.rows);
  return outbox;
}
