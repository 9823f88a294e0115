import type { Database } from '../../../../runtime/sql/database.ts';
import { text } from '../../store/row.ts';

/** By what a wallet of bitcoind is known again. */
export function walletOperations(db: Database) {
  const address = db.prepare('SELECT address FROM onchain_wallets WHERE name = ?');
  const add = db.prepare(
    'INSERT INTO onchain_wallets (name, address) VALUES (?, ?) ON CONFLICT (name) DO NOTHING',
  );
  return {
    /** An address of the wallet of this name that was given out; undefined where none ever was. */
    walletAddress: (name: string): string | undefined => {
      const row = address.get(name);
      return row && text(row, 'address');
    },

    /** Remembers an address of a wallet; the first one holds. */
    rememberWallet: ({ name, address: given }: { name: string; address: string }): void => {
      add.run(name, given);
    },
  };
}
