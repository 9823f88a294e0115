import { fromHex } from '../../protocols/bytes.ts';
import type { Curve } from '../../protocols/crypto/curve.ts';
import { messageOf } from '../../protocols/errors.ts';
import { ConfigError } from './load.ts';

/**
 * What stands behind a config key.
 * @param decode reads it; whatever it throws is the cause
 * @throws ConfigError naming the key
 */
export function decoded<T>(key: string, decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    throw new ConfigError(`${key} can't be used: ${messageOf(cause)}`, { cause });
  }
}

/**
 * A compressed point of secp256k1.
 * @param text 66 hex digits
 * @throws HashpoolError 'bad-hex', ConfigError
 */
export function decodePoint(text: string, curve: Curve): Uint8Array {
  const bytes = fromHex(text, 'the key', 33);
  if (!curve.isPoint(bytes)) throw new ConfigError('the key is no point of secp256k1: it is mistyped');
  return bytes;
}
