import type { Finding, Verdict } from '../../domain/reports/finding.ts';
import type { Audit } from '../appliance/audit-sums.ts';
import { NEVER_PROVEN } from './audit-mint.ts';

const EXIT_CODES: Readonly<Record<Verdict, number>> = { holds: 0, fails: 1, unproven: 2 };
const HEADINGS: readonly (readonly [Verdict, string])[] = [
  ['fails', 'does not hold'],
  ['unproven', "can't be proven"],
  ['holds', 'holds'],
];

/** What an audit of a mint has come to, for people. */
export function mintReport(url: string, findings: readonly Finding[]): string {
  const parts = HEADINGS.flatMap(([verdict, heading]) => {
    const found = findings.filter((finding) => finding.verdict === verdict);
    return found.length === 0
      ? []
      : [`${heading}:`, ...found.map(({ words, code }) => `  ${words} [${code}]`)];
  });
  const never = ['nobody can prove:', ...NEVER_PROVEN.map((words) => `  ${words}`)];
  return `${[`audit of ${url}`, ...parts, ...never].join('\n')}\n`;
}

/** 1 where anything does not hold, else 2 where anything can't be proven. */
export function exitCodeOf(findings: readonly Finding[]): number {
  const verdict = HEADINGS.find(([each]) => findings.some((finding) => finding.verdict === each));
  return verdict ? EXIT_CODES[verdict[0]] : EXIT_CODES.unproven;
}

/** The sums of an appliance, for people. */
export function applianceReport(audit: Audit): string {
  const lines: readonly [what: string, figure: number | bigint, note: string][] = [
    ['shares in the outbox', audit.outbox.rows, `${audit.unsent} not sent yet, ${audit.refused} refused`],
    ['quotes at the mint', audit.quotes.rows, `worth ${audit.quotes.sum} ehash`],
    ['ehash minted', audit.minted, `${audit.outstanding} of it out as tokens`],
    ['ehash auto-paid', audit.autoPaid, ''],
    ['ehash waiting', audit.waiting, ''],
    ['ehash redeemed', audit.redeemed, ''],
    ['ehash in the wallet', audit.wallet, ''],
    ...satLines(audit),
  ];
  const rows = lines.map(([what, figure, note]) =>
    `${what.padEnd(22)}${String(figure).padStart(20)}  ${note}`.trimEnd(),
  );
  const verdict = audit.agree
    ? ['the sums agree']
    : audit.disagreements.map((trouble) => `they do not agree: ${trouble}`);
  return `${[...rows, ...verdict].join('\n')}\n`;
}

/** Where the sats are that epochs received; none before the first price is fixed. */
function satLines({ sats }: Audit): [what: string, figure: bigint, note: string][] {
  if (!sats) return [];
  return [
    [
      'sats received',
      -sats.coinbase - sats.gifts - sats.lightning,
      `${-sats.coinbase} by blocks, ${-sats.gifts} by others, ${-sats.lightning} over Lightning`,
    ],
    ['sats owed for ehash', sats.ehash, `${sats.carried} more wait for the next reward`],
    ['sats of auto-payouts', sats.payouts, `${sats.paid} more have left, fees included`],
    ['sats redeemed', sats.sat, `${sats.dust} kept back by rounding`],
    [
      "sats of the operator's",
      sats.fees + sats.expired,
      `${sats.fees} fees, ${sats.expired} not redeemed in time`,
    ],
  ];
}
