import { concatBytes, u32Le } from '../bytes.ts';
import { HashpoolError } from '../errors.ts';
import { encodeCompactSize } from './compact-size.ts';
import { sha256d } from './hash.ts';
import { encodeOutputs, type TransactionOutput } from './output.ts';
import { push, pushOpcode } from './script.ts';

/*
 * A coinbase transaction, full and, without what stands in brackets, stripped; only the stripped form hashes to
 * the txid (BIP141). A job is the stripped form, cut around the extranonce:
 *
 *   version 4 [00 01] 01 00*32 ff*4  len  height push | tag push | push opcode  extranonce  sequence 4  count outputs [01 20 00*32] locktime 4
 *   `------------------------------ prefix ------------------------------------´           `------------- suffix -----------------------´
 */

/** Longest coinbase script that consensus allows; the shortest is 2 bytes. */
export const COINBASE_SCRIPT_LIMIT = 100;

/** One stack item of 32 zero bytes: the reserved value that the witness commitment is made with. */
const WITNESS = concatBytes(Uint8Array.of(1, 32), new Uint8Array(32));
const SEGWIT_MARKER = Uint8Array.of(0x00, 0x01);
const INPUT_START = concatBytes(Uint8Array.of(1), new Uint8Array(32), Uint8Array.of(255, 255, 255, 255));
const VERSION_LENGTH = 4;
const LOCKTIME_LENGTH = 4;

/** What a coinbase is built from: a template's fields (TDP NewTemplate), the pool's tag and its outputs. */
export interface CoinbaseLayout {
  readonly version: number;
  /** Begins the script: the BIP34 height push, and what else the template asks for. */
  readonly scriptPrefix: Uint8Array;
  /** Text of the pool, pushed after the prefix; nothing is pushed where it is empty. */
  readonly tag: Uint8Array;
  /** Bytes of the full extranonce: prefix and rolled part together. */
  readonly extranonceLength: number;
  readonly sequence: number;
  /** The pool's outputs, which come first. */
  readonly outputs: readonly TransactionOutput[];
  /** The template's outputs, serialized without count, and their number. */
  readonly templateOutputs: Uint8Array;
  readonly templateOutputsCount: number;
  readonly locktime: number;
}

/** A coinbase cut around its extranonce. */
export interface CoinbaseParts {
  readonly prefix: Uint8Array;
  readonly suffix: Uint8Array;
}

/**
 * The stripped coinbase around an extranonce that is its script's last push.
 * @throws HashpoolError 'coinbase-script-too-long' where height, tag and extranonce exceed 100 bytes
 */
export function coinbaseParts(layout: CoinbaseLayout): CoinbaseParts {
  const count = layout.outputs.length + layout.templateOutputsCount;
  return {
    prefix: coinbasePrefix(layout),
    suffix: concatBytes(
      u32Le(layout.sequence),
      encodeCompactSize(count),
      encodeOutputs(layout.outputs),
      layout.templateOutputs,
      u32Le(layout.locktime),
    ),
  };
}

/**
 * What stands before the extranonce, for who has the rest already.
 * @throws HashpoolError 'coinbase-script-too-long' as {@link coinbaseParts}
 */
export function coinbasePrefix(
  layout: Pick<CoinbaseLayout, 'version' | 'scriptPrefix' | 'tag' | 'extranonceLength'>,
): Uint8Array {
  const tag = layout.tag.length === 0 ? layout.tag : push(layout.tag);
  const script = concatBytes(layout.scriptPrefix, tag, pushOpcode(layout.extranonceLength));
  const scriptLength = script.length + layout.extranonceLength;
  if (scriptLength > COINBASE_SCRIPT_LIMIT) {
    const message = `the coinbase script would have ${scriptLength} bytes, more than ${COINBASE_SCRIPT_LIMIT}: shorten the pool's tag (${layout.tag.length} bytes) or the extranonce (${layout.extranonceLength})`;
    throw new HashpoolError('coinbase-script-too-long', message);
  }
  return concatBytes(coinbaseInput(layout.version, scriptLength), script);
}

/** A stripped coinbase up to its script: version, the one input's outpoint, and the script's length, below 253. */
export function coinbaseInput(version: number, scriptLength: number): Uint8Array {
  return concatBytes(u32Le(version), INPUT_START, Uint8Array.of(scriptLength));
}

/** True where a serialized transaction, or the prefix of one, has the segwit marker and flag. */
export function hasWitness(transaction: Uint8Array): boolean {
  return transaction[VERSION_LENGTH] === 0 && (transaction[VERSION_LENGTH + 1] ?? 0) !== 0;
}

/** The full form of a stripped coinbase; a full one is returned as it is. */
export function addWitness(coinbase: Uint8Array): Uint8Array {
  if (hasWitness(coinbase)) return coinbase;
  const end = coinbase.length - LOCKTIME_LENGTH;
  const [version, body] = [coinbase.subarray(0, VERSION_LENGTH), coinbase.subarray(VERSION_LENGTH, end)];
  return concatBytes(version, SEGWIT_MARKER, body, WITNESS, coinbase.subarray(end));
}

/**
 * The stripped form of a coinbase; a stripped one is returned as it is.
 * @throws HashpoolError 'bad-coinbase-witness' where the witness is not one item of 32 bytes
 */
export function stripWitness(coinbase: Uint8Array): Uint8Array {
  if (!hasWitness(coinbase)) return coinbase;
  const cut = VERSION_LENGTH + SEGWIT_MARKER.length;
  const { prefix, suffix } = stripParts({
    prefix: coinbase.subarray(0, cut),
    suffix: coinbase.subarray(cut),
  });
  return concatBytes(prefix, suffix);
}

/**
 * Strips a job's halves where an upstream sent them full.
 * @throws HashpoolError 'bad-coinbase-witness' where the witness is not one item of 32 bytes
 */
export function stripParts({ prefix, suffix }: CoinbaseParts): CoinbaseParts {
  if (!hasWitness(prefix)) return { prefix, suffix };
  const end = suffix.length - LOCKTIME_LENGTH;
  const witness = end - WITNESS.length;
  if (witness < 0 || suffix[witness] !== 1 || suffix[witness + 1] !== 32) {
    throw new HashpoolError(
      'bad-coinbase-witness',
      'the coinbase has a segwit marker and no witness of one 32-byte item',
    );
  }
  return {
    prefix: concatBytes(
      prefix.subarray(0, VERSION_LENGTH),
      prefix.subarray(VERSION_LENGTH + SEGWIT_MARKER.length),
    ),
    suffix: concatBytes(suffix.subarray(0, witness), suffix.subarray(end)),
  };
}

/** A stripped job's halves with marker, flag and witness, as a declaration has them (Stratum V2, 6.4.5). */
export function witnessParts({ prefix, suffix }: CoinbaseParts): CoinbaseParts {
  const end = suffix.length - LOCKTIME_LENGTH;
  return {
    prefix: concatBytes(prefix.subarray(0, VERSION_LENGTH), SEGWIT_MARKER, prefix.subarray(VERSION_LENGTH)),
    suffix: concatBytes(suffix.subarray(0, end), WITNESS, suffix.subarray(end)),
  };
}

/**
 * Id of a coinbase in either form, 32 bytes in header order.
 * @throws HashpoolError 'bad-coinbase-witness'
 */
export function coinbaseTxid(coinbase: Uint8Array): Uint8Array {
  return sha256d(stripWitness(coinbase));
}
