import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { HashpoolError } from '../../protocols/errors.ts';
import { acceptLoss, describeLoss, lossOf } from '../../roles/mint/accept-loss.ts';
import { schema } from '../../roles/mint/store/schema.ts';
import { journalFiles } from '../../runtime/sql/journal/reader.ts';
import { openPlace } from '../../runtime/sql/open.ts';

export interface AcceptOptions {
  /** The mint's database. */
  readonly place: string;
  readonly journal: string | undefined;
  /** The operator has confirmed already. */
  readonly isConfirmed: boolean;
  /** Tells the operator. */
  say(text: string): void;
}

/**
 * States what going on from an older copy costs, asks, and lets the mint go on. What is left of its journal does not
 * belong to what follows and is set aside.
 * @throws HashpoolError 'nothing-lost', 'not-confirmed'
 */
export async function acceptStatedLoss(options: AcceptOptions): Promise<number> {
  const { place, journal, isConfirmed } = options;
  const db = openPlace(place, schema);
  try {
    const loss = lossOf(db);
    if (!loss) throw new HashpoolError('nothing-lost', 'the mint is not frozen: there is no loss to accept');
    const statement = describeLoss(loss).join('\n');
    options.say(`${statement}\n`);
    if (!isConfirmed && !(await confirmed()))
      throw new HashpoolError('not-confirmed', 'nothing was changed: the mint still only reads');
    const now = Date.now();
    if (journal !== undefined && existsSync(journal)) setAside(journal, now);
    acceptLoss(db, statement, now);
    options.say('accepted: start the mint; take a backup then\n');
    return 0;
  } finally {
    db.close();
  }
}

function setAside(journal: string, now: number): void {
  const files = journalFiles(journal);
  if (files.length === 0) return;
  const folder = join(journal, `aside-${now}`);
  mkdirSync(folder, { mode: 0o700 });
  for (const file of files) renameSync(file, join(folder, basename(file)));
}

async function confirmed(): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new HashpoolError('not-confirmed', 'nobody to ask: --yes says that the loss is accepted');
  const prompt = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await prompt.question('accept this loss? [y/N] ')).trim());
  } finally {
    prompt.close();
  }
}
