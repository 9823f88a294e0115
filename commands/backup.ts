import { relative } from 'node:path';
import { existingState } from '../services/supervisor/state-folder.ts';
import { readOrHelp, refuseWords, runCommand, usageError } from './appliance/command-line.ts';
import { databasePaths } from './appliance/databases.ts';
import { toJsonLine } from './appliance/summary.ts';
import { type Backup, makeBackup } from './backups/make-backup.ts';
import { placesOf } from './backups/roles.ts';

const usage = `npm run backup -- [--state DIR] [--to DIR] [--keep N] [--role ROLE ...] [--encrypt-to KEY] [--json]

Copies the databases of an appliance, which may run meanwhile, into one file, and checks it: SQLite's or PostgreSQL's
own integrity, the mint's sums, the file's hashes. Keys and seeds are not in it: keep a copy of credentials/ elsewhere.

  --state DIR       the appliance's folder (default .state)
  --to DIR          where backups are kept, best on another machine's disk (default backups)
  --keep N          how many stay; older ones are dropped after the new one is checked (default 7)
  --role ROLE       mint, pool, translator, pool-stats or proxy-stats; several times (default: all that are there)
  --encrypt-to KEY  age1..., or the id of a GPG key
  --json            one line of JSON`;

/** A mint that keeps none can't bring back what it was given. */
const MOST_KEPT = 10_000;

async function main(args: readonly string[]): Promise<number> {
  // What is unpacked and packed on the way is nobody else's either.
  process.umask(0o077);
  const { values, positionals } = readOrHelp(usage, args, {
    state: { type: 'string', default: '.state' },
    to: { type: 'string', default: 'backups' },
    keep: { type: 'string', default: '7' },
    role: { type: 'string', multiple: true },
    'encrypt-to': { type: 'string' },
    json: { type: 'boolean', default: false },
  });
  refuseWords(positionals);
  const keep = countOf(values.keep);
  const state = existingState(values.state);
  const paths = databasePaths(state);
  const backup = await makeBackup({
    places: placesOf(paths, values.role),
    to: values.to,
    notes: state.backups,
    keep,
    recipient: values['encrypt-to'],
    journal: paths.journal,
    now: new Date(),
  });
  process.stdout.write(values.json ? `${toJsonLine(backup)}\n` : report(backup));
  return 0;
}

function countOf(text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count >= 1 && count <= MOST_KEPT) return count;
  throw usageError(`--keep is "${text}"; it must be a number from 1 to ${MOST_KEPT}`);
}

function report({ file, manifest, dropped }: Backup): string {
  const files = manifest.files.map(({ name, bytes }) => `${name} ${bytes} bytes`).join(', ');
  const units = Object.entries(manifest.mint?.units ?? {}).map(
    ([unit, { outstanding }]) => `  ${outstanding} ${unit} out as tokens`,
  );
  const lines = [
    `${relative('.', file)}: ${files}`,
    ...units,
    ...dropped.map((name) => `dropped ${name}`),
    'keys are not in it: keep a copy of credentials/ elsewhere',
  ];
  return `${lines.join('\n')}\n`;
}

await runCommand('npm run backup', () => main(process.argv.slice(2)));
