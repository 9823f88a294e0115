import { existingState } from '../services/supervisor/state-folder.ts';
import { type Audit, auditAppliance } from './appliance/audit-sums.ts';
import { readCommandLine, refuseWords, runCommand } from './appliance/command-line.ts';
import { toJsonLine } from './appliance/summary.ts';

const usage = `npm run audit -- [--state DIR] [--json]: compares the books of pool, mint and wallet

Every share of the outbox is a quote at the mint or refused with a reason, the quotes are minted or waiting, tokens
that are out are those that were minted, and the wallet holds no more. Exit code 0 where all of it holds, else 1.
Stop the appliance first: a running one always has something on its way. --state names its folder (default .state).`;

function main(args: readonly string[]): number {
  const { values, positionals } = readCommandLine(args, {
    state: { type: 'string', default: '.state' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  });
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  refuseWords(positionals);
  const state = existingState(values.state);
  const audit = auditAppliance(state);
  process.stdout.write(values.json ? `${toJsonLine(audit)}\n` : report(audit));
  return audit.agree ? 0 : 1;
}

function report(audit: Audit): string {
  const lines: readonly [what: string, figure: number | bigint, note: string][] = [
    ['shares in the outbox', audit.outbox.rows, `${audit.unsent} not sent yet, ${audit.refused} refused`],
    ['quotes at the mint', audit.quotes.rows, `worth ${audit.quotes.sum} ehash`],
    ['ehash minted', audit.minted, `${audit.outstanding} of it out as tokens`],
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
    ['sats received', -sats.coinbase - sats.gifts, `${-sats.coinbase} by blocks, ${-sats.gifts} by others`],
    ['sats owed for ehash', sats.ehash, `${sats.carried} more wait for the next reward`],
    ['sats redeemed', sats.sat, `${sats.dust} kept back by rounding`],
    [
      "sats of the operator's",
      sats.fees + sats.expired,
      `${sats.fees} fees, ${sats.expired} not redeemed in time`,
    ],
  ];
}

await runCommand('npm run audit', () => main(process.argv.slice(2)));
