import { encodeOutput, type TransactionOutput } from '../../protocols/bitcoin/output.ts';
import { sigopCost } from '../../protocols/bitcoin/sigops.ts';
import { toHex } from '../../protocols/bytes.ts';

/** Room for payouts in the coinbase of a template's jobs. */
export interface PayoutRoom {
  /** Bytes of serialized outputs. */
  readonly size: number;
  /** As {@link sigopCost} counts them. */
  readonly sigops: number;
}

export const NO_ROOM: PayoutRoom = { size: 0, sigops: 0 };

/** What the reward script keeps of a block that pays others: less could not be spent, and would be no boundary to the mint. */
export const LEAST_REWARD_SATS = 546n;
/** From 253 outputs on their count takes two bytes more. */
const COUNT_BYTES = 2;

/** Room that all of these outputs take. */
export function roomOf(outputs: readonly TransactionOutput[]): PayoutRoom {
  const sizes = outputs.map((output) => encodeOutput(output).length);
  return {
    size: sizes.length === 0 ? 0 : sizes.reduce((sum, size) => sum + size, COUNT_BYTES),
    sigops: outputs.reduce((sum, { script }) => sum + sigopCost(script), 0),
  };
}

/**
 * Those of the outputs that a coinbase can pay: in their order, each that fits behind those before it, so that one
 * that is too large keeps out no other.
 * @param value satoshis that the reward script would get without them
 */
export function fittingPayouts<T extends TransactionOutput>(
  outputs: readonly T[],
  room: PayoutRoom,
  value: bigint,
): T[] {
  let [size, sigops, left] = [room.size - COUNT_BYTES, room.sigops, value - LEAST_REWARD_SATS];
  return outputs.filter((output) => {
    const [bytes, cost] = [encodeOutput(output).length, sigopCost(output.script)];
    if (output.value <= 0n || bytes > size || cost > sigops || output.value > left) return false;
    [size, sigops, left] = [size - bytes, sigops - cost, left - output.value];
    return true;
  });
}

/** Which of the payouts that were told a coinbase pays. */
export interface PaidPayout {
  /** Its place among those told. */
  readonly index: number;
  /** The coinbase's output. */
  readonly vout: number;
}

/** Holds payouts that were told for a block against its coinbase: each output counts for one of the same script and value. */
export function paidPayouts(
  told: readonly TransactionOutput[],
  coinbase: readonly TransactionOutput[],
): PaidPayout[] {
  const left = new Map<string, number[]>();
  for (const [vout, output] of coinbase.entries()) {
    const name = toHex(encodeOutput(output));
    left.set(name, [...(left.get(name) ?? []), vout]);
  }
  return told.flatMap((output, index) => {
    const vout = left.get(toHex(encodeOutput(output)))?.shift();
    return vout === undefined ? [] : [{ index, vout }];
  });
}
