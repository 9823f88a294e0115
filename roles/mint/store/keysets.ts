import type { Database } from '../../../runtime/sql/database.ts';
import { findAmong } from '../../../runtime/sql/together.ts';
import { blob, integer, type Row, text } from './row.ts';

/** A keyset as it is stored. */
export interface KeysetRow {
  readonly keyset: number;
  /** 66 hex digits. */
  readonly id: string;
  readonly unit: string;
  /** Counts the keysets of a unit, from 0. */
  readonly derivationIndex: number;
  readonly isActive: boolean;
  readonly inputFeePpk: number;
  /** Unix seconds; undefined for never. */
  readonly finalExpiry: number | undefined;
  /** 63 points of 33 bytes, one after the other. */
  readonly publicKeys: Uint8Array;
}

/** A keyset that belongs to no epoch, about to become its unit's active one. */
export type NewKeyset = Omit<KeysetRow, 'keyset' | 'isActive'>;

/** What of a keyset NUT-02 lists. */
export type KeysetHead = Omit<KeysetRow, 'publicKeys' | 'derivationIndex'>;

/** Reads keysets, and rotates those that belong to no epoch. */
export function keysetOperations(db: Database) {
  const signing = db.prepare('SELECT * FROM keysets WHERE is_active = 1 ORDER BY keyset');
  const byId = findAmong(db, (places) => `SELECT * FROM keysets WHERE id IN (${places})`);
  const byRow = findAmong(db, (places) => `SELECT * FROM keysets WHERE keyset IN (${places})`);
  const page = db.prepare(`
    SELECT keyset, id, unit, is_active, input_fee_ppk, final_expiry FROM keysets WHERE keyset > ? ORDER BY keyset LIMIT ?`);
  const add = db.prepare(`
    INSERT INTO keysets (keyset, id, unit, derivation_index, is_active, public_keys, input_fee_ppk, final_expiry)
    VALUES ((SELECT coalesce(max(keyset), 0) + 1 FROM keysets), ?, ?, ?, 1, ?, ?, ?)
    ON CONFLICT (unit, derivation_index) DO NOTHING`);
  const retire = db.prepare(
    'UPDATE keysets SET is_active = 0 WHERE unit = ? AND epoch IS NULL AND derivation_index < ?',
  );

  return {
    /** Those that sign, oldest first: their number does not grow with epochs past. */
    signingKeysets: (_: null): KeysetRow[] => signing.all().map(keysetOf),

    /** Of these ids, those that are there. */
    keysetsById: (ids: readonly string[]): KeysetRow[] => byId(ids).map(keysetOf),

    /** Of these rows, those that are there. */
    keysetsByRow: (rows: readonly number[]): KeysetRow[] => byRow(rows).map(keysetOf),

    /** All keysets without their keys, oldest first, from behind a row on. */
    keysetHeads: ({ after, limit }: { after: number; limit: number }): KeysetHead[] =>
      page.all(after, limit).map(headOf),

    /**
     * Makes a keyset the active one of its unit; those before it sign no more. Where its index exists already it
     * stays as it is: whoever starts second finds what the first has made.
     */
    rotateKeyset: ({ id, unit, derivationIndex, publicKeys, inputFeePpk, finalExpiry }: NewKeyset): void => {
      add.run(id, unit, derivationIndex, publicKeys, inputFeePpk, finalExpiry ?? null);
      retire.run(unit, derivationIndex);
    },
  };
}

function headOf(row: Row): KeysetHead {
  return {
    keyset: integer(row, 'keyset'),
    id: text(row, 'id'),
    unit: text(row, 'unit'),
    isActive: integer(row, 'is_active') === 1,
    inputFeePpk: integer(row, 'input_fee_ppk'),
    finalExpiry: row['final_expiry'] === null ? undefined : integer(row, 'final_expiry'),
  };
}

function keysetOf(row: Row): KeysetRow {
  const derivationIndex = integer(row, 'derivation_index');
  return { ...headOf(row), derivationIndex, publicKeys: blob(row, 'public_keys') };
}
