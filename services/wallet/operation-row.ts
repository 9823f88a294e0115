import type { ForeignProof, Operation } from './journal.ts';
import type { LockedOutputs } from './locked-outputs.ts';

/** The inputs of a foreign token, as the journal's row holds them. */
export function packProofs(proofs: readonly ForeignProof[]): string | null {
  if (proofs.length === 0) return null;
  return JSON.stringify(proofs.map((proof) => ({ ...proof, amount: String(proof.amount) })));
}

export function packLocked(locked: LockedOutputs | undefined): string | null {
  return locked ? JSON.stringify({ ...locked, amounts: locked.amounts.map(String) }) : null;
}

export function packMelt(melt: Operation['melt']): string | null {
  return melt ? JSON.stringify({ ...melt, amount: String(melt.amount) }) : null;
}

/** @param row of `operations`, integers as bigint */
export function toOperation(row: Record<string, unknown>): Operation {
  return {
    id: Number(row['id']),
    kind: row['kind'] as Operation['kind'],
    unit: String(row['unit']),
    keysetId: String(row['keyset_id']),
    firstCounter: Number(row['first_counter']),
    amounts: (JSON.parse(String(row['amounts'])) as string[]).map(BigInt),
    fee: BigInt(String(row['fee'])),
    foreignInputs: unpackProofs(row['foreign_inputs']),
    locked: unpackLocked(row['locked']),
    melt: unpackMelt(row['melt']),
    note: String(row['note']),
  };
}

type Packed<T, K extends keyof T, P> = Omit<T, K> & Readonly<Record<K, P>>;

function unpackProofs(text: unknown): ForeignProof[] {
  if (typeof text !== 'string') return [];
  const rows = JSON.parse(text) as (Packed<ForeignProof, 'amount', string> | PackedBefore)[];
  return rows.map((row) => {
    if (!Array.isArray(row)) return { ...row, amount: BigInt(row.amount) };
    const [secret, keysetId, amount, c] = row;
    return { secret, keysetId, amount: BigInt(amount), c };
  });
}

/** What version 1 of the schema wrote: secret, keyset, amount, C. */
type PackedBefore = [string, string, string, string];

function unpackLocked(text: unknown): LockedOutputs | undefined {
  if (typeof text !== 'string') return undefined;
  const row = JSON.parse(text) as Packed<LockedOutputs, 'amounts', readonly string[]>;
  return { ...row, amounts: row.amounts.map(BigInt) };
}

function unpackMelt(text: unknown): Operation['melt'] {
  if (typeof text !== 'string') return undefined;
  const { quote, amount } = JSON.parse(text) as { quote: string; amount: string };
  return { quote, amount: BigInt(amount) };
}
