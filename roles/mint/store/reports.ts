import { provenSats } from '../../../protocols/ehash/reserve.ts';
import { HashpoolError } from '../../../protocols/errors.ts';
import type { Database } from '../../../runtime/sql/database.ts';
import { type Epoch, epochOperations } from './epochs.ts';
import { bigInteger, blob, integer, type Row, text } from './row.ts';

/** A tree of a report: the shares of an epoch, or what a keyset signed or took back. */
export type TreeKind = 'shares' | 'issued' | 'spent';

/** Sats that went from one account of the books to another. */
export interface Posting {
  readonly giver: string;
  readonly taker: string;
  readonly sats: bigint;
}

/** Which tree; `owner` is the row of its epoch or keyset. */
export interface TreeName {
  readonly kind: TreeKind;
  readonly owner: number;
}

/** How far a tree has grown. */
export interface GrownTree extends TreeName {
  readonly leaves: number;
  /** Of the leaves behind the last whole chunk; see SumPeaks. */
  readonly peaks: Uint8Array;
  /** Whole chunks that have come since the report before. */
  readonly chunks: readonly TreeChunk[];
}

/** The root of a whole chunk, 48 bytes, and the last row that it counts. */
export interface TreeChunk {
  readonly chunk: number;
  readonly lastRow: number;
  readonly node: Uint8Array;
}

/** Up to which rows reports count tokens. */
export interface Horizon {
  readonly signature: number;
  readonly spent: number;
}

/** A report about to be kept. */
export interface NewReport {
  readonly number: number;
  /** 32 bytes. */
  readonly hash: Uint8Array;
  readonly body: string;
  readonly signature: Uint8Array;
  readonly horizon: Horizon;
  /** Those whose prices it publishes. */
  readonly epochs: readonly number[];
  readonly trees: readonly GrownTree[];
  readonly redeemed: readonly RedeemedPart[];
}

/** An epoch whose price is fixed, with what its report says besides. */
export interface PricedEpoch {
  readonly epoch: Epoch;
  /** The epoch whose reward it shares. */
  readonly heir: Epoch | undefined;
  /** What its reward came from, in sats. */
  readonly sources: ReadonlyMap<string, bigint>;
  /** Blocks that are no boundaries and paid to the pool's script. */
  readonly gifts: readonly { readonly hashLe: Uint8Array; readonly sats: bigint }[];
}

/** What was redeemed of an epoch by now. */
export interface RedeemedPart {
  readonly epoch: number;
  readonly unit: string;
  readonly ehash: bigint;
  readonly sats: bigint;
  readonly isOver: boolean;
}

/** Books and tokens at one moment. */
export interface BooksNow {
  readonly horizon: Horizon;
  /** Sats by giver and taker. */
  readonly postings: readonly Posting[];
  /** Of epochs in reports, where it is not what the last one said. */
  readonly redeemed: readonly RedeemedPart[];
}

/** A report as it was signed. */
export type ReportRow = Pick<NewReport, 'number' | 'hash' | 'body' | 'signature' | 'horizon'>;

/** How the reports stand. */
export interface ReportFigures {
  /** Of the last one, 0 for none. */
  readonly number: number;
  /** In coins whose keys were proven for it. */
  readonly provenSats: bigint;
  /** Epochs whose price is in none. */
  readonly due: number;
  /** Epochs in reports whose shares were not shown yet. */
  readonly samplesDue: number;
}

/** Keeps the reports. */
export function reportOperations(db: Database) {
  const { epochById } = epochOperations(db);
  const isUnreported = 'priced_height IS NOT NULL AND report IS NULL';
  // The epoch whose block pays stands before those that were merged into it, as its price was divided.
  const unreported = db.prepare(`
    SELECT epoch FROM epochs LEFT JOIN reported_epochs USING (epoch)
    WHERE ${isUnreported} AND coalesce(merged_into, epoch) IN (
      SELECT coalesce(merged_into, epoch) AS heir FROM epochs LEFT JOIN reported_epochs USING (epoch)
      WHERE ${isUnreported} GROUP BY coalesce(merged_into, epoch) ORDER BY min(priced_height), heir LIMIT ?)
    ORDER BY priced_height, coalesce(merged_into, epoch), coalesce(merged_into, 0), epoch`);
  const sources = db.prepare(
    "SELECT giver, sats FROM postings WHERE epoch = ? AND taker = 'ehash' ORDER BY giver",
  );
  const gifts = db.prepare('SELECT hash, sats FROM gifts WHERE epoch = ? ORDER BY hash');
  const booked = db.prepare(`
    SELECT giver, taker, CAST(sum(sats) AS BIGINT) AS sats FROM postings
    WHERE epoch IN (SELECT epoch FROM reported_epochs) GROUP BY giver, taker`);
  const bookedOf = db.prepare('SELECT giver, taker, sats FROM postings WHERE epoch = ?');
  // What was paid of the balances of keys is of no epoch.
  const paidOut = db.prepare(`
    SELECT 'payouts' AS giver, 'paid' AS taker, CAST(coalesce(sum(paid), 0) AS BIGINT) AS sats FROM payout_holds`);
  const redemptions = `
    SELECT epoch, unit, ehash, sats, CASE WHEN expired_height IS NULL THEN 0 ELSE 1 END AS is_over
    FROM redemptions JOIN epochs USING (epoch)`;
  const redeemed = db.prepare(`
    SELECT r.* FROM (${redemptions}) AS r JOIN reported_epochs USING (epoch)
    WHERE told_ehash <> ehash OR told_sats <> sats OR told_over <> is_over ORDER BY epoch`);
  const redeemedOf = db.prepare(`${redemptions} WHERE epoch = ?`);
  for (const statement of [sources, gifts, booked, bookedOf, paidOut, redeemed, redeemedOf])
    statement.setReadBigInts(true);
  const tell = db.prepare(
    'UPDATE reported_epochs SET told_ehash = ?, told_sats = ?, told_over = ? WHERE epoch = ?',
  );
  const keysetName = db.prepare('SELECT id, unit FROM keysets WHERE keyset = ?');
  const horizon = db.prepare(`
    SELECT (SELECT coalesce(max(signature), 0) FROM signatures) AS last_signature,
      (SELECT coalesce(max(spent), 0) FROM spent) AS last_spent`);
  const last = db.prepare('SELECT * FROM reports ORDER BY report DESC LIMIT 1');
  const byNumber = db.prepare('SELECT * FROM reports WHERE report = ?');
  const after = db.prepare('SELECT * FROM reports WHERE report > ? ORDER BY report LIMIT ?');
  const ofUnit = db.prepare(`
    SELECT reports.* FROM reports JOIN reported_epochs USING (report) JOIN epochs USING (epoch) WHERE unit = ?`);
  const unsampled = db.prepare(`
    SELECT epoch, report FROM reported_epochs LEFT JOIN shown_samples USING (epoch) WHERE body IS NULL
    ORDER BY report, epoch LIMIT ?`);
  const addSample = db.prepare(
    'INSERT INTO shown_samples (epoch, body) VALUES (?, ?) ON CONFLICT (epoch) DO NOTHING',
  );
  const sampleOf = db.prepare('SELECT body FROM shown_samples JOIN epochs USING (epoch) WHERE unit = ?');
  const dueCounts = db.prepare(`
    SELECT (SELECT count(*) FROM epochs LEFT JOIN reported_epochs USING (epoch) WHERE ${isUnreported}) AS due,
      (SELECT count(*) FROM reported_epochs LEFT JOIN shown_samples USING (epoch) WHERE body IS NULL) AS samples_due`);
  const proofs = db.prepare('SELECT body FROM reserve_proofs WHERE report = ? ORDER BY proof');
  const addProof = db.prepare(
    'INSERT INTO reserve_proofs (report, body) VALUES (?, ?) ON CONFLICT (body) DO NOTHING',
  );
  const add = db.prepare(`
    INSERT INTO reports (report, hash, body, signature, last_signature, last_spent) VALUES (?, ?, ?, ?, ?, ?)`);
  const addEpoch = db.prepare('INSERT INTO reported_epochs (epoch, report) VALUES (?, ?)');
  const addTree = db.prepare(
    'INSERT INTO report_trees (kind, owner, report, leaves, peaks) VALUES (?, ?, ?, ?, ?)',
  );
  const addChunk = db.prepare(`
    INSERT INTO tree_chunks (kind, owner, chunk, last_row, node) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (kind, owner, chunk) DO NOTHING`);

  function pricedEpoch(epoch: Epoch): PricedEpoch {
    const from = sources
      .all(epoch.epoch)
      .map((row) => [text(row, 'giver'), bigInteger(row, 'sats')] as const);
    return {
      epoch,
      heir: epoch.mergedInto === undefined ? undefined : epochById(epoch.mergedInto),
      sources: new Map(from),
      gifts: gifts.all(epoch.epoch).map((row) => {
        return { hashLe: blob(row, 'hash'), sats: bigInteger(row, 'sats') };
      }),
    };
  }

  return {
    /** Epochs whose price is fixed and in no report: of so many rewards, all that one backs together. */
    unreported: (limit: number): PricedEpoch[] =>
      unreported.all(limit).flatMap((row) => {
        const epoch = epochById(integer(row, 'epoch'));
        return epoch ? [pricedEpoch(epoch)] : [];
      }),

    /** Books and tokens at one moment: of all epochs in reports, and those that are about to be. */
    booksNow: (due: readonly number[]): BooksNow => ({
      horizon: horizonOf(horizon.get() ?? {}),
      postings: [...booked.all(), ...paidOut.all(), ...due.flatMap((epoch) => bookedOf.all(epoch))].map(
        (row) => {
          return { giver: text(row, 'giver'), taker: text(row, 'taker'), sats: bigInteger(row, 'sats') };
        },
      ),
      redeemed: [...redeemed.all(), ...due.flatMap((epoch) => redeemedOf.all(epoch))].map(redeemedPartOf),
    }),

    /** Id and unit of keysets by their rows. */
    keysetNames: (keysets: readonly number[]): { id: string; unit: string }[] =>
      keysets.map((keyset) => {
        const row = keysetName.get(keyset) ?? {};
        return { id: text(row, 'id'), unit: text(row, 'unit') };
      }),

    lastReport: (_: null): ReportRow | undefined => optionalReport(last.get()),

    reportByNumber: (number: number): ReportRow | undefined => optionalReport(byNumber.get(number)),

    /** The report that has an epoch's price. */
    reportOfUnit: (unit: string): ReportRow | undefined => optionalReport(ofUnit.get(unit)),

    /** Reports in their order, from behind one on. */
    reportsAfter: ({ number, limit }: { number: number; limit: number }): ReportRow[] =>
      after.all(number, limit).map(reportOf),

    /** Epochs in reports whose sample was not shown yet, the oldest first. */
    unsampled: (limit: number): { epoch: Epoch; report: number }[] =>
      unsampled.all(limit).flatMap((row) => {
        const epoch = epochById(integer(row, 'epoch'));
        return epoch ? [{ epoch, report: integer(row, 'report') }] : [];
      }),

    /** Keeps what is shown of an epoch's shares: JSON. */
    addSample: ({ epoch, body }: { epoch: number; body: string }): void => {
      addSample.run(epoch, body);
    },

    sampleOfUnit: (unit: string): string | undefined => {
      const row = sampleOf.get(unit);
      return row && text(row, 'body');
    },

    /** Proofs of the keys of coins that were made for a report: JSON. */
    reserveProofs: (number: number): string[] => proofs.all(number).map((row) => text(row, 'body')),

    /** The last report's number, what is proven for it, and what is still to come: prices to report, samples to show. */
    reportFigures: (_: null): ReportFigures => {
      const number = optionalReport(last.get())?.number ?? 0;
      const bodies = number === 0 ? [] : proofs.all(number).map((row) => text(row, 'body'));
      const counts = dueCounts.get() ?? {};
      return {
        number,
        provenSats: provenSats(bodies),
        due: integer(counts, 'due'),
        samplesDue: integer(counts, 'samples_due'),
      };
    },

    /** Keeps such a proof, once. Precondition: there is that report. */
    addReserveProof: ({ number, body }: { number: number; body: string }): void => {
      addProof.run(number, body);
    },

    /**
     * Keeps a report. Precondition: it follows the last one.
     * @throws HashpoolError 'report-made' where another process has made it meanwhile
     */
    addReport: (report: NewReport): void => {
      const { number, hash, body, signature, horizon, epochs, trees, redeemed } = report;
      const before = optionalReport(last.get())?.number ?? 0;
      if (number !== before + 1) {
        throw new HashpoolError('report-made', `report ${number} does not follow ${before}: look again`);
      }
      add.run(number, hash, body, signature, horizon.signature, horizon.spent);
      for (const epoch of epochs) addEpoch.run(epoch, number);
      for (const { epoch, ehash, sats, isOver } of redeemed) {
        tell.run(String(ehash), sats, isOver ? 1 : 0, epoch);
      }
      for (const { kind, owner, leaves, peaks, chunks } of trees) {
        addTree.run(kind, owner, number, leaves, peaks);
        for (const { chunk, lastRow, node } of chunks) addChunk.run(kind, owner, chunk, lastRow, node);
      }
    },
  };
}

function optionalReport(row: Row | undefined): ReportRow | undefined {
  return row && reportOf(row);
}

function reportOf(row: Row): ReportRow {
  return {
    number: integer(row, 'report'),
    hash: blob(row, 'hash'),
    body: text(row, 'body'),
    signature: blob(row, 'signature'),
    horizon: horizonOf(row),
  };
}

function redeemedPartOf(row: Row): RedeemedPart {
  return {
    epoch: Number(bigInteger(row, 'epoch')),
    unit: text(row, 'unit'),
    ehash: BigInt(text(row, 'ehash')),
    sats: bigInteger(row, 'sats'),
    isOver: bigInteger(row, 'is_over') === 1n,
  };
}

function horizonOf(row: Row): Horizon {
  return { signature: integer(row, 'last_signature'), spent: integer(row, 'last_spent') };
}
