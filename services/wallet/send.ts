import { randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { toHex } from '../../protocols/bytes.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import { inTransaction } from '../../runtime/sql/database.ts';
import { checkLock, type Lock } from './locked-outputs.ts';
import { amountsOf } from './outputs.ts';
import { encodeToken, type Proof, sumOf } from './proofs.ts';
import { selectAtLeast, selectExactly, selectForSwap } from './select-proofs.ts';
import type { Parts } from './settle.ts';
import { type Choice, feeOf, swapOwn } from './swap.ts';

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

/** What is to be sent. */
export interface SendOrder {
  /** In units, 1 or more. */
  readonly amount: bigint;
  /** Needed where the wallet holds several. */
  readonly unit?: string | undefined;
  /** Whom alone the token is for; without one, for whoever reads it first. */
  readonly lock?: Lock | undefined;
  /** What it is for, in words, for the history. */
  readonly note?: string | undefined;
}

export interface Sender {
  /**
   * Takes an amount out of the wallet as a token (NUT-00, version 4). Proofs that add up to it go as they are, without
   * the mint; else one is swapped first, and always for a lock. The token is stored with the wallet before it is
   * returned.
   * @throws HashpoolError 'bad-amount', 'unit-needed', 'not-enough', 'no-active-keyset', 'bad-lock',
   * 'lock-not-enforced' where the mint would let anybody spend it, and those of `swapOwn`
   */
  send(order: SendOrder): Promise<string>;
  /** Asks the mint which tokens were claimed. */
  check(): Promise<void>;
}

/** @param prepare what must precede a swap */
export function openSender(parts: Parts, db: DatabaseSync, prepare: () => Promise<unknown>): Sender {
  const { proofs, keysets, history, clock, mint } = parts;
  const insert = db.prepare(
    `INSERT INTO operations (kind, state, unit, token, pid, since) VALUES ('send', 'done', ?, ?, ?, ?) RETURNING id`,
  );
  const outstanding = db.prepare(
    `SELECT p.secret FROM proofs p JOIN operations o ON o.id = p.operation
     WHERE o.token IS NOT NULL AND p.state = 'reserved' ORDER BY random() LIMIT ?`,
  );

  /** The token and the note that it is out are one transaction. */
  function sendExactly(amount: bigint, unit: string, note: string): string | undefined {
    return inTransaction(db, () => {
      const chosen = selectExactly(proofs.unspent(unit), amount);
      if (!chosen) return undefined;
      const token = encodeToken(mint.url, unit, chosen);
      const id = Number(insert.get(unit, token, process.pid, clock())?.['id']);
      proofs.reserve(chosen, id, clock());
      history.add({ kind: 'sent', unit, amount: -amount, fee: 0n, note }, clock());
      return token;
    });
  }

  function notEnough(amount: bigint, unit: string, unspent: readonly Proof[]): HashpoolError {
    const inFlight = sumOf(proofs.sums().filter((sum) => sum.unit === unit && sum.state === 'reserved'));
    return new HashpoolError(
      'not-enough',
      `the wallet holds ${sumOf(unspent)} ${unit}: too little to send ${amount}, fees included${
        inFlight > 0n ? `; ${inFlight} more are in flight, try again` : ''
      }`,
    );
  }

  /** Outputs of which some add up to `amount`, together with what is there already. */
  function changeFor(amount: bigint, unit: string, unspent: readonly Proof[]): Choice {
    const choice = selectForSwap(unspent, amount, (inputs) => feeOf(parts, inputs));
    if (!choice) throw notEnough(amount, unit, unspent);
    const fee = feeOf(parts, choice.inputs);
    const change = sumOf(choice.inputs) - fee - choice.missing;
    return { inputs: choice.inputs, amounts: [...amountsOf(choice.missing), ...amountsOf(change)], fee };
  }

  function inputsFor(amount: bigint, unit: string, unspent: readonly Proof[]): Choice {
    const inputs = selectAtLeast(unspent, amount, (chosen) => feeOf(parts, chosen));
    if (!inputs) throw notEnough(amount, unit, unspent);
    const fee = feeOf(parts, inputs);
    return { inputs, amounts: amountsOf(sumOf(inputs) - fee - amount), fee };
  }

  async function sendLocked(amount: bigint, unit: string, lock: Lock, note: string): Promise<string> {
    checkLock(parts.curve, lock);
    // NUT-14 builds on NUT-11, whose tags an HTLC may have.
    for (const nut of lock.kind === 'HTLC' ? ([14, 11] as const) : ([11] as const)) {
      if (await mint.supports(nut)) continue;
      throw new HashpoolError(
        'lock-not-enforced',
        `the mint does not say that it enforces NUT-${nut}: anybody could spend the token; send it without a lock`,
      );
    }
    const settled = await swapOwn(parts, {
      kind: 'lock',
      keyset: keysets.activeFor(unit),
      locked: { lock, amounts: amountsOf(amount), nonce: toHex(randomBytes(32)) },
      note,
      choose: (unspent) => inputsFor(amount, unit, unspent),
    });
    if (settled?.token) return settled.token;
    throw new HashpoolError('not-enough', `nothing was chosen to send ${amount} ${unit} with`);
  }

  return {
    send: async ({ amount, unit: wantedUnit, lock, note = '' }) => {
      if (amount <= 0n) throw new HashpoolError('bad-amount', `the amount must be 1 or more, not ${amount}`);
      if (lock) {
        await prepare();
        return sendLocked(amount, unitNamed(parts, wantedUnit), lock, note);
      }
      const unit = unitNamed(parts, wantedUnit);
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const token = sendExactly(amount, unit, note);
        if (token) return token;
        await prepare();
        // Of a unit that the mint does not sign, too, what is missing is said first.
        const held = proofs.unspent(unit);
        if (sumOf(held) < amount) throw notEnough(amount, unit, held);
        const choose = (unspent: readonly Proof[]) => changeFor(amount, unit, unspent);
        await swapOwn(parts, { kind: 'swap', keyset: keysets.activeFor(unit), choose });
      }
      throw new HashpoolError('wallet-busy', 'other processes are using this wallet just now: try again');
    },
    check: async () => {
      const secrets = outstanding.all(PROOFS_PER_CHECK).map((row) => String(row['secret']));
      if (secrets.length > 0) proofs.markSpent(await mint.spentOf(secrets), clock());
    },
  };
}

interface UnitHolder {
  readonly proofs: { sums(): readonly { unit: string; state: string; amount: bigint }[] };
}

/**
 * The unit that is meant: the end of one is enough, as its height; where none is named, the only one that the wallet has.
 * An amount says nothing of what it is worth, so that none is chosen for its owner among several.
 * @throws HashpoolError 'not-enough', 'unit-needed'
 */
export function unitNamed({ proofs }: UnitHolder, wanted: string | undefined): string {
  const held = new Map<string, bigint>();
  for (const { unit, state, amount } of proofs.sums())
    if (state !== 'sent') held.set(unit, (held.get(unit) ?? 0n) + amount);
  if (wanted !== undefined && held.has(wanted)) return wanted;
  const found = [...held.keys()].filter((unit) => wanted === undefined || unit.endsWith(wanted));
  const [unit] = found;
  if (unit !== undefined && found.length === 1) return unit;
  const list = [...held].map(([name, amount]) => `\n  ${name} (${amount})`).join('');
  if (held.size === 0) throw new HashpoolError('not-enough', 'the wallet is empty: nothing to send');
  if (wanted !== undefined && found.length === 0) return wanted;
  throw new HashpoolError(
    'unit-needed',
    `say of which unit by --unit, of which the end is enough, such as the height; the wallet holds${list}`,
  );
}
