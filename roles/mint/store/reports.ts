import { HashpoolError } from '../../../protocols/errors.ts';
import type { Database } from '../../../runtime/sql/database.ts';
import { type Epoch, epochOperations } from './epochs.ts';
import { blob, integer, text } from './row.ts';

/** A tree of a report: the shares of an epoch, or what a keyset signed or took back. */
export type TreeKind = 'shares' | 'issued' | 'spent';

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
}

/** A report as it was signed. */
export type ReportRow = Pick<NewReport, 'number' | 'hash' | 'body' | 'signature' | 'horizon'>;

/** Keeps the reports. */
export function reportOperations(db: Database) {
  const { epochById } = epochOperations(db);
  const unreported = db.prepare(`
    SELECT epoch FROM epochs LEFT JOIN reported_epochs USING (epoch)
    WHERE priced_height IS NOT NULL AND report IS NULL ORDER BY priced_height, epoch LIMIT ?`);
  const horizon = db.prepare(`
    SELECT (SELECT coalesce(max(signature), 0) FROM signatures) AS last_signature,
      (SELECT coalesce(max(spent), 0) FROM spent) AS last_spent`);
  const last = db.prepare('SELECT * FROM reports ORDER BY report DESC LIMIT 1');
  const byNumber = db.prepare('SELECT * FROM reports WHERE report = ?');
  const after = db.prepare('SELECT * FROM reports WHERE report > ? ORDER BY report LIMIT ?');
  const ofUnit = db.prepare(`
    SELECT reports.* FROM reports JOIN reported_epochs USING (report) JOIN epochs USING (epoch) WHERE unit = ?`);
  const add = db.prepare(`
    INSERT INTO reports (report, hash, body, signature, last_signature, last_spent) VALUES (?, ?, ?, ?, ?, ?)`);
  const addEpoch = db.prepare('INSERT INTO reported_epochs (epoch, report) VALUES (?, ?)');
  const addTree = db.prepare(
    'INSERT INTO report_trees (kind, owner, report, leaves, peaks) VALUES (?, ?, ?, ?, ?)',
  );
  const addChunk = db.prepare(`
    INSERT INTO tree_chunks (kind, owner, chunk, last_row, node) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (kind, owner, chunk) DO NOTHING`);

  return {
    /** Epochs whose price is fixed and in no report. */
    unreported: (limit: number): Epoch[] =>
      unreported.all(limit).flatMap((row) => epochById(integer(row, 'epoch')) ?? []),

    /** The last rows of tokens that there are. */
    tokenHorizon: (_: null): Horizon => horizonOf(horizon.get() ?? {}),

    lastReport: (_: null): ReportRow | undefined => optionalReport(last.get()),

    reportByNumber: (number: number): ReportRow | undefined => optionalReport(byNumber.get(number)),

    /** The report that has an epoch's price. */
    reportOfUnit: (unit: string): ReportRow | undefined => optionalReport(ofUnit.get(unit)),

    /** Reports in their order, from behind one on. */
    reportsAfter: ({ number, limit }: { number: number; limit: number }): ReportRow[] =>
      after.all(number, limit).map(reportOf),

    /**
     * Keeps a report. Precondition: it follows the last one.
     * @throws HashpoolError 'report-made' where another process has made it meanwhile
     */
    addReport: ({ number, hash, body, signature, horizon, epochs, trees }: NewReport): void => {
      const before = optionalReport(last.get())?.number ?? 0;
      if (number !== before + 1) {
        throw new HashpoolError('report-made', `report ${number} does not follow ${before}: look again`);
      }
      add.run(number, hash, body, signature, horizon.signature, horizon.spent);
      for (const epoch of epochs) addEpoch.run(epoch, number);
      for (const { kind, owner, leaves, peaks, chunks } of trees) {
        addTree.run(kind, owner, number, leaves, peaks);
        for (const { chunk, lastRow, node } of chunks) addChunk.run(kind, owner, chunk, lastRow, node);
      }
    },
  };
}

function optionalReport(row: ReturnType<ReturnType<Database['prepare']>['get']>): ReportRow | undefined {
  return row && reportOf(row);
}

function reportOf(row: Parameters<typeof integer>[0]): ReportRow {
  return {
    number: integer(row, 'report'),
    hash: blob(row, 'hash'),
    body: text(row, 'body'),
    signature: blob(row, 'signature'),
    horizon: horizonOf(row),
  };
}

function horizonOf(row: Parameters<typeof integer>[0]): Horizon {
  return { signature: integer(row, 'last_signature'), spent: integer(row, 'last_spent') };
}
