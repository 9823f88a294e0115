import { bech32m } from '@scure/base';
import { fromHex, quoted, toHex } from '../bytes.ts';
import { HashpoolError, messageOf } from '../errors.ts';
import { LOCKING_KEY_BYTES } from './extension.ts';

const HPUB_PREFIX = 'hpub';
/** What holds so many hex digits was meant as a key, and must be one. */
const MEANT_AS_HEX_KEY = 60;

const FIELD = 2n ** 256n - 2n ** 32n - 977n;
const EULER_EXPONENT = (FIELD - 1n) / 2n;

/** Whom a user name pays: a locking key of its own, or the translator's wallet by a name. */
export type Miner =
  | { readonly kind: 'key'; readonly key: Uint8Array; readonly worker?: string; readonly checked: boolean }
  | { readonly kind: 'name'; readonly name: string; readonly worker?: string };

/** True where `bytes` is a compressed secp256k1 point: 02 or 03, and an x that is on the curve (SEC 1, 2.3.4). */
export function isLockingKey(bytes: Uint8Array): boolean {
  if (bytes.length !== LOCKING_KEY_BYTES || (bytes[0] !== 2 && bytes[0] !== 3)) return false;
  const x = BigInt(`0x${toHex(bytes.subarray(1))}`);
  return x < FIELD && isSquare(x ** 3n + 7n);
}

/**
 * The text form of a locking key: bech32m (BIP350) of its 33 bytes under `hpub`.
 * @throws HashpoolError 'bad-miner-key' where `point` is no compressed point
 */
export function encodeHpub(point: Uint8Array): string {
  return bech32m.encode(HPUB_PREFIX, bech32m.toWords(checkedPoint(point, toHex(point))));
}

/**
 * The 33 bytes of a key in its `hpub1…` form, in one case.
 * @throws HashpoolError 'bad-miner-key' on a wrong character, checksum, length or point
 */
export function decodeHpub(text: string): Uint8Array {
  try {
    const { prefix, words } = bech32m.decode(text as `${string}1${string}`);
    if (prefix !== HPUB_PREFIX) throw new HashpoolError('bad-miner-key', `its prefix is ${quoted(prefix)}`);
    return checkedPoint(bech32m.fromWords(words), text);
  } catch (cause) {
    throw new HashpoolError(
      'bad-miner-key',
      `key ${quoted(text)} is mistyped: it does not decode as hpub1… (${messageOf(cause)}); copy it again`,
      { cause },
    );
  }
}

/**
 * Reads a miner's user name, `<key>[.<worker>]` or `<name>[.<worker>]`. What looks like a key must be one, so
 * that a mistyped key pays nobody else. `checked` is false for a key in hex, which has no checksum: warn the miner.
 * @throws HashpoolError 'bad-miner-key' in words fit for the miner
 */
export function parseMiner(username: string): Miner {
  const text = username.trim();
  const dot = text.indexOf('.');
  const head = dot < 0 ? text : text.slice(0, dot);
  const worker = dot < 0 ? '' : text.slice(dot + 1);
  const named = worker === '' ? {} : { worker };
  if (/^hpub1/i.test(head)) return { kind: 'key', key: decodeHpub(head), ...named, checked: true };
  const hexDigits = head.match(/[0-9a-f]/gi)?.length ?? 0;
  if (hexDigits >= MEANT_AS_HEX_KEY)
    return { kind: 'key', key: decodeHexKey(head), ...named, checked: false };
  return { kind: 'name', name: head, ...named };
}

function decodeHexKey(text: string): Uint8Array {
  if (!/^[0-9a-f]{66}$/i.test(text)) {
    throw new HashpoolError(
      'bad-miner-key',
      `key ${quoted(text)} is mistyped: a key in hex is 66 digits that begin with 02 or 03; better use its hpub1… form`,
    );
  }
  return checkedPoint(fromHex(text), text);
}

function checkedPoint(bytes: Uint8Array, text: string): Uint8Array {
  if (isLockingKey(bytes)) return bytes;
  throw new HashpoolError('bad-miner-key', `key ${quoted(text)} is no point of secp256k1: it is mistyped`);
}

/** Euler's criterion: whether `value` has a square root in the field. */
function isSquare(value: bigint): boolean {
  let result = 1n;
  let base = value % FIELD;
  for (let exponent = EULER_EXPONENT; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % FIELD;
    base = (base * base) % FIELD;
  }
  return result === 1n;
}
