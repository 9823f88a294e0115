import { parseJson } from '../../../protocols/cashu/json.ts';
import { HashpoolError } from '../../../protocols/errors.ts';
import type { Row } from '../../../runtime/sql/database.ts';
import { bigInteger, blob, text } from './row.ts';

/** What a payment may cost; as `FeeOption` of payments/backend.ts. */
export interface StoredFeeOption {
  readonly reserve: bigint;
  readonly blocks: number | undefined;
  readonly note: string | undefined;
}

/** A blinded message that may become change (NUT-08). */
export interface HeldOutput {
  /** B_, 33 bytes. */
  readonly blinded: Uint8Array;
  readonly keyset: number;
}

/** A melt quote as it is stored. */
export interface MeltRow {
  /** UUID version 7, 16 bytes. */
  readonly id: Uint8Array;
  readonly method: string;
  readonly unit: string;
  readonly request: string;
  /** What must not be paid twice: an invoice's payment hash; undefined for an address. */
  readonly lookup: string | undefined;
  readonly amount: bigint;
  readonly feeOptions: readonly StoredFeeOption[];
  /** Unix seconds. */
  readonly expiry: number;
  readonly state: 'UNPAID' | 'PENDING' | 'PAID';
  /** How often it was begun. */
  readonly attempt: number;
  readonly selectedFee: number | undefined;
  /** What the inputs bring after their own fee; undefined while UNPAID. */
  readonly provided: bigint | undefined;
  /** Preimage or outpoint. */
  readonly proof: string | undefined;
  /** The blinded messages that were signed as change, in order. */
  readonly change: readonly Uint8Array[];
  /** While PENDING: the blank outputs, in the wallet's order. */
  readonly outputs: readonly HeldOutput[];
}

/** @param row read with bigint */
export function meltOf(row: Row, outputs: readonly HeldOutput[]): MeltRow {
  const state = text(row, 'state');
  return {
    id: blob(row, 'id'),
    method: text(row, 'method'),
    unit: text(row, 'unit'),
    request: text(row, 'request'),
    lookup: row['lookup'] === null ? undefined : text(row, 'lookup'),
    amount: bigInteger(row, 'amount'),
    feeOptions: feeOptionsOf(text(row, 'fee_options')),
    expiry: Number(bigInteger(row, 'expiry')),
    state: state === 'PAID' || state === 'PENDING' ? state : 'UNPAID',
    attempt: Number(bigInteger(row, 'attempt')),
    selectedFee: row['selected_fee'] === null ? undefined : Number(bigInteger(row, 'selected_fee')),
    provided: row['provided'] === null ? undefined : bigInteger(row, 'provided'),
    proof: row['proof'] === null ? undefined : text(row, 'proof'),
    change: row['change'] === null ? [] : points(blob(row, 'change')),
    outputs,
  };
}

function points(joined: Uint8Array): Uint8Array[] {
  return Array.from({ length: joined.length / 33 }, (_, i) => joined.subarray(33 * i, 33 * (i + 1)));
}

function feeOptionsOf(column: string): StoredFeeOption[] {
  const options = parseJson(column);
  if (!Array.isArray(options)) throw badOptions();
  return options.map((option) => {
    if (typeof option !== 'object' || option === null || Array.isArray(option)) throw badOptions();
    const { reserve, blocks, note } = option;
    if (typeof reserve !== 'number' && typeof reserve !== 'bigint') throw badOptions();
    return {
      reserve: BigInt(reserve),
      blocks: typeof blocks === 'number' ? blocks : undefined,
      note: typeof note === 'string' ? note : undefined,
    };
  });
}

function badOptions(): HashpoolError {
  return new HashpoolError('bad-row', "column fee_options of the mint's database holds no fee options");
}
