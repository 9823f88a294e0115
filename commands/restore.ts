import { mkdirSync } from 'node:fs';
import { lockFolder } from '../services/supervisor/lock.ts';
import { checkFolder, type StateFolder, stateFolder } from '../services/supervisor/state-folder.ts';
import { readOrHelp, runCommand, usageError } from './appliance/command-line.ts';
import { databasePaths } from './appliance/databases.ts';
import { toJsonLine } from './appliance/summary.ts';
import { acceptStatedLoss } from './backups/accept-stated-loss.ts';
import { type Restored, restoreBackup } from './backups/restore-backup.ts';
import { placesOf } from './backups/roles.ts';

const usage = `npm run restore -- FILE [--state DIR] [--role ROLE ...] [--journal DIR] [--force] [--identity FILE] [--json]
npm run restore -- --accept-loss [--yes] [--state DIR]

Puts the databases of a backup in place, of an appliance that does not run, after checking them, and does again what the
mint's journal holds since. Without the journal the mint only reads, until the loss is accepted, which the second form
states in words before it asks.

  --state DIR      the appliance's folder (default .state)
  --role ROLE      mint, pool, translator, pool-stats or proxy-stats; several times (default: all that the backup holds)
  --journal DIR    the mint's journal (default: [backup] journal_path of the mint's config)
  --force          moves databases that are there aside
  --identity FILE  age's secret key, for a backup that is encrypted to it
  --json           one line of JSON`;

async function main(args: readonly string[]): Promise<number> {
  // What is unpacked and packed on the way is nobody else's either.
  process.umask(0o077);
  const { values, positionals } = readOrHelp(usage, args, {
    state: { type: 'string', default: '.state' },
    role: { type: 'string', multiple: true },
    journal: { type: 'string' },
    force: { type: 'boolean', default: false },
    identity: { type: 'string' },
    'accept-loss': { type: 'boolean', default: false },
    yes: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  });
  const [file, ...rest] = positionals;
  if (rest.length > 0 || (file === undefined) !== values['accept-loss'])
    throw usageError('name one backup, or --accept-loss alone; --help says more');
  const state = stateFolder(values.state);
  checkFolder(state);
  mkdirSync(state.root, { recursive: true, mode: 0o700 });
  return locked(state, async () => {
    const paths = databasePaths(state);
    const journal = values.journal ?? paths.journal;
    if (file === undefined) {
      const say = (text: string) => void process.stdout.write(text);
      return acceptStatedLoss({ place: paths.mint, journal, isConfirmed: values.yes, say });
    }
    const restored = await restoreBackup({
      file,
      places: placesOf(paths, values.role),
      journal,
      force: values.force,
      identity: values.identity,
      work: state.backups,
      now: new Date(),
    });
    process.stdout.write(values.json ? `${toJsonLine(restored)}\n` : report(restored));
    return 0;
  });
}

/** While nobody else runs on the folder. @throws HashpoolError 'state-in-use' */
async function locked<T>(state: StateFolder, work: () => Promise<T>): Promise<T> {
  const lock = lockFolder(state.lock, process.pid);
  try {
    return await work();
  } finally {
    lock.release();
  }
}

function report({ manifest, restored, aside, mint }: Restored): string {
  const lines = [
    `restored ${restored.join(', ')} as of ${manifest.made}`,
    ...aside.map((path) => `what was there is ${path} now`),
  ];
  if (mint?.frozen !== undefined) {
    lines.push(`the mint only reads: ${mint.frozen}`);
    lines.push('npm run restore -- --accept-loss says what going on without the rest would cost');
  } else if (mint) {
    lines.push(`the journal brought ${mint.redone} transactions back: nothing is missing`);
  }
  return `${lines.join('\n')}\n`;
}

await runCommand('npm run restore', () => main(process.argv.slice(2)));
