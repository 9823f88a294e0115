import { bech32m } from '@scure/base';
import { fromHex, quoted, toHex } from '../bytes.ts';
import { HashpoolError, messageOf } from '../errors.ts';
import { LOCKING_KEY_BYTES } from './extension.ts';

const HPUB_PREFIX = 'hpub';
/** What holds so many hex digits was meant as a key, and must be one. */
const MEANT_AS_HEX_KEY = 60;

/** Whom a user name pays: a locking key of its own, or the translator's wallet by a name. */
export type Miner =
  | { readonly kind: 'key'; readonly key: Uint8Array; readonly worker?: string; readonly checked: boolean }
  | { readonly kind: 'name'; readonly name: string; readonly worker?: string };

/**
 * True where `bytes` has the form of a compressed secp256k1 point: 33 bytes, the first 02 or 03 (SEC 1, 2.3.3). Whether
 * its x is on the curve takes curve arithmetic, which is not done here: `Curve.isPoint` says it, in a worker thread.
 */
export function hasKeyForm(bytes: Uint8Array): boolean {
  return bytes.length === LOCKING_KEY_BYTES && (bytes[0] === 2 || bytes[0] === 3);
}

/** What to say of a key that is no point of the curve; `text` as it was given. */
export function noPoint(text: string): HashpoolError {
  return new HashpoolError('bad-miner-key', `key ${quoted(text)} is no point of secp256k1: it is mistyped`);
}

/**
 * The text form of a locking key: bech32m (BIP350) of its 33 bytes under `hpub`.
 * @throws HashpoolError 'bad-miner-key' where `point` has not the form of a compressed point
 */
export function encodeHpub(point: Uint8Array): string {
  return bech32m.encode(HPUB_PREFIX, bech32m.toWords(formed(point, toHex(point))));
}

/**
 * The 33 bytes of a key in its `hpub1…` form, in one case; see {@link hasKeyForm} for what is left to check.
 * @throws HashpoolError 'bad-miner-key' on a wrong character, checksum, length or first byte
 */
export function decodeHpub(text: string): Uint8Array {
  try {
    const { prefix, words } = bech32m.decode(text as `${string}1${string}`);
    if (prefix !== HPUB_PREFIX) throw new HashpoolError('bad-miner-key', `its prefix is ${quoted(prefix)}`);
    return formed(bech32m.fromWords(words), text);
  } catch (cause) {
    throw new HashpoolError(
      'bad-miner-key',
      `key ${quoted(text)} is mistyped: it does not decode as hpub1… (${messageOf(cause)}); copy it again`,
      { cause },
    );
  }
}

/**
 * Reads a miner's user name, `<key>[.<worker>]` or `<name>[.<worker>]`. What looks like a key must have the form of one,
 * so that a mistyped key pays nobody else; see {@link hasKeyForm} for what is left to check. `checked` is false for a
 * key in hex, which has no checksum: warn the miner.
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
  return formed(fromHex(text), text);
}

function formed(bytes: Uint8Array, text: string): Uint8Array {
  if (hasKeyForm(bytes)) return bytes;
  throw noPoint(text);
}
