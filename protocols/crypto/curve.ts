import { HashpoolError } from '../errors.ts';
import { bytes, message, operations, point, scalar, secretKey, xOnlyKey } from './operation.ts';
import { instantiate } from './wasm.ts';

/** A blind signature (NUT-00) with the proof (NUT-12) that the mint's published key made it. */
export interface BlindSignature {
  /** C_ = k * B_, 33 bytes. */
  signature: Uint8Array;
  /** Challenge, 32 bytes. */
  e: Uint8Array;
  /** Response, 32 bytes. */
  s: Uint8Array;
}

/**
 * secp256k1. Everywhere: a secret is 32 bytes, big-endian, from 1 to the order less one; a point is 33 bytes,
 * compressed; an x-only key is 32 bytes. Malformed input throws a HashpoolError with the code 'bad-point',
 * 'bad-secret-key', 'bad-x-only-key', 'bad-scalar', 'bad-length', 'input-too-long', or, where sound inputs
 * have no result (a + (-a)), 'no-result'. Nothing that depends on a secret takes time by its value.
 */
export interface Curve {
  /** The point secret * G. */
  publicKey(secret: Uint8Array): Uint8Array;
  isPoint(bytes: Uint8Array): boolean;
  isSecretKey(bytes: Uint8Array): boolean;
  /** The x coordinate of a point: its BIP340 key. */
  xOnly(point: Uint8Array): Uint8Array;
  /** The point secret * point. */
  multiply(point: Uint8Array, secret: Uint8Array): Uint8Array;
  addPoints(a: Uint8Array, b: Uint8Array): Uint8Array;
  negate(point: Uint8Array): Uint8Array;
  addSecrets(a: Uint8Array, b: Uint8Array): Uint8Array;
  multiplySecrets(a: Uint8Array, b: Uint8Array): Uint8Array;
  negateSecret(secret: Uint8Array): Uint8Array;
  /** NUT-00's hash_to_curve. */
  hashToCurve(message: Uint8Array): Uint8Array;
  /**
   * NUT-00's blind signature with NUT-12's proof, whose nonce follows from the inputs as the NUT has it, so
   * that the same call always gives the same bytes and no bad random number can give the key away.
   * @param publicKey the secret's point, where the caller has it: saves a tenth of the time
   */
  signBlinded(blindedMessage: Uint8Array, secret: Uint8Array, publicKey?: Uint8Array): BlindSignature;
  /** NUT-12: was `signature` made from `blindedMessage` by the secret of `key`? */
  verifyDleq(proof: {
    blindedMessage: Uint8Array;
    signature: Uint8Array;
    key: Uint8Array;
    e: Uint8Array;
    s: Uint8Array;
  }): boolean;
  /** NUT-00: is C = secretKey * hash_to_curve(secretUtf8)? Gives the latter, Y, where it is. */
  verifyProof(secretUtf8: Uint8Array, C: Uint8Array, secretKey: Uint8Array): Uint8Array | undefined;
  /**
   * BIP340 signature, 64 bytes.
   * @param message of any length; 32 bytes by convention
   * @param aux32 fresh randomness
   */
  schnorrSign(message: Uint8Array, secret: Uint8Array, aux32: Uint8Array): Uint8Array;
  /** BIP340. A key that is no x coordinate is no error: nothing verifies by it. */
  schnorrVerify(signature64: Uint8Array, message: Uint8Array, xOnly32: Uint8Array): boolean;
  /** BIP341: the x-only key of lift_x(xOnly) + tweak * G, and the parity of its y. */
  tweakXOnly(xOnly: Uint8Array, tweak32: Uint8Array): { xOnly: Uint8Array; parity: 0 | 1 };
  /**
   * BIP324's encoding, 64 bytes, of the secret's public key.
   * @param aux32 fresh randomness
   */
  ellswiftCreate(secret: Uint8Array, aux32: Uint8Array): Uint8Array;
  /** The point that 64 bytes encode; all do. */
  ellswiftDecode(encoded64: Uint8Array): Uint8Array;
  /** BIP324's shared secret, 32 bytes, bound to both encodings. */
  ellswiftXdh(
    ourSecret: Uint8Array,
    initiator64: Uint8Array,
    responder64: Uint8Array,
    weAre: 'initiator' | 'responder',
  ): Uint8Array;
}

/**
 * Starts an instance of libsecp256k1, vendor/secp256k1.wasm; one instance serves one thread.
 * @param entropy 32 fresh random bytes, which blind the multiplications of the base point
 * @throws HashpoolError 'bad-length', 'bad-wasm'
 */
export function loadCurve(module: WebAssembly.Module, entropy: Uint8Array): Curve {
  const { result, resultIf, test } = operations(instantiate(module));
  if (!test('curve_start', bytes('entropy', 32))([entropy])) {
    throw new HashpoolError('bad-wasm', 'libsecp256k1 did not start: rebuild vendor/secp256k1.wasm');
  }

  const isPoint = test('point_valid', bytes('point', 33));
  const isSecretKey = test('secret_valid', bytes('secret key', 32));
  const publicKey = result(33, 'public_key', secretKey());
  const multiply = result(33, 'point_multiply', point(), secretKey());
  const addPoints = result(33, 'point_add', point('first point'), point('second point'));
  const negate = result(33, 'point_negate', point());
  const addSecrets = result(32, 'secret_add', secretKey('first secret'), secretKey('second secret'));
  const multiplySecrets = result(
    32,
    'secret_multiply',
    secretKey('first secret'),
    secretKey('second secret'),
  );
  const negateSecret = result(32, 'secret_negate', secretKey());
  const hashToCurve = result(33, 'hash_to_curve', message());
  const signBlinded = result(97, 'sign_blinded', point('blinded message'), secretKey(), point('public key'));
  const verifyDleq = test(
    'verify_dleq',
    point('blinded message'),
    point('blind signature'),
    point("the mint's key"),
    bytes('e of the DLEQ proof', 32),
    bytes('s of the DLEQ proof', 32),
  );
  const verifyProof = resultIf(33, 'verify_proof', message(), point('C of the proof'), secretKey());
  const schnorrSign = result(64, 'schnorr_sign', message(), secretKey(), bytes('auxiliary randomness', 32));
  const schnorrVerify = test('schnorr_verify', bytes('signature', 64), message(), bytes('x-only key', 32));
  const tweakXOnly = result(33, 'x_only_tweak', xOnlyKey(), scalar('tweak'));
  const ellswiftCreate = result(64, 'ellswift_create', secretKey(), bytes('auxiliary randomness', 32));
  const ellswiftDecode = result(33, 'ellswift_decode', bytes('ElligatorSwift key', 64));
  const ellswiftXdh = result(
    32,
    'ellswift_xdh',
    bytes("the initiator's ElligatorSwift key", 64),
    bytes("the responder's ElligatorSwift key", 64),
    secretKey(),
  );

  return {
    publicKey: (secret) => publicKey([secret]),
    isPoint: (candidate) => candidate.length === 33 && isPoint([candidate]),
    isSecretKey: (candidate) => candidate.length === 32 && isSecretKey([candidate]),
    // A point and its negation have the same x, and negating checks the point.
    xOnly: (p) => negate([p]).slice(1),
    multiply: (p, secret) => multiply([p, secret]),
    addPoints: (a, b) => addPoints([a, b]),
    negate: (p) => negate([p]),
    addSecrets: (a, b) => addSecrets([a, b]),
    multiplySecrets: (a, b) => multiplySecrets([a, b]),
    negateSecret: (secret) => negateSecret([secret]),
    hashToCurve: (text) => hashToCurve([text]),
    signBlinded(blindedMessage, secret, key) {
      const out = signBlinded([blindedMessage, secret, key]);
      return { signature: out.slice(0, 33), e: out.slice(33, 65), s: out.slice(65) };
    },
    verifyDleq: (proof) => verifyDleq([proof.blindedMessage, proof.signature, proof.key, proof.e, proof.s]),
    verifyProof: (secretUtf8, C, secret) => verifyProof([secretUtf8, C, secret]),
    schnorrSign: (text, secret, aux32) => schnorrSign([text, secret, aux32]),
    schnorrVerify: (signature64, text, xOnly32) => schnorrVerify([signature64, text, xOnly32]),
    tweakXOnly(xOnly, tweak32) {
      const out = tweakXOnly([xOnly, tweak32]);
      return { xOnly: out.slice(1), parity: out[0] === 0 ? 0 : 1 };
    },
    ellswiftCreate: (secret, aux32) => ellswiftCreate([secret, aux32]),
    ellswiftDecode: (encoded64) => ellswiftDecode([encoded64]),
    ellswiftXdh: (ourSecret, initiator64, responder64, weAre) =>
      ellswiftXdh([initiator64, responder64, ourSecret], weAre === 'initiator' ? 0 : 1),
  };
}
