import { HashpoolError } from '../../errors.ts';
import type { Tlv } from '../tlv.ts';

/** Extension type of worker-specific hashrate tracking. */
export const WORKER_NAMES = 0x0002;
const USER_IDENTITY = 0x01;
export const MAX_WORKER_NAME_BYTES = 32;
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The TLV that names the worker on a SubmitSharesExtended (extension 0x0002, section 1.1).
 * @param name shortened to at most 32 bytes of UTF-8, never in the middle of a character
 */
export function encodeWorkerName(name: string): Tlv {
  const value = new Uint8Array(MAX_WORKER_NAME_BYTES);
  const { written } = new TextEncoder().encodeInto(name, value);
  return { extension: WORKER_NAMES, field: USER_IDENTITY, value: value.subarray(0, written) };
}

/**
 * Finds the worker's name among a message's TLVs.
 * @returns the name, or undefined when the message does not carry one
 * @throws HashpoolError `sv2-bad-tlv` when it is over 32 bytes or not UTF-8: the message is to be rejected
 */
export function decodeWorkerName(tlvs: readonly Tlv[]): string | undefined {
  const tlv = tlvs.find(({ extension, field }) => extension === WORKER_NAMES && field === USER_IDENTITY);
  if (tlv === undefined) return undefined;
  if (tlv.value.length > MAX_WORKER_NAME_BYTES) {
    throw new HashpoolError(
      'sv2-bad-tlv',
      `worker name: ${tlv.value.length} bytes, at most ${MAX_WORKER_NAME_BYTES} allowed`,
    );
  }
  try {
    return strictUtf8.decode(tlv.value);
  } catch (cause) {
    throw new HashpoolError('sv2-bad-tlv', 'worker name: not UTF-8', { cause });
  }
}
