import type { Database } from '../../../../runtime/sql/database.ts';
import { bigInteger } from '../../store/row.ts';
import type { Payout } from './payout-store.ts';

/** A payout that a transaction of the wallet was found to make. */
export interface Adoption {
  readonly payout: Payout;
  readonly txid: string;
  readonly vout: number;
  readonly hex: string;
  readonly fee: bigint;
  readonly inputs: readonly string[];
  readonly height: number;
}

/** What becomes of payouts that were made and forgotten; see forgotten.ts. */
export function adoptionOperations(db: Database) {
  const isKnown = db.prepare(
    'SELECT 1 FROM onchain_places JOIN onchain_versions USING (version) WHERE txid = ? AND vout = ?',
  );
  const versionOf = db.prepare('SELECT version, sending FROM onchain_versions WHERE txid = ?');
  versionOf.setReadBigInts(true);
  const addSending = db.prepare(
    "INSERT INTO onchain_sendings (state, blocks, height) VALUES ('OPEN', ?, ?) RETURNING sending",
  );
  addSending.setReadBigInts(true);
  const addVersion = db.prepare(`
    INSERT INTO onchain_versions (sending, number, txid, hex, rate, fee, is_sent) VALUES (?, 1, ?, ?, ?, ?, 1)
    RETURNING version, sending`);
  addVersion.setReadBigInts(true);
  const addInput = db.prepare(`
    INSERT INTO onchain_inputs (outpoint, sending, number) VALUES (?, ?, 1) ON CONFLICT (outpoint) DO NOTHING`);
  const isWaiting = db.prepare(
    'SELECT 1 FROM onchain_payouts WHERE payout = ? AND sending IS NULL AND failure IS NULL',
  );
  const assign = db.prepare('UPDATE onchain_payouts SET sending = ? WHERE payout = ?');
  const addPlace = db.prepare('INSERT INTO onchain_places (version, payout, vout) VALUES (?, ?, ?)');

  function newVersion({ payout, txid, hex, fee, inputs, height }: Adoption) {
    const sending = bigInteger(addSending.get(payout.blocks, height) ?? {}, 'sending');
    for (const coin of inputs) addInput.run(coin, sending);
    return addVersion.get(sending, txid, hex, payout.rate, fee) ?? {};
  }

  return {
    /** Outputs that no payout is known for, `txid:vout`. */
    unknownOutputs: (outpoints: readonly string[]): string[] =>
      outpoints.filter((outpoint) => {
        const [txid = '', vout] = outpoint.split(':');
        return !isKnown.get(txid, Number(vout));
      }),

    /** A payout is made by an output of a transaction that was sent. Preconditions: it waits, and no other has the output. */
    adoptPayout: (adoption: Adoption): void => {
      const { payout, txid, vout } = adoption;
      if (!isWaiting.get(payout.payout) || isKnown.get(txid, vout)) return;
      const row = versionOf.get(txid) ?? newVersion(adoption);
      assign.run(bigInteger(row, 'sending'), payout.payout);
      addPlace.run(bigInteger(row, 'version'), payout.payout, vout);
    },
  };
}
