import { schema } from '../../roles/mint/store/schema.ts';
import { operations } from '../../roles/mint/store/store.ts';
import { openPlace } from '../../runtime/sql/open.ts';

/**
 * A pool's epochs in a mint's database, lowest first, as `height standing`, with `final` and the height that closes them.
 * @param place a SQLite file's path or a PostgreSQL URL
 */
export function epochRows(place: string, poolId: Uint8Array): string[] {
  const db = openPlace(place, schema, { readOnly: true });
  try {
    const rows = operations(db).epochsBefore({ poolId, height: 1_000_000, limit: 1_000 });
    return rows.reverse().map(({ openedHeight, standing, isFinal, closing }) => {
      return `${openedHeight} ${standing}${isFinal ? ' final' : ''}${closing ? ` closed ${closing.height}` : ''}`;
    });
  } finally {
    db.close();
  }
}
