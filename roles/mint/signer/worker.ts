import { randomBytes } from 'node:crypto';
import { concatBytes, fromHex, toHex, utf8 } from '../../../protocols/bytes.ts';
import { amountOf, KEYSET_SIZE } from '../../../protocols/cashu/amount.ts';
import { identitySecret, keysetSecret } from '../../../protocols/cashu/key-derivation.ts';
import { isOpened, type LockCheck } from '../../../protocols/cashu/nut11.ts';
import { legacyMintMessage, mintMessageOver } from '../../../protocols/cashu/nut20.ts';
import type { Curve } from '../../../protocols/crypto/curve.ts';
import { reportHash } from '../../../protocols/ehash/report-hash.ts';
import { HashpoolError, isHashpoolError } from '../../../protocols/errors.ts';
import { loadCrypto } from '../../../runtime/crypto.ts';

/** Which keyset: what its private keys are derived from, besides the seed. */
export interface KeysetName {
  readonly unit: string;
  readonly index: number;
}

export interface ToSign extends KeysetName {
  readonly exponent: number;
  /** B_, 33 bytes. */
  readonly blinded: Uint8Array;
}

/** A blind signature and its proof, C_ ‖ e ‖ s (NUT-12): 97 bytes. */
export type Signed = Uint8Array;

/** A quote to be minted, and what its owner gave to show that it may be. */
export interface MintClaim {
  /** The quote's id as text. */
  readonly quote: string;
  /** 33 bytes. */
  readonly publicKey: Uint8Array;
  /** BIP340 over the quote and the outputs (NUT-20), 64 bytes. */
  readonly signature: Uint8Array;
}

export interface ToAuthorize {
  readonly claims: readonly MintClaim[];
  readonly outputs: readonly ToSign[];
}

export interface ToVerify extends KeysetName {
  readonly exponent: number;
  readonly secret: string;
  /** C, 33 bytes. */
  readonly signature: Uint8Array;
}

/** A BIP340 signature. */
export interface Claim {
  /** 33 bytes; the x coordinate counts. */
  readonly publicKey: Uint8Array;
  /** 64 bytes. */
  readonly signature: Uint8Array;
  /** A digest of 32 bytes. */
  readonly message: Uint8Array;
}

interface KeyPair {
  readonly secret: Uint8Array;
  readonly publicKey: Uint8Array;
}

/**
 * The mint's private keys live in this thread and never leave it. It proves its keys and its curve on a dummy
 * before it takes work.
 * @param data the seed, 64 hex digits
 * @throws HashpoolError 'bad-seed', 'self-test'
 */
export async function start(data: { readonly seed: string }) {
  const { curve, hash } = await loadCrypto();
  const seed = seedOf(data.seed);
  const keysets = new Map<string, KeyPair[]>();

  function keysOf({ unit, index }: KeysetName): KeyPair[] {
    const name = `${unit}|${index}`;
    const known = keysets.get(name);
    if (known) return known;
    const keys = Array.from({ length: KEYSET_SIZE }, (_, exponent) => {
      const secret = keysetSecret(hash.hmacSha256, seed, unit, index, exponent);
      return { secret, publicKey: curve.publicKey(secret) };
    });
    keysets.set(name, keys);
    return keys;
  }

  function keyOf(token: KeysetName & { readonly exponent: number }): KeyPair {
    const key = keysOf(token)[token.exponent];
    if (key) return key;
    throw new HashpoolError('bad-exponent', `a keyset has no amount 2^${token.exponent}`);
  }

  const sign = (output: ToSign): Signed => {
    const { secret, publicKey } = keyOf(output);
    const { signature, e, s } = curve.signBlinded(output.blinded, secret, publicKey);
    return concatBytes(signature, e, s);
  };

  /** The proof's Y, or undefined where the signature is not this mint's. */
  const verify = (proof: ToVerify): Uint8Array | undefined =>
    curve.verifyProof(utf8(proof.secret), proof.signature, keyOf(proof).secret);

  const isGood = ({ publicKey, signature, message }: Claim): boolean =>
    curve.schnorrVerify(signature, message, publicKey.subarray(1));

  /** The first claim that is signed neither as nuts#375 has it nor in the older form, -1 for none. */
  const firstBad = ({ claims, outputs }: ToAuthorize): number => {
    const signed = outputs.map(({ exponent, blinded }) => ({ amount: amountOf(exponent), blinded }));
    const message = mintMessageOver(signed);
    return claims.findIndex((claim) => {
      return (
        !isGood({ ...claim, message: message(claim.quote) }) &&
        !isGood({ ...claim, message: legacyMintMessage(claim.quote, signed) })
      );
    });
  };

  const signAll = (outputs: readonly ToSign[]) =>
    outputs.map((output) => pointOrUndefined(() => sign(output)));

  selfTest(curve, sign, verify, keyOf);
  return {
    /** The mint's own public key, 33 bytes. */
    identity: (_: null) => curve.publicKey(identitySecret(hash.hmacSha256, seed)),
    /** Of which the salts of shares in reports are made. */
    saltSecret: (_: null) => hash.hmacSha256(seed, utf8('hashpool-report-salts-v1')),
    /** Signs a report by the mint's own key. */
    signReport: (text: string) =>
      curve.schnorrSign(reportHash(text), identitySecret(hash.hmacSha256, seed), randomBytes(32)),
    /** The 63 public keys of a keyset, one after the other. */
    publicKeys: (keyset: KeysetName) => concatBytes(...keysOf(keyset).map(({ publicKey }) => publicKey)),
    /** Signs each output; undefined for a B_ that is no point. */
    sign: signAll,
    firstBad,
    /** Both in one call: signs where every claim is good. */
    signIfGood: (request: ToAuthorize) => {
      const bad = firstBad(request);
      return { bad, signed: bad < 0 ? signAll(request.outputs) : [] };
    },
    verifyProofs: (proofs: readonly ToVerify[]) =>
      proofs.map((proof) => pointOrUndefined(() => verify(proof))),
    openLocks: (checks: readonly LockCheck[]) =>
      checks.map((check) =>
        isOpened(check, (signature, message, publicKey) => isGood({ publicKey, signature, message })),
      ),
    verifyClaims: (claims: readonly Claim[]) => claims.map(isGood),
    arePoints: (keys: readonly Uint8Array[]) => keys.map((key) => curve.isPoint(key)),
  };
}

export type SignerTasks = Awaited<ReturnType<typeof start>>;

function seedOf(text: string): Uint8Array {
  if (/^[0-9a-fA-F]{64}$/.test(text)) return fromHex(text, 'the mint seed', 32);
  throw new HashpoolError(
    'bad-seed',
    `the mint seed must be 64 hex digits, not ${text.length} characters of another kind`,
  );
}

function pointOrUndefined<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (isHashpoolError(error, 'bad-point')) return undefined;
    throw error;
  }
}

const dummy = { unit: 'self-test', index: 0, exponent: 0 };
/** Any point serves; this one is 2 * G. */
const dummyPoint = fromHex('02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5');

function selfTest(
  curve: Curve,
  sign: (output: ToSign) => Signed,
  verify: (proof: ToVerify) => Uint8Array | undefined,
  keyOf: (token: typeof dummy) => KeyPair,
): void {
  const signed = sign({ ...dummy, blinded: dummyPoint });
  const { secret, publicKey } = keyOf(dummy);
  const isProven = curve.verifyDleq({
    blindedMessage: dummyPoint,
    signature: signed.subarray(0, 33),
    key: publicKey,
    e: signed.subarray(33, 65),
    s: signed.subarray(65),
  });
  const proof = curve.multiply(curve.hashToCurve(utf8(toHex(dummyPoint))), secret);
  const isAccepted = verify({ ...dummy, secret: toHex(dummyPoint), signature: proof }) !== undefined;
  const isForgeryRefused = verify({ ...dummy, secret: 'other', signature: proof }) === undefined;
  if (isProven && isAccepted && isForgeryRefused) return;
  throw new HashpoolError(
    'self-test',
    'the signer cannot verify its own signature: the curve module is broken',
  );
}
