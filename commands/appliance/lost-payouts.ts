import { toHex } from '../../protocols/bytes.ts';
import { askRelease, lostHolds, type ReleaseWish } from '../../roles/mint/store/payout-releases.ts';
import { inTransaction } from '../../runtime/sql/database.ts';
import { openMintDatabase } from './mint-database.ts';
import { toJsonLine } from './summary.ts';
import { formatTable } from './text-table.ts';

/** Lists what is held back since a loss, a line each. */
export function listLost({ state, json }: { readonly state: string; readonly json: boolean }): string {
  const db = openMintDatabase({ state }, { readOnly: true });
  try {
    const rows = lostHolds(db).map(({ number, publicKey, address, sats, heldSince, isAsked }) => ({
      number,
      sats,
      address: address ?? null,
      key: toHex(publicKey),
      since: new Date(heldSince).toISOString(),
      stands: isAsked ? 'the mint was asked to release it' : 'held back',
    }));
    if (json) return rows.map((row) => `${toJsonLine(row)}\n`).join('');
    if (rows.length === 0) return 'nothing is held back since a loss\n';
    const texts = rows.map((row) => {
      return { ...row, number: String(row.number), sats: String(row.sats), address: row.address ?? '' };
    });
    return `${formatTable(texts)}\n`;
  } finally {
    db.close();
  }
}

/** Asks the mint to release one of them. @throws HashpoolError 'bad-release' */
export function releaseLost({ state }: { readonly state: string }, wish: ReleaseWish): string {
  const db = openMintDatabase({ state }, { readOnly: false });
  try {
    const { paid } = inTransaction(db, () => askRelease(db, wish));
    const rest = paid === 0n ? 'all of it is' : `${paid} sats count as paid, the rest is`;
    return `${wish.number} will be released: ${rest} owed again within seconds of the mint\n`;
  } finally {
    db.close();
  }
}
