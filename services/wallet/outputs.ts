import {
  Amount,
  CTSError,
  deriveSecretAndBlindingFactor,
  OutputData,
  type SerializedBlindedSignature,
} from '@cashu/cashu-ts';
import { toHex, utf8 } from '../../protocols/bytes.ts';
import { amountOf, KEYSET_SIZE, splitAmount } from '../../protocols/cashu/amount.ts';
import type { Curve } from '../../protocols/crypto/curve.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import type { Keyset } from './keysets.ts';
import type { Proof } from './proofs.ts';
import type { WalletSeed } from './seed.ts';

/** The fewest amounts of a keyset that add up to `sum`, the smallest first, so that their order says nothing. */
export function amountsOf(sum: bigint): bigint[] {
  const exponents = splitAmount(sum);
  const largest = exponents.at(-1) ?? 0;
  if (largest >= KEYSET_SIZE)
    throw new HashpoolError('amount-too-large', `${sum} is more than one operation can hold`);
  return exponents.map(amountOf);
}

/**
 * Blinded messages from the seed and consecutive counters (NUT-13, NUT-00).
 * @param amounts in units, in the order of their counters; 0 where the amount is not known (NUT-09)
 */
export function deriveOutputs(
  { seed, curve }: { seed: WalletSeed; curve: Curve },
  keysetId: string,
  firstCounter: number,
  amounts: readonly bigint[],
): OutputData[] {
  return amounts.map((amount, i) => {
    const { secret, blindingFactor } = deriveSecretAndBlindingFactor(seed.bytes, keysetId, firstCounter + i);
    const text = utf8(toHex(secret));
    const blinded = curve.addPoints(curve.hashToCurve(text), curve.publicKey(blindingFactor));
    const message = { amount: Amount.from(amount), B_: toHex(blinded), id: keysetId };
    return new OutputData(message, BigInt(`0x${toHex(blindingFactor)}`), text);
  });
}

/**
 * Proofs from the mint's signatures on `outputs`, in their order; each is checked against the keyset's
 * published keys by its DLEQ proof (NUT-12), without which a mint could mark its users' tokens.
 * @throws HashpoolError 'dleq-mismatch', 'mint-answer'
 */
export function unblind(
  outputs: readonly OutputData[],
  signatures: readonly (SerializedBlindedSignature | undefined)[],
  keyset: Keyset,
): Proof[] {
  return outputs.map((output, i) => {
    const signature = signatures[i];
    const { id, amount } = output.blindedMessage;
    if (!signature || signature.id !== id || !signature.amount.equals(amount)) {
      throw new HashpoolError(
        'mint-answer',
        `the mint's signature ${i} is not for the output that was asked for`,
      );
    }
    return unblindOne(output, signature, keyset);
  });
}

/** As `unblind`, for one output whose amount the mint tells. */
export function unblindOne(output: OutputData, signature: SerializedBlindedSignature, keyset: Keyset): Proof {
  if (!signature.dleq) {
    throw new HashpoolError(
      'dleq-mismatch',
      'the mint gave a signature without the proof of its key (NUT-12)',
    );
  }
  if (!keyset.keys[signature.amount.toString()]) {
    throw new HashpoolError(
      'mint-answer',
      `the mint signed an amount that keyset ${keyset.id} does not have`,
    );
  }
  try {
    const { secret, C, dleq } = output.toProof(signature, { id: keyset.id, keys: { ...keyset.keys } });
    const { e, s } = signature.dleq;
    return {
      secret,
      keysetId: keyset.id,
      amount: signature.amount.toBigInt(),
      c: C,
      dleq: { e, s, r: dleq?.r ?? '' },
    };
  } catch (cause) {
    if (!(cause instanceof CTSError)) throw cause;
    throw new HashpoolError(
      'dleq-mismatch',
      `the mint signed with another key than the one it has published in keyset ${keyset.id}: do not trust this mint`,
      { cause },
    );
  }
}
