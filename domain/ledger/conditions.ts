import { hash } from 'node:crypto';
import { cashuError } from '../../protocols/cashu/errors.ts';
import {
  type LockCheck,
  lockOf,
  type Path,
  parseWitness,
  type SpendingLock,
  sigAllMessage,
  type Witness,
} from '../../protocols/cashu/nut11.ts';
import { opensHash } from '../../protocols/cashu/nut14.ts';
import type { SignedOutput } from '../../protocols/cashu/nut20.ts';
import { isHashpoolError } from '../../protocols/errors.ts';
import type { Input } from './tokens.ts';

/** What a request does with its inputs, as far as a SIG_ALL signature covers it. */
export interface Spending {
  /** A swap's outputs, or the blank ones of a melt (NUT-08), as the wallet sent them. */
  readonly outputs: readonly SignedOutput[];
  /** The quote that a melt pays, as the wallet names it. */
  readonly quote?: string;
}

/** The check of one input's lock. */
export interface InputCheck extends LockCheck {
  /** Its place among the inputs. */
  readonly input: number;
}

/** The conditions of a request's inputs. */
export interface Conditions {
  readonly checks: readonly InputCheck[];
  /** For each input whether it has a condition, so that its witness is to be kept (NUT-07). */
  readonly isLocked: readonly boolean[];
}

/** Pairs of a signature and a key that one request may make the mint try: what 1,000 proofs of 2-of-3 take. */
export const MAX_SIGNATURE_CHECKS = 6_000;

/**
 * What has to be signed for inputs to be spent (NUT-10, NUT-11, NUT-14), all but the curve: what needs no signature
 * is settled here.
 * @param now Unix seconds
 * @throws HashpoolError 'proof-invalid' where a lock is malformed, 'witness-invalid' where no signature could help,
 * 'too-many-inputs'
 */
export function conditionsOf(inputs: readonly Input[], spending: Spending, now: number): Conditions {
  const locks = inputs.map(({ secret }, i) => lockAt(secret, i));
  const checks = locks.some((lock) => lock?.coversAll)
    ? checkOfAll(inputs, locks, spending, now)
    : inputs.flatMap((input, i) => checkOf(input, i, locks[i], input.secret, now));
  const work = checks.reduce((sum, check) => sum + check.signatures.length * keyCount(check), 0);
  if (work > MAX_SIGNATURE_CHECKS) {
    throw cashuError(
      'too-many-inputs',
      `their locks and witnesses make ${work} signature checks; at most ${MAX_SIGNATURE_CHECKS}, split the request`,
    );
  }
  return { checks, isLocked: locks.map((lock) => lock !== undefined) };
}

/** An error for an input whose condition is not met. */
export function notUnlocked(input: number, trouble: string): Error {
  return cashuError('witness-invalid', `inputs[${input}] is locked by ${trouble}`);
}

function lockAt(secret: string, i: number): SpendingLock | undefined {
  try {
    return lockOf(secret);
  } catch (error) {
    if (!isHashpoolError(error, 'secret-malformed')) throw error;
    throw cashuError(
      'proof-invalid',
      `inputs[${i}].secret states a lock that nobody can open: ${error.message}`,
      error,
    );
  }
}

/** One signature over the whole request, in the first input's witness; all inputs must have one lock. */
function checkOfAll(
  inputs: readonly Input[],
  locks: readonly (SpendingLock | undefined)[],
  { outputs, quote }: Spending,
  now: number,
): InputCheck[] {
  const other = locks.findIndex((lock) => lock?.terms !== locks[0]?.terms);
  if (other >= 0) {
    throw notUnlocked(
      other,
      'other terms than inputs[0]; where one is SIG_ALL, all must share kind, data and tags',
    );
  }
  return inputs
    .slice(0, 1)
    .flatMap((input) => checkOf(input, 0, locks[0], sigAllMessage(inputs, outputs, quote), now));
}

/** The check that one lock asks for; none where it is open without a signature. */
function checkOf(
  { witness: text }: Input,
  input: number,
  lock: SpendingLock | undefined,
  signed: string,
  now: number,
): InputCheck[] {
  if (!lock) return [];
  const witness = parseWitness(text);
  const paths = openPaths(lock, witness, now);
  if (paths.length === 0) throw notUnlocked(input, 'HTLC, witness.preimage is not that of its hash');
  if (paths.some(({ needed }) => needed === 0)) return [];
  const { signatures } = witness;
  if (signatures.length === 0) {
    throw notUnlocked(input, `${lock.kind}, signatures not provided in its witness; sign with its keys`);
  }
  return [{ input, message: hash('sha256', signed, 'buffer'), signatures, paths }];
}

function openPaths(
  { main, refund, locktime, hash: lock }: SpendingLock,
  { preimage }: Witness,
  now: number,
): Path[] {
  const isExpired = locktime !== undefined && locktime < now;
  return [
    ...(lock === undefined || opensHash(preimage, lock) ? [main] : []),
    ...(isExpired ? [refund ?? { keys: [], needed: 0 }] : []),
  ];
}

function keyCount({ paths }: LockCheck): number {
  return paths.reduce((sum, { keys }) => sum + keys.length, 0);
}
