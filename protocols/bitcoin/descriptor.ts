import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, fromHex, quoted, utf8 } from '../bytes.ts';
import { HashpoolError } from '../errors.ts';
import { scriptFromAddress } from './address.ts';
import { withoutChecksum } from './descriptor-checksum.ts';
import { type DescriptorCurve, publicKeyFromExpression } from './descriptor-key.ts';
import { hash160 } from './hash.ts';
import type { NetworkName } from './network.ts';
import { p2pkhScript, p2shScript, segwitScript } from './script.ts';

const SUPPORTED = 'addr(), wpkh(), tr(), pkh(), sh(wpkh()), raw()';
const LONGEST_DESCRIPTOR = 1024;
const tapTweakTag = sha256(utf8('TapTweak'));

/**
 * The one output script that a descriptor stands for (BIP380 to BIP386): `addr(…)`, `wpkh(KEY)`, `tr(KEY)`,
 * `pkh(KEY)`, `sh(wpkh(KEY))` or `raw(HEX)`, with or without its checksum.
 * @throws HashpoolError 'bad-descriptor', 'bad-descriptor-checksum', 'bad-descriptor-key', 'bad-address' or
 *   'wrong-network', each saying what to change
 */
export function scriptFromDescriptor(
  descriptor: string,
  network: NetworkName,
  curve: DescriptorCurve,
): Uint8Array {
  if (descriptor.length > LONGEST_DESCRIPTOR) {
    throw new HashpoolError('bad-descriptor', `a descriptor has at most ${LONGEST_DESCRIPTOR} characters`);
  }
  const { name, inner } = call(withoutChecksum(descriptor.trim()));
  switch (name) {
    case 'addr':
      return scriptFromAddress(inner, network);
    case 'raw':
      return fromHex(inner, 'the script in raw()');
    case 'pkh':
      return p2pkhScript(keyHash(inner, network, curve));
    case 'wpkh':
      return segwitScript(0, keyHash(inner, network, curve));
    case 'sh':
      return p2shScript(hash160(nestedScript(inner, network, curve)));
    case 'tr':
      return taprootScript(inner, network, curve);
    default:
      throw new HashpoolError('bad-descriptor', `${quoted(name)} is not supported; use one of ${SUPPORTED}`);
  }
}

function call(expression: string): { name: string; inner: string } {
  const { name, inner } = /^(?<name>[a-z_]+)\((?<inner>.*)\)$/.exec(expression)?.groups ?? {};
  if (name === undefined || inner === undefined) {
    // The text is not repeated: what was put here by mistake may be a secret.
    throw new HashpoolError('bad-descriptor', `not an output descriptor; write one of ${SUPPORTED}`);
  }
  return { name, inner };
}

function nestedScript(expression: string, network: NetworkName, curve: DescriptorCurve): Uint8Array {
  const { name, inner } = call(expression);
  if (name !== 'wpkh') {
    throw new HashpoolError('bad-descriptor', `sh(${name}()) is not supported; use one of ${SUPPORTED}`);
  }
  return segwitScript(0, keyHash(inner, network, curve));
}

function keyHash(text: string, network: NetworkName, curve: DescriptorCurve): Uint8Array {
  const key = publicKeyFromExpression(text, network, curve);
  if (key.length === 33) return hash160(key);
  const message = "the descriptor's key is x-only, which only tr() takes; give the 33-byte form";
  throw new HashpoolError('bad-descriptor-key', message);
}

/** BIP386's tr(KEY): the key tweaked by its own hash, so that it commits to no script (BIP341). */
function taprootScript(text: string, network: NetworkName, curve: DescriptorCurve): Uint8Array {
  if (text.includes(',')) {
    throw new HashpoolError('bad-descriptor', 'tr() with a script tree is not supported; use tr(KEY)');
  }
  const key = publicKeyFromExpression(text, network, curve);
  const internalKey = key.length === 32 ? key : key.subarray(1);
  const tweak = sha256(concatBytes(tapTweakTag, tapTweakTag, internalKey));
  return segwitScript(1, curve.tweakXOnly(internalKey, tweak).xOnly);
}
