import { existsSync } from 'node:fs';
import { schema as payoutSchema } from '../../roles/mint/payments/bitcoind/payout-schema.ts';
import { schema as mintSchema } from '../../roles/mint/store/schema.ts';
import { schema as outboxSchema } from '../../roles/pool/outbox/schema.ts';
import type { Schema } from '../../runtime/sql/database.ts';
import { isPostgres } from '../../runtime/sql/open.ts';
import { schema as statsSchema } from '../../services/stats/store/schema.ts';
import { walletSchema } from '../../services/wallet/schema.ts';
import { type BackupFile, DATABASES } from './manifest.ts';

/** A database that backups hold. */
export interface BackedUp {
  readonly name: BackupFile['name'];
  /** A file's path or a PostgreSQL URL. */
  readonly place: string;
}

/** Where the databases of one machine lie, those of roles that it does not run left out. */
export type Places = { readonly [N in BackupFile['name']]?: string };

export const schemas: Readonly<Record<BackupFile['name'], Schema>> = {
  mint: mintSchema,
  payouts: payoutSchema,
  outbox: outboxSchema,
  wallet: walletSchema,
  'pool-stats': statsSchema,
  'proxy-stats': statsSchema,
};

/** The databases that are there. What the mint keeps on PostgreSQL is one database. */
export function present(places: Places): BackedUp[] {
  return DATABASES.flatMap((name) => {
    const place = places[name];
    if (place === undefined || (!isPostgres(place) && !existsSync(place))) return [];
    return name === 'payouts' && isPostgres(place) ? [] : [{ name, place }];
  });
}

/** The file that a database has in a backup. */
export function fileNameOf({ name, place }: BackedUp): string {
  return isPostgres(place) ? `${name}.dump` : `${name}.sqlite`;
}
