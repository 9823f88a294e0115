import { randomBytes } from 'node:crypto';
import { schema } from '../../roles/mint/store/schema.ts';
import { openPlace } from '../../runtime/sql/open.ts';

/**
 * Closes an epoch by a block that was never mined, so that its price can be fixed without a chain.
 * @param place of the mint's database
 * @param reward all that the block's coinbase pays, in sats
 */
export function closeEpoch(place: string, epoch: number, reward: bigint, gifts = 0n): void {
  const db = openPlace(place, schema);
  try {
    db.prepare(
      'UPDATE epochs SET closed_hash = ?, closed_height = opened_height + 1, reward = ?, gifts = ? WHERE epoch = ?',
    ).run(randomBytes(32), reward, gifts, epoch);
  } finally {
    db.close();
  }
}
