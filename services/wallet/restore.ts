import { type Output, unblindOne } from './blinding.ts';
import { findInvoices } from './invoice.ts';
import type { Keyset } from './keysets.ts';
import { KEY_GAP, type LockKeys } from './lock-keys.ts';
import { lookUp } from './look-up.ts';
import { deriveOutputs } from './outputs.ts';
import { type Proof, sumOf } from './proofs.ts';
import type { Parts } from './settle.ts';

/** Outputs of one request, as NUT-13 has it. */
const OUTPUTS_PER_REQUEST = 100;
/** Empty requests in a row after which a keyset is done: NUT-13's three, and two more since some counters are never signed. */
const EMPTY_REQUESTS = 5;
/** Keys of one look-up. */
const KEYS_PER_REQUEST = 50;

export interface Restored {
  /** Lock keys that have had a quote. */
  readonly keys: number;
  /** Unspent proofs, and their sum over all units. */
  readonly proofs: number;
  readonly amount: bigint;
}

/**
 * Finds everything that belongs to the seed: the tokens that the mint has signed (NUT-09, NUT-13) and are not
 * spent (NUT-07), and the quotes locked to its keys, of shares and of invoices. What the wallet has already stays as it is.
 * @throws HashpoolError those of `requestMint`; what was found until then is kept, and it can be run again
 */
export async function restoreAll(parts: Parts, lockKeys: LockKeys): Promise<Restored> {
  const keys = await restoreLockKeys(parts, lockKeys);
  const found: Proof[] = [];
  for (const keyset of parts.keysets.all()) found.push(...(await restoreKeyset(parts, keyset)));
  return { keys, proofs: found.length, amount: sumOf(found) };
}

async function restoreLockKeys(parts: Parts, lockKeys: LockKeys): Promise<number> {
  const hasInvoices = await parts.mint.findsQuotes('bolt11');
  let found = 0;
  let unused = 0;
  for (let first = 0; unused < KEY_GAP && !parts.isClosing(); first += KEYS_PER_REQUEST) {
    const keys = Array.from({ length: KEYS_PER_REQUEST }, (_, i) => parts.seed.lockKey(first + i));
    const { used } = await lookUp(parts, lockKeys, keys, 'all');
    if (hasInvoices) for (const index of await findInvoices(parts, lockKeys, keys)) used.add(index);
    found += used.size;
    unused = used.size === 0 ? unused + KEYS_PER_REQUEST : 0;
  }
  return found;
}

/** @returns the unspent proofs found, also those that the wallet had */
async function restoreKeyset(parts: Parts, keyset: Keyset): Promise<Proof[]> {
  const unspent: Proof[] = [];
  let empty = 0;
  for (let first = 0; empty < EMPTY_REQUESTS && !parts.isClosing(); first += OUTPUTS_PER_REQUEST) {
    const outputs = deriveOutputs(parts, keyset.id, first, new Array(OUTPUTS_PER_REQUEST).fill(0n));
    const signatures = await parts.mint.restore(outputs.map(({ message }) => message));
    empty = signatures.size === 0 ? empty + 1 : 0;
    const signed = outputs.filter(({ message }) => signatures.has(message.B_));
    const last = signed.at(-1);
    if (last) parts.keysets.raiseCounter(keyset.id, first + outputs.indexOf(last) + 1);
    const spent = await spentSecrets(parts, signed);
    const found: Proof[] = [];
    for (const output of signed.filter(({ secret }) => !spent.has(secret))) {
      const signature = signatures.get(output.message.B_);
      if (signature) found.push(unblindOne(parts.curve, output, signature, keyset));
    }
    parts.journal.lost([...spent], 'found spent by a restore');
    parts.journal.restored(keyset.unit, found);
    unspent.push(...found);
  }
  return unspent;
}

async function spentSecrets({ mint }: Parts, outputs: readonly Output[]): Promise<Set<string>> {
  if (outputs.length === 0) return new Set();
  return new Set(await mint.spentOf(outputs.map(({ secret }) => secret)));
}
