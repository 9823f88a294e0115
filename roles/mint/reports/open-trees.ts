import { openStore, type Store } from '../../../runtime/sql/store.ts';
import type { Signer } from '../signer/signer.ts';
import type { TreeOperations } from './tree-store.ts';

/**
 * Opens what reports read of the mint's database.
 * @param path a SQLite file's path or a PostgreSQL URL
 */
export async function openTrees(
  path: string,
  signer: Pick<Signer, 'saltSecret'>,
): Promise<Store<TreeOperations>> {
  const module = new URL('./tree-store.ts', import.meta.url);
  const data = { secret: await signer.saltSecret() };
  return openStore<TreeOperations>({ module, path, name: 'reports', data, readOnly: true });
}
