import { concatBytes, u32Le, utf8 } from '../bytes.ts';
import { taggedHash } from '../crypto/tagged-hash.ts';
import { encodeCompactSize } from './compact-size.ts';
import { sha256d } from './hash.ts';
import { encodeOutput, type TransactionOutput } from './output.ts';
import { Op, push } from './script.ts';

/** A coin: the transaction that made it, in header order, its place there, and what it is. */
export interface Coin extends TransactionOutput {
  readonly txidLe: Uint8Array;
  readonly vout: number;
}

const messageHash = taggedHash('BIP0322-signed-message');
const VERSION_0 = u32Le(0);
const SEQUENCE_0 = u32Le(0);
const LOCKTIME_0 = u32Le(0);
const NO_TXID = new Uint8Array(32);
const NO_INDEX = u32Le(0xffffffff);

/**
 * The output that a proof spends first, which is in no block: it stands for the message, and pays to `script` (BIP322,
 * `to_spend`).
 */
export function challengeCoin(message: string, script: Uint8Array): Coin {
  const commitment = concatBytes(Uint8Array.of(0), push(messageHash(utf8(message))));
  const output = { value: 0n, script };
  const transaction = concatBytes(
    VERSION_0,
    encodeCompactSize(1),
    NO_TXID,
    NO_INDEX,
    encodeCompactSize(commitment.length),
    commitment,
    SEQUENCE_0,
    encodeCompactSize(1),
    encodeOutput(output),
    LOCKTIME_0,
  );
  return { txidLe: sha256d(transaction), vout: 0, ...output };
}

/**
 * The transaction whose signatures prove that somebody has the keys of coins (BIP322, `to_sign`, as a proof of funds): it
 * spends the challenge and then the coins, to nobody. No chain can have it, since the challenge is in none.
 * @returns without signatures
 */
export function proofTransaction(challenge: Coin, coins: readonly Coin[]): Uint8Array {
  const inputs = [challenge, ...coins].map(({ txidLe, vout }) =>
    concatBytes(txidLe, u32Le(vout), encodeCompactSize(0), SEQUENCE_0),
  );
  return concatBytes(
    VERSION_0,
    encodeCompactSize(inputs.length),
    ...inputs,
    encodeCompactSize(1),
    encodeOutput({ value: 0n, script: Uint8Array.of(Op.return) }),
    LOCKTIME_0,
  );
}
