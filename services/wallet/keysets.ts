import type { DatabaseSync } from 'node:sqlite';
import { Keyset as CashuKeyset, type MintKeys, type MintKeyset } from '@cashu/cashu-ts';
import { HashpoolError } from '../../protocols/errors.ts';
import { inTransaction } from '../../runtime/sql/database.ts';

/** A mint's set of keys, one for each amount of its unit (NUT-01, NUT-02). */
export interface Keyset {
  readonly id: string;
  readonly unit: string;
  readonly active: boolean;
  readonly inputFeePpk: number;
  /** Milliseconds since 1970 from which its tokens are worth nothing; undefined for never. */
  readonly expiresAt: number | undefined;
  /** Public key in hex by amount in decimal. */
  readonly keys: Readonly<Record<string, string>>;
}

/** The keysets seen so far, kept so that tokens can be read and balances named while the mint is away. */
export interface Keysets {
  all(): Keyset[];
  /** The units that the mint signs, in alphabetical order, each once. */
  activeUnits(): string[];
  /** @throws HashpoolError 'unknown-keyset' */
  get(id: string): Keyset;
  /**
   * The keyset that new tokens of `unit` are made with: of several, the one that lasts longest.
   * @throws HashpoolError 'no-active-keyset'
   */
  activeFor(unit: string): Keyset;
  /** Stores all that the mint publishes; keys of a known id never change, only whether it is active. What is not published signs nothing. */
  update(published: readonly { meta: MintKeyset; keys: MintKeys | undefined }[]): void;
  /** Takes `count` counters for good (NUT-13); call it inside the transaction that notes what they are for. */
  takeCounters(id: string, count: number): number;
  /**
   * Gives back the `count` counters from `first` on, with which the mint has signed nothing, unless others were taken
   * since: a restore stops at a long gap. Call it inside the transaction that ends what they were for.
   */
  giveBackCounters(id: string, first: number, count: number): void;
  /** Makes sure that no counter below `next` is ever taken: a restore has found it used. */
  raiseCounter(id: string, next: number): void;
}

/** @param db opened with `walletSchema` */
export function openKeysets(db: DatabaseSync): Keysets {
  const select = db.prepare(
    'SELECT id, unit, active, input_fee_ppk, final_expiry, keys FROM keysets ORDER BY id',
  );
  const insert = db.prepare(
    `INSERT INTO keysets (id, unit, active, input_fee_ppk, final_expiry, keys) VALUES (?, ?, ?, ?, ?, ?)`,
  );
  const setState = db.prepare('UPDATE keysets SET active = ?, final_expiry = ? WHERE id = ?');
  const retire = db.prepare('UPDATE keysets SET active = 0 WHERE id = ?');
  const units = db.prepare('SELECT DISTINCT unit FROM keysets WHERE active = 1 ORDER BY unit');
  const take = db.prepare(
    'UPDATE keysets SET next_counter = next_counter + ? WHERE id = ? RETURNING next_counter',
  );
  const giveBack = db.prepare('UPDATE keysets SET next_counter = ? WHERE id = ? AND next_counter = ?');
  const raise = db.prepare('UPDATE keysets SET next_counter = max(next_counter, ?) WHERE id = ?');

  let cache: Map<string, Keyset> | undefined;
  const known = () => {
    cache ??= new Map(select.all().map((row) => [String(row['id']), toKeyset(row)]));
    return cache;
  };
  /** Another process may have stored a keyset since. */
  const find = (matches: (keyset: Keyset) => boolean) => {
    const found = [...known().values()].find(matches);
    if (found) return found;
    cache = undefined;
    return [...known().values()].find(matches);
  };

  return {
    all: () => {
      cache = undefined;
      return [...known().values()];
    },
    activeUnits: () => units.all().map((row) => String(row['unit'])),
    get: (id) => {
      const keyset = known().get(id) ?? find((candidate) => candidate.id === id);
      if (!keyset) throw new HashpoolError('unknown-keyset', `the mint has published no keyset ${id}`);
      return keyset;
    },
    activeFor: (unit) => {
      const isSigning = (candidate: Keyset) => candidate.unit === unit && candidate.active;
      const keyset = find(isSigning) && [...known().values()].filter(isSigning).sort(byExpiry).at(-1);
      if (keyset) return keyset;
      throw new HashpoolError('no-active-keyset', `the mint signs no new tokens of unit ${unit}`);
    },
    update: (published) => {
      inTransaction(db, () => {
        const stored = new Set(select.all().map((row) => String(row['id'])));
        for (const { meta, keys } of published) {
          const active = meta.active ? 1 : 0;
          const expiry = meta.final_expiry || null;
          if (stored.has(meta.id)) {
            setState.run(active, expiry, meta.id);
          } else if (keys) {
            const fee = meta.input_fee_ppk ?? 0;
            insert.run(meta.id, meta.unit, active, fee, expiry, checkedKeys(meta, keys));
          }
          stored.delete(meta.id);
        }
        for (const id of stored) retire.run(id);
      });
      cache = undefined;
    },
    takeCounters: (id, count) => {
      const row = take.get(count, id);
      if (!row) throw new HashpoolError('unknown-keyset', `the wallet has no keyset ${id}`);
      return Number(row['next_counter']) - count;
    },
    giveBackCounters: (id, first, count) => {
      giveBack.run(first, id, first + count);
    },
    raiseCounter: (id, next) => {
      raise.run(next, id);
    },
  };
}

/** The fee in units for spending `count` proofs of `keyset` (NUT-02): ppk is thousandths of a unit each. */
export function inputFee({ inputFeePpk }: Pick<Keyset, 'inputFeePpk'>, count: number): bigint {
  return (BigInt(inputFeePpk) * BigInt(count) + 999n) / 1000n;
}

/** NUT-02: the id commits to the keys; a mint that shows other keys under it could tell its users apart. */
function checkedKeys(meta: MintKeyset, { keys }: MintKeys): string {
  const { id, unit, active, input_fee_ppk = 0, final_expiry } = meta;
  const full = { id, unit, active, input_fee_ppk, keys, ...(final_expiry ? { final_expiry } : {}) };
  if (!CashuKeyset.verifyKeysetId(full)) {
    throw new HashpoolError(
      'bad-keyset',
      `the mint's keyset ${id} does not match its own id: do not use this mint`,
    );
  }
  return JSON.stringify(keys);
}

function byExpiry(a: Keyset, b: Keyset): number {
  const [first, second] = [a.expiresAt ?? Number.MAX_SAFE_INTEGER, b.expiresAt ?? Number.MAX_SAFE_INTEGER];
  return first - second;
}

function toKeyset(row: Record<string, unknown>): Keyset {
  return {
    id: String(row['id']),
    unit: String(row['unit']),
    active: row['active'] === 1,
    inputFeePpk: Number(row['input_fee_ppk']),
    expiresAt: row['final_expiry'] === null ? undefined : Number(row['final_expiry']) * 1000,
    keys: JSON.parse(String(row['keys'])) as Record<string, string>,
  };
}
