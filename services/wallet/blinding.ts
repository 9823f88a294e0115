import { Amount, type SerializedBlindedMessage, type SerializedBlindedSignature } from '@cashu/cashu-ts';
import { fromHex, toHex, utf8 } from '../../protocols/bytes.ts';
import type { Curve } from '../../protocols/crypto/curve.ts';
import { HashpoolError, isHashpoolError } from '../../protocols/errors.ts';
import type { Keyset } from './keysets.ts';
import type { Proof } from './proofs.ts';

/** A blinded message, and what its owner needs to make a proof of the mint's signature on it (NUT-00). */
export interface Output {
  readonly message: SerializedBlindedMessage;
  readonly secret: string;
  /** 32 bytes. */
  readonly factor: Uint8Array;
}

/** Blinds `secret`: B_ = hash_to_curve(secret) + factor * G (NUT-00). */
export function blind(
  curve: Curve,
  { keysetId, amount, secret, factor }: { keysetId: string; amount: bigint } & Omit<Output, 'message'>,
): Output {
  const blinded = curve.addPoints(curve.hashToCurve(utf8(secret)), curve.publicKey(factor));
  return { message: { amount: Amount.from(amount), B_: toHex(blinded), id: keysetId }, secret, factor };
}

/**
 * Proofs from the mint's signatures on `outputs`, in their order; each is checked against the keyset's
 * published keys by its DLEQ proof (NUT-12), without which a mint could mark its users' tokens.
 * @throws HashpoolError 'dleq-mismatch', 'mint-answer'
 */
export function unblind(
  curve: Curve,
  outputs: readonly Output[],
  signatures: readonly (SerializedBlindedSignature | undefined)[],
  keyset: Keyset,
): Proof[] {
  return outputs.map((output, i) => {
    const signature = signatures[i];
    const { id, amount } = output.message;
    if (!signature || signature.id !== id || !signature.amount.equals(amount)) {
      throw new HashpoolError(
        'mint-answer',
        `the mint's signature ${i} is not for the output that was asked for`,
      );
    }
    return unblindOne(curve, output, signature, keyset);
  });
}

/** As `unblind`, for one output whose amount the mint tells. */
export function unblindOne(
  curve: Curve,
  { message, secret, factor }: Output,
  { amount, C_, dleq }: SerializedBlindedSignature,
  keyset: Keyset,
): Proof {
  if (!dleq) {
    throw new HashpoolError(
      'dleq-mismatch',
      'the mint gave a signature without the proof of its key (NUT-12)',
    );
  }
  const publicKey = keyset.keys[amount.toString()];
  if (!publicKey) {
    throw new HashpoolError(
      'mint-answer',
      `the mint signed an amount that keyset ${keyset.id} does not have`,
    );
  }
  const key = wellFormed(() => fromHex(publicKey));
  const signature = wellFormed(() => fromHex(C_));
  const isProven = wellFormed(() =>
    curve.verifyDleq({
      blindedMessage: fromHex(message.B_),
      signature,
      key,
      e: fromHex(dleq.e),
      s: fromHex(dleq.s),
    }),
  );
  if (!isProven) {
    throw new HashpoolError(
      'dleq-mismatch',
      `the mint signed with another key than the one it has published in keyset ${keyset.id}: do not trust this mint`,
    );
  }
  const c = curve.addPoints(signature, curve.negate(curve.multiply(key, factor)));
  return {
    secret,
    keysetId: keyset.id,
    amount: amount.toBigInt(),
    c: toHex(c),
    dleq: { e: dleq.e, s: dleq.s, r: toHex(factor) },
  };
}

/**
 * NUT-12 for a proof that somebody gives: was it signed by `publicKey`? Its blinding factor brings back what the mint
 * has signed. Malformed fields are no proof.
 */
export function isSignedBy(curve: Curve, { secret, c, dleq }: Proof, publicKey: string): boolean {
  try {
    const key = fromHex(publicKey);
    const factor = fromHex(dleq.r);
    return curve.verifyDleq({
      blindedMessage: curve.addPoints(curve.hashToCurve(utf8(secret)), curve.publicKey(factor)),
      signature: curve.addPoints(fromHex(c), curve.multiply(key, factor)),
      key,
      e: fromHex(dleq.e),
      s: fromHex(dleq.s),
    });
  } catch (error) {
    if (isHashpoolError(error)) return false;
    throw error;
  }
}

function wellFormed<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!isHashpoolError(cause)) throw cause;
    throw new HashpoolError('mint-answer', "the mint's signature is malformed", { cause });
  }
}
