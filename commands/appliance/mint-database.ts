import { HashpoolError } from '../../protocols/errors.ts';
import { schema } from '../../roles/mint/store/schema.ts';
import type { Database } from '../../runtime/sql/database.ts';
import { openPlace } from '../../runtime/sql/open.ts';
import { existingState } from '../../services/supervisor/state-folder.ts';
import { databasePaths, isThere } from './databases.ts';

/** Opens the mint's database that `--database` names, or else that of the appliance. @throws HashpoolError 'no-database' */
export function openMintDatabase(
  { state, database }: { readonly state: string; readonly database?: string | undefined },
  options: { readonly readOnly: boolean },
): Database {
  const place = database ?? databasePaths(existingState(state)).mint;
  if (isThere(place)) return openPlace(place, schema, options);
  throw new HashpoolError('no-database', `${place} is not there: has this mint ever run?`);
}
