import { toHex } from '../../protocols/bytes.ts';
import { sumOf } from '../../protocols/cashu/amount.ts';
import { type CashuErrorCode, cashuError } from '../../protocols/cashu/errors.ts';

/** What the rules below need of a keyset. */
export interface Keyset {
  /** 66 hex digits. */
  readonly id: string;
  readonly unit: string;
  /** Whether new tokens are signed; old ones are taken either way. */
  readonly isActive: boolean;
  /** What spending one proof costs, in thousandths of the unit. */
  readonly inputFeePpk: number;
  /** Unix seconds from which its tokens are worth nothing; undefined for never. */
  readonly finalExpiry: number | undefined;
}

/** A blinded message to be signed (NUT-00). */
export interface Output {
  readonly keysetId: string;
  readonly exponent: number;
  /** B_, 33 bytes. */
  readonly blinded: Uint8Array;
}

/** A proof to be spent (NUT-00). */
export interface Input {
  readonly keysetId: string;
  readonly exponent: number;
  readonly secret: string;
  /** C, 33 bytes. */
  readonly signature: Uint8Array;
  /** What unlocks a locked proof, JSON in a text (NUT-10). */
  readonly witness?: string;
}

/** Inputs that `checkInputs` has passed: what spends them asks for this and not for mere inputs. */
export interface CheckedInputs {
  readonly inputs: readonly Input[];
  readonly unit: string;
  /** In units of the keysets. */
  readonly sum: bigint;
  /** What spending them costs (NUT-02). */
  readonly fee: bigint;
}

/** Inputs, and outputs, of one request; the spec leaves the number to the mint. */
export const MAX_TOKENS = 1000;

/**
 * Whether outputs may be signed: known active keysets of one unit, nothing twice, not too many.
 * @param now Unix seconds
 * @returns their unit
 * @throws HashpoolError 'request-malformed', 'too-many-outputs', 'duplicate-outputs', 'keyset-unknown', 'keyset-expired', 'keyset-inactive', 'several-units'
 */
export function checkOutputs(
  outputs: readonly Output[],
  keysets: ReadonlyMap<string, Keyset>,
  now: number,
): string {
  checkCount(outputs.length, 'outputs', 'too-many-outputs');
  checkDistinct(
    outputs.map(({ blinded }) => toHex(blinded)),
    'outputs',
    'B_',
    'duplicate-outputs',
  );
  return commonUnit(outputs, 'outputs', (keysetId, where) => {
    const keyset = keysetOf(keysetId, keysets, where, now);
    if (keyset.isActive) return keyset.unit;
    throw cashuError('keyset-inactive', `${where}.id is ${keysetId}; take an active one of /v1/keysets`);
  });
}

/**
 * Whether inputs may be spent, as far as that shows without a curve or a ledger.
 * @param now Unix seconds
 * @throws HashpoolError 'request-malformed', 'too-many-inputs', 'duplicate-inputs', 'keyset-unknown', 'keyset-expired', 'several-units'
 */
export function checkInputs(
  inputs: readonly Input[],
  keysets: ReadonlyMap<string, Keyset>,
  now: number,
): CheckedInputs {
  checkCount(inputs.length, 'inputs', 'too-many-inputs');
  checkDistinct(
    inputs.map(({ secret }) => secret),
    'inputs',
    'secret',
    'duplicate-inputs',
  );
  let feePpk = 0;
  const unit = commonUnit(inputs, 'inputs', (keysetId, where) => {
    const keyset = keysetOf(keysetId, keysets, where, now);
    feePpk += keyset.inputFeePpk;
    return keyset.unit;
  });
  const sum = sumOf(inputs.map(({ exponent }) => exponent));
  return { inputs, unit, sum, fee: BigInt(Math.ceil(feePpk / 1000)) };
}

/**
 * Whether a swap is well-formed (NUT-03): both sides hold up by themselves, are of one unit, and the inputs are
 * worth the outputs and their own fee (NUT-02).
 * @param now Unix seconds
 * @throws HashpoolError 'units-differ', 'not-balanced' and those of both sides
 */
export function checkSwap(
  inputs: readonly Input[],
  outputs: readonly Output[],
  keysets: ReadonlyMap<string, Keyset>,
  now: number,
): CheckedInputs {
  const paid = checkInputs(inputs, keysets, now);
  const unit = checkOutputs(outputs, keysets, now);
  if (paid.unit !== unit) throw cashuError('units-differ', `inputs are in ${paid.unit}, outputs in ${unit}`);
  const asked = sumOf(outputs.map(({ exponent }) => exponent));
  if (paid.sum - paid.fee !== asked) {
    const less = paid.fee > 0n ? ` less a fee of ${paid.fee}` : '';
    throw cashuError('not-balanced', `inputs are worth ${paid.sum}${less}, outputs ask for ${asked}`);
  }
  return paid;
}

function checkCount(count: number, field: string, code: CashuErrorCode): void {
  if (count === 0) throw cashuError('request-malformed', `${field} is empty; give one at least`);
  if (count > MAX_TOKENS)
    throw cashuError(code, `${field} has ${count}; at most ${MAX_TOKENS}, split the request`);
}

function checkDistinct(values: readonly string[], field: string, name: string, code: CashuErrorCode): void {
  const seen = new Set<string>();
  values.forEach((value, i) => {
    if (seen.has(value))
      throw cashuError(code, `${field}[${i}].${name} stands twice; each may be given once`);
    seen.add(value);
  });
}

function keysetOf(
  keysetId: string,
  keysets: ReadonlyMap<string, Keyset>,
  where: string,
  now: number,
): Keyset {
  const keyset = keysets.get(keysetId);
  if (!keyset)
    throw cashuError('keyset-unknown', `${where}.id is ${keysetId}; /v1/keysets lists this mint's`);
  if (keyset.finalExpiry === undefined || now < keyset.finalExpiry) return keyset;
  throw cashuError('keyset-expired', `${where}.id is ${keysetId}, which ended at ${keyset.finalExpiry}`);
}

function commonUnit(
  tokens: readonly { readonly keysetId: string }[],
  field: string,
  unitOf: (keysetId: string, where: string) => string,
): string {
  const units = tokens.map(({ keysetId }, i) => unitOf(keysetId, `${field}[${i}]`));
  const [unit = ''] = units;
  const other = units.findIndex((each) => each !== unit);
  if (other < 0) return unit;
  throw cashuError(
    'several-units',
    `${field}[${other}] is in ${units[other]}, ${field}[0] in ${unit}; one at a time`,
  );
}
