import { COINBASE_SCRIPT_LIMIT, type CoinbaseParts, hasWitness } from '../../protocols/bitcoin/coinbase.ts';
import { ByteReader } from '../../protocols/bitcoin/compact-size.ts';
import { decodeOutputs, encodeOutputs, type TransactionOutput } from '../../protocols/bitcoin/output.ts';
import { HashpoolError, isHashpoolError, messageOf } from '../../protocols/errors.ts';

/** A coinbase as DeclareMiningJob brings it: in full, cut around its extranonce. */
export interface DeclaredCoinbase {
  readonly version: number;
  /** The script up to the extranonce: BIP34's height, and whatever the miner pushes. */
  readonly scriptPrefix: Uint8Array;
  /** Bytes of the extranonce, which is what the script ends with. */
  readonly extranonceLength: number;
  readonly sequence: number;
  readonly outputs: readonly TransactionOutput[];
  /** The same outputs serialized, their count included. */
  readonly outputBytes: Uint8Array;
  readonly locktime: number;
}

const NULL_OUTPOINT = [...new Array<number>(32).fill(0), 255, 255, 255, 255];
const SEGWIT_FORM_BYTES = 2;
/** One stack item of 32 bytes. */
const WITNESS_BYTES = 34;

/**
 * Reads a declared coinbase.
 * @param parts with marker, flag and witness where the coinbase has one
 * @throws HashpoolError 'invalid-coinbase-tx' saying what is wrong with it, 'invalid-coinbase-tx-input' where it has no input
 *   of a coinbase alone
 */
export function readDeclaredCoinbase(parts: CoinbaseParts): DeclaredCoinbase {
  try {
    return { ...readPrefix(parts.prefix), ...readSuffix(parts.suffix, hasWitness(parts.prefix)) };
  } catch (cause) {
    if (isHashpoolError(cause, 'invalid-coinbase-tx-input')) throw cause;
    throw new HashpoolError('invalid-coinbase-tx', messageOf(cause), { cause });
  }
}

function readPrefix(
  prefix: Uint8Array,
): Pick<DeclaredCoinbase, 'version' | 'scriptPrefix' | 'extranonceLength'> {
  const reader = new ByteReader(prefix, 'coinbase_tx_prefix');
  const version = reader.unsigned(4);
  if (hasWitness(prefix)) reader.take(SEGWIT_FORM_BYTES);
  const inputs = reader.compactSize();
  if (inputs !== 1) throw badInput(`the coinbase has ${inputs} inputs, not one`);
  const outpoint = reader.take(NULL_OUTPOINT.length);
  if (!NULL_OUTPOINT.every((byte, i) => outpoint[i] === byte))
    throw badInput('the coinbase spends an output');
  const scriptLength = reader.compactSize();
  const scriptPrefix = prefix.subarray(reader.offset);
  const extranonceLength = scriptLength - scriptPrefix.length;
  if (scriptLength > COINBASE_SCRIPT_LIMIT)
    throw refusal(`the coinbase's script has ${scriptLength} bytes, more than ${COINBASE_SCRIPT_LIMIT}`);
  if (extranonceLength < 1) throw refusal("the coinbase's script leaves no room for an extranonce");
  return { version, scriptPrefix, extranonceLength };
}

function readSuffix(
  suffix: Uint8Array,
  isSegwit: boolean,
): Pick<DeclaredCoinbase, 'sequence' | 'outputs' | 'outputBytes' | 'locktime'> {
  const reader = new ByteReader(suffix, 'coinbase_tx_suffix');
  const sequence = reader.unsigned(4);
  const outputsAt = reader.offset;
  const count = reader.compactSize();
  const outputs = decodeOutputs(suffix.subarray(reader.offset), count);
  reader.take(encodeOutputs(outputs).length);
  const outputBytes = suffix.subarray(outputsAt, reader.offset);
  if (isSegwit) readWitness(reader.take(WITNESS_BYTES));
  const locktime = reader.unsigned(4);
  const rest = suffix.length - reader.offset;
  if (rest > 0)
    throw refusal(`${rest} bytes follow the coinbase: its extranonce must be the end of its script`);
  return { sequence, outputs, outputBytes, locktime };
}

function readWitness(witness: Uint8Array): void {
  if (witness[0] === 1 && witness[1] === 32) return;
  throw refusal("the coinbase's witness is not one item of 32 bytes");
}

const refusal = (words: string) => new HashpoolError('invalid-coinbase-tx', words);
const badInput = (words: string) => new HashpoolError('invalid-coinbase-tx-input', words);
