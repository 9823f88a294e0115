import { shareSalt } from '../../../protocols/ehash/share-leaf.ts';
import type { Database } from '../../../runtime/sql/database.ts';
import type { Horizon, TreeName } from '../store/reports.ts';
import { blob, integer, type Row } from '../store/row.ts';
import { type FoundLeaf, Trees } from './trees.ts';

export { schema } from '../store/schema.ts';

/** A share that stands in a tree, and what its leaf commits to. */
export interface FoundShare extends FoundLeaf {
  readonly hashLe: Uint8Array;
  readonly k: number;
  readonly key: Uint8Array;
  readonly salt: Uint8Array;
}

/**
 * What reports read of the mint's database, on a connection and in a thread of its own that only reads: neither
 * issuance nor redemption waits for it.
 * @param data.secret of which the salts of shares are made, 32 bytes
 */
export function operations(db: Database, data: unknown) {
  const { secret } = data as { readonly secret: Uint8Array };
  const trees = new Trees(db, secret);
  const tokens = {
    issued: db.prepare('SELECT signature AS row, keyset FROM signatures WHERE blinded = ?'),
    spent: db.prepare('SELECT spent AS row, keyset FROM spent WHERE y = ?'),
  };
  const share = db.prepare('SELECT share_hash, k, public_key FROM quotes WHERE quote = ?');
  const quote = db.prepare(`
    SELECT quote AS row, epoch AS owner FROM quotes JOIN segments USING (segment) WHERE id = ?`);

  function withShare(found: FoundLeaf | undefined): FoundShare | undefined {
    const row: Row | undefined = found && share.get(found.row);
    if (!found || !row) return undefined;
    const hashLe = blob(row, 'share_hash');
    const key = blob(row, 'public_key');
    return { ...found, hashLe, k: integer(row, 'k'), key, salt: shareSalt(secret, hashLe) };
  }

  return {
    /** The tree of an epoch's shares; see Trees. */
    sharesTree: (epoch: number) => trees.shares(epoch),

    /** The trees that tokens have been added to between two horizons. */
    grownTrees: ({ after, upTo }: { after: Horizon; upTo: Horizon }) => [
      ...trees.tokens('issued', after.signature, upTo.signature),
      ...trees.tokens('spent', after.spent, upTo.spent),
    ],

    /** A tree's root as it was in a report; undefined while it had no leaf. */
    treeRoot: ({ name, report }: { name: TreeName; report: number }) => trees.root(name, report),

    /** Where a report counts a token. @param point B_ or Y, 33 bytes */
    findToken: ({
      kind,
      point,
      report,
    }: {
      kind: 'issued' | 'spent';
      point: Uint8Array;
      report: number;
    }): (FoundLeaf & { readonly keyset: number }) | undefined => {
      const row = tokens[kind].get(point);
      if (!row) return undefined;
      const keyset = integer(row, 'keyset');
      const found = trees.find({ kind, owner: keyset }, report, integer(row, 'row'));
      return found && { ...found, keyset };
    },

    /** Where a report counts the share of a quote. @param quoteId 16 bytes */
    findShare: ({ quoteId, report }: { quoteId: Uint8Array; report: number }): FoundShare | undefined => {
      const row = quote.get(quoteId);
      if (!row) return undefined;
      const name = { kind: 'shares', owner: integer(row, 'owner') } as const;
      return withShare(trees.find(name, report, integer(row, 'row')));
    },

    /** The shares of an epoch at these points of their sum. */
    sharesAt: ({
      epoch,
      report,
      points,
    }: {
      epoch: number;
      report: number;
      points: readonly bigint[];
    }): (FoundShare | undefined)[] =>
      points.map((point) => withShare(trees.at({ kind: 'shares', owner: epoch }, report, point))),
  };
}

export type TreeOperations = ReturnType<typeof operations>;
