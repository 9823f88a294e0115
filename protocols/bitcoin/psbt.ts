import { concatBytes } from '../bytes.ts';
import { encodeCompactSize } from './compact-size.ts';
import { encodeOutput, type TransactionOutput } from './output.ts';

const MAGIC = Uint8Array.of(0x70, 0x73, 0x62, 0x74, 0xff);
const END = Uint8Array.of(0);
/** Key types of BIP174. */
const UNSIGNED_TRANSACTION = 0x00;
const WITNESS_UTXO = 0x01;

/**
 * A transaction to be signed (BIP174), with what its inputs spend: enough for any signer of SegWit outputs.
 * @param transaction without signatures
 * @param spent what each of its inputs spends
 * @param outputs how many it has
 */
export function encodePsbt(
  transaction: Uint8Array,
  spent: readonly TransactionOutput[],
  outputs: number,
): Uint8Array {
  return concatBytes(
    MAGIC,
    pair(UNSIGNED_TRANSACTION, transaction),
    END,
    ...spent.map((output) => concatBytes(pair(WITNESS_UTXO, encodeOutput(output)), END)),
    ...Array.from({ length: outputs }, () => END),
  );
}

function pair(type: number, value: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(1, type), encodeCompactSize(value.length), value);
}
