import { Outcome } from '../../../domain/quotes/state.ts';
import { fromHex } from '../../../protocols/bytes.ts';
import { amountOf } from '../../../protocols/cashu/amount.ts';
import { shareLeaf, shareSalt } from '../../../protocols/ehash/share-leaf.ts';
import type { SumLeaf } from '../../../protocols/ehash/sum-tree.ts';
import { tokenLeaf } from '../../../protocols/ehash/token-leaf.ts';
import type { Database, Row, Statement } from '../../../runtime/sql/database.ts';
import type { TreeName } from '../store/reports.ts';
import { blob, integer, text } from '../store/row.ts';

/** A leaf, and the row that it counts. */
export interface CountedRow {
  readonly row: number;
  /** The row of its epoch or keyset. */
  readonly owner: number;
  readonly leaf: SumLeaf;
}

const MAX_ROW = Number.MAX_SAFE_INTEGER;
/** Ids of keysets that are kept in memory; with more it begins anew. */
const MAX_KEYSET_IDS = 1_024;

/** Reads what trees count, a page at a time, in the order of rows. */
export class TreeRows {
  readonly #page: number;
  readonly #secret: Uint8Array;
  readonly #shares: Statement;
  readonly #tokens: Readonly<
    Record<'issued' | 'spent', { readonly all: Statement; readonly ofOne: Statement }>
  >;
  readonly #keyset: Statement;
  readonly #keysetIds = new Map<number, Uint8Array>();

  /** @param page rows of one */
  constructor(db: Database, secret: Uint8Array, page: number) {
    this.#secret = secret;
    this.#page = page;
    this.#shares = db.prepare(`
      SELECT quote AS row, share_hash, k, public_key, exponent FROM quotes JOIN segments USING (segment)
      WHERE epoch = ? AND quote > ? AND outcome <> ${Outcome.void} ORDER BY quote LIMIT ?`);
    const tokens = (key: string, point: string, table: string, where: string) =>
      db.prepare(`
        SELECT ${key} AS row, keyset, exponent, ${point} AS point FROM ${table}
        WHERE ${key} > ? AND ${key} <= ? ${where} ORDER BY ${key} LIMIT ?`);
    const pair = (key: string, point: string, table: string) => ({
      all: tokens(key, point, table, ''),
      ofOne: tokens(key, point, table, 'AND keyset = ?'),
    });
    this.#tokens = { issued: pair('signature', 'blinded', 'signatures'), spent: pair('spent', 'y', 'spent') };
    this.#keyset = db.prepare('SELECT id FROM keysets WHERE keyset = ?');
  }

  /** All shares of an epoch. */
  *ofEpoch(epoch: number): Generator<CountedRow[]> {
    let last = 0;
    for (;;) {
      const page = this.#shares.all(epoch, last, this.#page).map((row) => this.#share(epoch, row));
      yield page;
      if (page.length < this.#page) return;
      last = page.at(-1)?.row ?? last;
    }
  }

  /** The tokens of all keysets between two rows. */
  *ofTokens(kind: 'issued' | 'spent', after: number, upTo: number): Generator<CountedRow[]> {
    let last = after;
    for (;;) {
      const page = this.#tokens[kind].all.all(last, upTo, this.#page).map((row) => this.#token(kind, row));
      yield page;
      if (page.length < this.#page) return;
      last = page.at(-1)?.row ?? last;
    }
  }

  /** So many rows of one tree behind a row. @param count a page at most */
  after({ kind, owner }: TreeName, after: number, count: number): CountedRow[] {
    if (kind === 'shares') return this.#shares.all(owner, after, count).map((row) => this.#share(owner, row));
    return this.#tokens[kind].ofOne.all(after, MAX_ROW, owner, count).map((row) => this.#token(kind, row));
  }

  #share(owner: number, row: Row): CountedRow {
    const hashLe = blob(row, 'share_hash');
    const share = { hashLe, k: integer(row, 'k'), key: blob(row, 'public_key') };
    const leaf = shareLeaf(share, shareSalt(this.#secret, hashLe), amountOf(integer(row, 'exponent')));
    return { row: integer(row, 'row'), owner, leaf };
  }

  #token(kind: 'issued' | 'spent', row: Row): CountedRow {
    const owner = integer(row, 'keyset');
    const amount = amountOf(integer(row, 'exponent'));
    const leaf = tokenLeaf(kind, this.#idOf(owner), blob(row, 'point'), amount);
    return { row: integer(row, 'row'), owner, leaf };
  }

  #idOf(keyset: number): Uint8Array {
    const known = this.#keysetIds.get(keyset);
    if (known) return known;
    const id = fromHex(text(this.#keyset.get(keyset) ?? {}, 'id'));
    if (this.#keysetIds.size >= MAX_KEYSET_IDS) this.#keysetIds.clear();
    this.#keysetIds.set(keyset, id);
    return id;
  }
}
