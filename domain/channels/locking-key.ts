import { equalBytes, toHex } from '../../protocols/bytes.ts';
import {
  decodeFixedTarget,
  EHASH_EXTENSION,
  FIXED_TARGET_FIELD,
  LOCKING_KEY_FIELD,
  RESUME_TOKEN_BYTES,
  RESUME_TOKEN_FIELD,
} from '../../protocols/ehash/extension.ts';
import { hasKeyForm, parseMiner } from '../../protocols/ehash/key.ts';
import { isHashpoolError } from '../../protocols/errors.ts';
import type { Tlv } from '../../protocols/sv2/tlv.ts';

/** Keys of one connection that are known to be points, more than it can have channels; beyond, all are looked at again. */
export const MAX_KNOWN_KEYS = 16_384;

export type KeyError = 'invalid-ehash-key' | 'invalid-user-identity';

/** The locking key that a message carries, unchecked; undefined where it has none. */
export function lockingKeyField(tlvs: readonly Tlv[]): Uint8Array | undefined {
  return ehashField(tlvs, LOCKING_KEY_FIELD);
}

/** The token that a channel is to be resumed by; undefined where there is none, or none of the right size. */
export function resumeTokenField(tlvs: readonly Tlv[]): Uint8Array | undefined {
  const token = ehashField(tlvs, RESUME_TOKEN_FIELD);
  return token?.length === RESUME_TOKEN_BYTES ? token : undefined;
}

/** True where the message asks for a target that stays. */
export function hasFixedTargetField(tlvs: readonly Tlv[]): boolean {
  return ehashField(tlvs, FIXED_TARGET_FIELD) !== undefined;
}

/** How many miners share the channel, as a message says that asks for a target that stays; 1 where it does not. */
export function sharingMiners(tlvs: readonly Tlv[]): number {
  return decodeFixedTarget(ehashField(tlvs, FIXED_TARGET_FIELD) ?? new Uint8Array(0));
}

function ehashField(tlvs: readonly Tlv[], wanted: number): Uint8Array | undefined {
  for (const { extension, field, value } of tlvs) {
    if (extension === EHASH_EXTENSION && field === wanted) return value;
  }
  return undefined;
}

/**
 * The key that a channel pays by default: the field of its `Open…`, else the user identity if that is a key,
 * else the house's.
 * @param keysWithShares whether ehash was negotiated, so that each share may name its payee
 * @returns the key, of which the form alone was checked unless it is the house's; undefined where only shares name it;
 *   or the error code
 */
export function channelKey(
  userIdentity: string,
  tlvs: readonly Tlv[],
  keysWithShares: boolean,
  houseKey: Uint8Array | undefined,
): Uint8Array | undefined | KeyError {
  const field = lockingKeyField(tlvs);
  if (field !== undefined) return hasKeyForm(field) ? field : 'invalid-ehash-key';
  try {
    const miner = parseMiner(userIdentity);
    if (miner.kind === 'key') return miner.key;
  } catch (error) {
    if (isHashpoolError(error, 'bad-miner-key')) return 'invalid-ehash-key';
    throw error;
  }
  return houseKey ?? (keysWithShares ? undefined : 'invalid-user-identity');
}

/**
 * Keys that are known to be points of the curve: a connection pays few and sends many shares. The others are not
 * remembered, so that who sends bad keys fills no memory.
 */
export class KnownKeys {
  readonly #known = new Set<string>();
  #latest: Uint8Array | undefined;

  has(key: Uint8Array): boolean {
    if (this.#latest && equalBytes(key, this.#latest)) return true;
    if (!this.#known.has(toHex(key))) return false;
    this.#latest = key;
    return true;
  }

  add(key: Uint8Array): void {
    if (this.#known.size >= MAX_KNOWN_KEYS) this.#known.clear();
    this.#known.add(toHex(key));
    this.#latest = key;
  }
}
