import type { DatabaseSync } from 'node:sqlite';
import { getEncodedToken } from '@cashu/cashu-ts';
import { HashpoolError } from '../../protocols/errors.ts';
import { inTransaction } from '../../runtime/sql/database.ts';
import { amountsOf } from './outputs.ts';
import { type Proof, sumOf, toCashuProof } from './proofs.ts';
import { selectExactly, selectForSwap } from './select-proofs.ts';
import type { Parts } from './settle.ts';
import { feeOf, swapOwn } from './swap.ts';

/** Another process may take the very proofs that a swap has just made, and has then sent its own; after this many times it is said so. */
const ATTEMPTS = 10;
/** Tokens of one check with the mint whether they were claimed. */
const PROOFS_PER_CHECK = 100;

/** A token that was handed out and that nobody has claimed yet. */
export interface SentToken {
  readonly token: string;
  readonly unit: string;
  readonly amount: bigint;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface Sender {
  /**
   * Takes `amount` out of the wallet as a token (NUT-00, version 4). Proofs that add up to it go as they are, without
   * the mint; else one is swapped first. The token is stored with the wallet before it is returned.
   * @param unit needed where the wallet holds several
   * @throws HashpoolError 'bad-amount', 'unit-needed', 'not-enough', 'no-active-keyset', and those of `swapOwn`
   */
  send(amount: bigint, unit?: string): Promise<string>;
  /** Asks the mint which tokens were claimed. */
  check(): Promise<void>;
}

/** @param prepare what must precede a swap */
export function openSender(parts: Parts, db: DatabaseSync, prepare: () => Promise<unknown>): Sender {
  const { proofs, keysets, clock, mint } = parts;
  const insert = db.prepare(
    `INSERT INTO operations (kind, state, unit, pid, since) VALUES ('send', 'done', ?, ?, ?) RETURNING id`,
  );
  const setToken = db.prepare('UPDATE operations SET token = ? WHERE id = ?');
  const outstanding = db.prepare(
    `SELECT p.secret FROM proofs p JOIN operations o ON o.id = p.operation
     WHERE o.kind = 'send' AND p.state = 'reserved' ORDER BY random() LIMIT ?`,
  );

  /** The token and the note that it is out are one transaction. */
  function sendExactly(amount: bigint, unit: string): string | undefined {
    return inTransaction(db, () => {
      const chosen = selectExactly(proofs.unspent(unit), amount);
      if (!chosen) return undefined;
      const id = Number(insert.get(unit, process.pid, clock())?.['id']);
      proofs.reserve(chosen, id, clock());
      const token = getEncodedToken({ mint: mint.url, unit, proofs: chosen.map(toCashuProof) });
      setToken.run(token, id);
      return token;
    });
  }

  function changeFor(amount: bigint, unit: string, unspent: readonly Proof[]) {
    const choice = selectForSwap(unspent, amount, (inputs) => feeOf(parts, inputs));
    if (!choice) {
      throw new HashpoolError(
        'not-enough',
        `the wallet holds ${sumOf(unspent)} ${unit}: too little to send ${amount}, fees included`,
      );
    }
    const change = sumOf(choice.inputs) - feeOf(parts, choice.inputs) - choice.missing;
    const outputs = [...amountsOf(choice.missing), ...amountsOf(change)].sort((a, b) =>
      a < b ? -1 : a > b ? 1 : 0,
    );
    return { inputs: choice.inputs, outputs };
  }

  return {
    send: async (amount, wantedUnit) => {
      if (amount <= 0n) throw new HashpoolError('bad-amount', `the amount must be 1 or more, not ${amount}`);
      const unit = wantedUnit ?? onlyUnit(parts);
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const token = sendExactly(amount, unit);
        if (token) return token;
        await prepare();
        await swapOwn(parts, keysets.activeFor(unit), (unspent) => changeFor(amount, unit, unspent));
      }
      throw new HashpoolError('wallet-busy', 'other processes are using this wallet just now: try again');
    },
    check: async () => {
      const secrets = outstanding.all(PROOFS_PER_CHECK).map((row) => String(row['secret']));
      if (secrets.length > 0) proofs.markSpent(await mint.spentOf(secrets), clock());
    },
  };
}

function onlyUnit(parts: Parts): string {
  const held = parts.proofs.sums().filter(({ state, kind }) => state === 'unspent' || kind !== 'send');
  const units = [...new Set(held.map(({ unit }) => unit))];
  const [unit] = units;
  if (!unit) throw new HashpoolError('not-enough', 'the wallet is empty: nothing to send');
  if (units.length > 1) {
    throw new HashpoolError('unit-needed', `say of which unit: the wallet holds ${units.join(', ')}`);
  }
  return unit;
}
