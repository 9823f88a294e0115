import { type Finding, fails, holds, unproven } from '../../domain/reports/finding.ts';
import { ReportedBooks } from '../../domain/reports/reported-books.ts';
import { fromHex, toHex } from '../../protocols/bytes.ts';
import type { Curve } from '../../protocols/crypto/curve.ts';
import { type Report, readReport, type SignedReport } from '../../protocols/ehash/report.ts';
import { reportHash } from '../../protocols/ehash/report-hash.ts';
import { messageOf } from '../../protocols/errors.ts';

/** Reports that were read, and what was found on the way. */
export interface ReadReports {
  readonly reports: readonly Report[];
  /** The hash of the last one, 64 hex digits. */
  readonly lastHash: string | undefined;
  readonly books: ReportedBooks;
  readonly findings: readonly Finding[];
}

/** What the auditor knows beforehand. */
export interface KnownBefore {
  /** The key of the mint, 66 hex digits. */
  readonly identity: string;
  /** The hash of a report that was seen before. */
  readonly hash?: string | undefined;
}

/**
 * Reads a mint's reports: whether each is signed by the mint and follows the one before, and whether what they say fits
 * together. Where one is not the mint's, or the chain breaks, what follows is not looked at.
 */
export function readReports(
  signed: readonly SignedReport[],
  known: KnownBefore,
  curve: Pick<Curve, 'schnorrVerify'>,
): ReadReports {
  const books = new ReportedBooks();
  const reports: Report[] = [];
  const findings: Finding[] = [];
  const hashes: string[] = [];
  for (const each of signed) {
    const { report, trouble } = checkOne(each, {
      known,
      curve,
      before: hashes.at(-1),
      number: reports.length + 1,
    });
    if (trouble) findings.push(trouble);
    if (!report) break;
    findings.push(...books.add(report));
    reports.push(report);
    hashes.push(toHex(reportHash(each.text)));
  }
  if (known.hash !== undefined && !hashes.includes(known.hash)) {
    findings.push(fails('report-swapped', `report ${known.hash}, which you have seen, is not among them`));
  }
  if (findings.length === 0) findings.push(...verdictOn(reports));
  return { reports, lastHash: hashes.at(-1), books, findings };
}

function verdictOn(reports: readonly Report[]): Finding[] {
  const epochs = reports.reduce((sum, { epochs }) => sum + epochs.length, 0);
  if (reports.length === 0)
    return [unproven('no-report', 'the mint has signed no report: no price was fixed yet')];
  return [
    holds('reports-signed', `${reports.length} reports, each signed by the mint and naming the one before`),
    holds(
      'books-agree',
      `the prices of ${epochs} epochs, what was redeemed of them and the books of sats agree`,
    ),
  ];
}

function checkOne(
  { text, signature }: SignedReport,
  expected: {
    readonly known: KnownBefore;
    readonly curve: Pick<Curve, 'schnorrVerify'>;
    readonly before: string | undefined;
    readonly number: number;
  },
): { readonly report?: Report; readonly trouble?: Finding } {
  const { known, curve, before = null, number } = expected;
  const where = `report ${number}`;
  const key = fromHex(known.identity).subarray(1);
  if (!curve.schnorrVerify(signature, reportHash(text), key)) {
    return { trouble: fails('wrong-signature', `${where} is not signed by the mint's key`) };
  }
  let report: Report;
  try {
    report = readReport(text);
  } catch (error) {
    return { trouble: fails('unreadable', `${where} can't be read: ${messageOf(error)}`) };
  }
  if (report.mint !== known.identity) {
    return { trouble: fails('wrong-mint', `${where} is that of another mint, ${report.mint}`) };
  }
  if (report.number !== number || report.previous !== before) {
    const trouble = fails(
      'broken-chain',
      `${where} is number ${report.number} and does not follow the one before`,
    );
    return { trouble };
  }
  return { report };
}
