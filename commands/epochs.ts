import { HashpoolError } from '../protocols/errors.ts';
import { blockName, type EpochReport, epochReports } from '../roles/mint/epoch-reports.ts';
import { askMerge } from '../roles/mint/store/merging.ts';
import { type Database, inTransaction } from '../runtime/sql/database.ts';
import { readOrHelp, runCommand, usageError } from './appliance/command-line.ts';
import { openMintDatabase } from './appliance/mint-database.ts';
import { toJsonLine } from './appliance/summary.ts';
import { formatTable } from './appliance/text-table.ts';

const usage = `npm run epochs -- list [--state DIR] [--json]: the epochs of the mint's pools
npm run epochs -- show EPOCH
npm run epochs -- merge LOST HEIR --reason TEXT

An epoch is named by its unit, or by the height at which it opened where one pool alone has one of that height.

  merge            LOST is stranded: its ehash was given out, and then the block that opened it was lost. From then on it
                   shares the next reward of HEIR, by work, and the pool's ehash is minted again. The mint does it
                   within seconds, or when it is started. It can't be undone.
  --reason         why, for the record
  --state DIR      the appliance's folder (default .state)
  --database PLACE the mint's database instead: a SQLite file or a PostgreSQL URL
  --json           JSON, an epoch a line`;

const options = {
  reason: { type: 'string' },
  state: { type: 'string', default: '.state' },
  database: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

function main(args: readonly string[]): number {
  const { values, positionals } = readOrHelp(usage, args, options);
  const [verb = 'list', ...names] = positionals;
  const wanted = { list: 0, show: 1, merge: 2 }[verb];
  if (wanted === undefined || names.length !== wanted)
    throw usageError('say list, show EPOCH or merge LOST HEIR; --help says more');
  const db = openMintDatabase(values, { readOnly: verb !== 'merge' });
  try {
    process.stdout.write(verb === 'merge' ? merge(db, names, values.reason) : list(db, names, values.json));
    return 0;
  } finally {
    db.close();
  }
}

function list(db: Database, [name]: readonly string[], json: boolean): string {
  const reports = epochReports(db).all();
  const chosen = name === undefined ? reports : [find(reports, name)];
  if (json) return chosen.map((report) => `${toJsonLine(asJson(report))}\n`).join('');
  if (name !== undefined) return show(chosen);
  if (chosen.length === 0) return 'no epoch is open yet\n';
  const rows = chosen.map(({ epoch, phase, quotes, work, issued, redeemableAt }) => ({
    pool: epoch.unit.slice(5, 15),
    opened: String(epoch.openedHeight),
    phase,
    quotes: String(quotes),
    ehash: String(work),
    minted: String(issued),
    closed: String(epoch.closing?.height ?? ''),
    'reward sat': String(epoch.closing?.reward ?? ''),
    redeemable: String(redeemableAt ?? ''),
  }));
  return `${formatTable(rows)}\n`;
}

function show(reports: readonly EpochReport[]): string {
  const lines = reports.flatMap((report) => Object.entries(asJson(report)));
  return lines
    .map(([name, value]) => `${name.padEnd(20)}${String(value ?? '')}`.trimEnd())
    .join('\n')
    .concat('\n');
}

function merge(
  db: Database,
  [lostName = '', heirName = '']: readonly string[],
  reason: string | undefined,
): string {
  if (reason === undefined || reason.trim() === '')
    throw usageError('--reason is missing: say why, for the record');
  const reports = epochReports(db).all();
  const [lost, heir] = [find(reports, lostName).epoch, find(reports, heirName).epoch];
  inTransaction(db, () => askMerge(db, { lost, heir, reason, now: Date.now() }));
  return `${lost.unit} will share the reward of ${heir.unit}: the mint does it within seconds, or when it is started\n`;
}

function find(reports: readonly EpochReport[], name: string): EpochReport {
  const found = reports.filter(({ epoch }) => epoch.unit === name || String(epoch.openedHeight) === name);
  const [one] = found;
  if (one && found.length === 1) return one;
  throw new HashpoolError(
    'unknown-epoch',
    one
      ? `${found.length} pools have an epoch that opened at ${name}: give its unit`
      : `there is no epoch ${name}; npm run epochs -- list has them all`,
  );
}

function asJson({ epoch, phase, quotes, work, issued, autoPaid, sharesWith, redeemableAt }: EpochReport) {
  return {
    unit: epoch.unit,
    phase,
    opened_height: epoch.openedHeight,
    opened_by: blockName(epoch.openedHashLe),
    policy: epoch.policy,
    minimum_difficulty: epoch.minimumDifficulty,
    fee_ppm: epoch.feePpm,
    window_blocks: epoch.windowBlocks,
    quotes,
    ehash: work,
    minted: issued,
    auto_paid: autoPaid,
    closed_height: epoch.closing?.height ?? null,
    closed_by: blockName(epoch.closing?.hashLe),
    reward_sat: epoch.closing?.reward ?? null,
    gifts_sat: epoch.gifts,
    shares_reward_of: sharesWith ?? null,
    redeemable_height: redeemableAt ?? null,
    payable_sat: epoch.price?.payableSats ?? null,
  };
}

await runCommand('npm run epochs', () => main(process.argv.slice(2)));
