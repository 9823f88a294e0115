import { fromHex, toHex } from '../bytes.ts';
import { malformed, parseSecret, type SecretKind, type WellKnownSecret } from './nut10.ts';
import type { SignedOutput } from './nut20.ts';

/** One way to unlock a proof: signatures by `needed` of `keys`. */
export interface Path {
  /** Compressed, 33 bytes; distinct in x. */
  readonly keys: readonly Uint8Array[];
  readonly needed: number;
}

/** What a secret asks of who spends it. */
export interface SpendingLock {
  readonly kind: SecretKind;
  readonly coversAll: boolean;
  /** Open at all times; for an HTLC with its preimage only. */
  readonly main: Path;
  /** Open besides after the locktime; undefined where everybody may spend then. */
  readonly refund: Path | undefined;
  /** Unix seconds; undefined where the lock is permanent. */
  readonly locktime: number | undefined;
  /** SHA-256 of an HTLC's preimage, 64 hex digits. */
  readonly hash: string | undefined;
  /** Kind, data and tags: what all inputs of a SIG_ALL request must share. */
  readonly terms: string;
}

/** What a spender shows, empty where there was nothing readable. */
export interface Witness {
  /** 64 bytes each. */
  readonly signatures: readonly Uint8Array[];
  readonly preimage: string | undefined;
}

/** Keys of one path; a secret of 1024 characters has room for 14. */
const MAX_KEYS = 16;
/** Signatures in one witness that are looked at: one for each key. */
export const MAX_SIGNATURES = 14;

const publicKey = /^0[23][0-9a-f]{64}$/i;
const sha256Hex = /^[0-9a-f]{64}$/i;
const signatureHex = /^[0-9a-f]{128}$/i;
const digits = /^\d+$/;
const ownTags = ['sigflag', 'pubkeys', 'n_sigs', 'locktime', 'refund', 'n_sigs_refund'];

/**
 * The lock in a proof's secret (NUT-11, NUT-14), or undefined where whoever knows the secret may spend it.
 * @throws HashpoolError 'secret-malformed' where the NUTs call a proof unspendable
 */
export function lockOf(secret: string): SpendingLock | undefined {
  const parsed = parseSecret(secret);
  if (!parsed) return undefined;
  const { kind, data, tags } = parsed;
  const tag = tagReader(parsed);
  const hash = kind === 'HTLC' ? hashOf(data) : undefined;
  const pubkeys = tag('pubkeys') ?? [];
  const refund = tag('refund');
  if (refund?.length === 0) throw malformed('its refund tag names no key');
  const refundPath = pathOf('refund', refund ?? [], tag('n_sigs_refund'));
  return {
    kind,
    coversAll: coversAll(tag('sigflag')),
    main: pathOf('pubkeys', hash === undefined ? [data, ...pubkeys] : pubkeys, tag('n_sigs')),
    refund: refund && refundPath,
    locktime: locktimeOf(tag('locktime')?.[0]),
    hash,
    terms: JSON.stringify([kind, data, tags]),
  };
}

/** A witness as wallets send it, JSON in a text; what is not a witness in it is left out and opens nothing. */
export function parseWitness(text: string | undefined): Witness {
  const { signatures, preimage } = jsonObject(text ?? '');
  const given: unknown[] = Array.isArray(signatures) ? signatures.slice(0, MAX_SIGNATURES) : [];
  return {
    signatures: given.flatMap((each) =>
      typeof each === 'string' && signatureHex.test(each) ? [fromHex(each)] : [],
    ),
    preimage: typeof preimage === 'string' ? preimage : undefined,
  };
}

/**
 * What a SIG_ALL signature is made over: every secret and C, every amount and B_, and a melt's quote, joined
 * without separators. Hex is in lower case.
 */
export function sigAllMessage(
  inputs: readonly { readonly secret: string; readonly signature: Uint8Array }[],
  outputs: readonly SignedOutput[],
  quote = '',
): string {
  const spent = inputs.map(({ secret, signature }) => secret + toHex(signature));
  const asked = outputs.map(({ amount, blinded }) => `${amount}${toHex(blinded)}`);
  return spent.join('') + asked.join('') + quote;
}

/** Signatures that still have to be checked: by enough keys of any one path, over one message. */
export interface LockCheck {
  /** A digest of 32 bytes, for BIP340. */
  readonly message: Uint8Array;
  /** 64 bytes each. */
  readonly signatures: readonly Uint8Array[];
  readonly paths: readonly Path[];
}

/**
 * Whether signatures open a lock: keys are counted, not signatures, of which one key can make any number.
 * @param isGood BIP340, of a signature by a key over the message
 */
export function isOpened(
  { message, signatures, paths }: LockCheck,
  isGood: (signature: Uint8Array, message: Uint8Array, key: Uint8Array) => boolean,
): boolean {
  return paths.some(({ keys, needed }) => {
    let signers = 0;
    for (const key of keys) {
      if (signers < needed && signatures.some((each) => isGood(each, message, key))) signers++;
    }
    return signers >= needed;
  });
}

/** Values of a tag, undefined where it is absent. @throws HashpoolError 'secret-malformed' where one of ours stands twice */
function tagReader({ tags }: WellKnownSecret): (name: string) => readonly string[] | undefined {
  for (const name of ownTags) {
    if (tags.filter(([key]) => key === name).length > 1) throw malformed(`its tag ${name} stands twice`);
  }
  return (name) => tags.find(([key]) => key === name)?.slice(1);
}

function pathOf(name: string, keys: readonly string[], count: readonly string[] | undefined): Path {
  if (keys.length > MAX_KEYS) throw malformed(`its ${name} are more than ${MAX_KEYS} keys`);
  for (const key of keys) {
    if (!publicKey.test(key)) throw malformed(`one of its ${name} is no compressed public key`);
  }
  // By their x alone: keys of one x sign with one secret.
  if (new Set(keys.map((key) => key.slice(2).toLowerCase())).size !== keys.length) {
    throw malformed(`its ${name} name a key twice`);
  }
  const needed = count ? positive(count[0]) : Math.min(1, keys.length);
  if (needed === undefined || needed > keys.length) {
    throw malformed(`it asks for ${count?.[0]} signatures of ${keys.length} ${name}`);
  }
  return { keys: keys.map((key) => fromHex(key)), needed };
}

function positive(text: string | undefined): number | undefined {
  return text !== undefined && digits.test(text) && Number(text) > 0 ? Number(text) : undefined;
}

/** Whatever is no Unix time locks for ever (NUT-11, Permanent Lock). */
function locktimeOf(text: string | undefined): number | undefined {
  return text !== undefined && digits.test(text) ? Number(text) : undefined;
}

function coversAll(sigflag: readonly string[] | undefined): boolean {
  if (sigflag === undefined || sigflag[0] === 'SIG_INPUTS') return false;
  if (sigflag[0] === 'SIG_ALL') return true;
  throw malformed('its sigflag is neither SIG_INPUTS nor SIG_ALL');
}

function hashOf(data: string): string {
  if (sha256Hex.test(data)) return data.toLowerCase();
  throw malformed('its data is no SHA-256 hash of 64 hex digits');
}

function jsonObject(text: string): { readonly signatures?: unknown; readonly preimage?: unknown } {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    // A plain proof may carry any witness, and a locked one is not opened by it.
    return {};
  }
}
