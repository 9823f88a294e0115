import { concatBytes } from '../../bytes.ts';
import { HashpoolError } from '../../errors.ts';
import { CERTIFICATE_BYTES } from './certificate.ts';
import { MAC_BYTES } from './cipher-state.ts';
import { type NoiseSuite, SymmetricState } from './symmetric-state.ts';

const ENCODED_KEY_BYTES = 64;
const STATIC_END = ENCODED_KEY_BYTES + ENCODED_KEY_BYTES + MAC_BYTES;

/** Act 1: the initiator's ephemeral key. */
export const ACT1_BYTES = ENCODED_KEY_BYTES;
/** Act 2: ephemeral key, sealed static key, sealed certificate. (Section 4.5.2's 170 bytes are out of date.) */
export const ACT2_BYTES = STATIC_END + CERTIFICATE_BYTES + MAC_BYTES;

const NOTHING = new Uint8Array(0);

/** A key as the handshake needs it. */
export interface NoiseKey {
  /** 32 bytes. */
  readonly secret: Uint8Array;
  /** 64 bytes, ElligatorSwift. */
  readonly encoded: Uint8Array;
}

/** What a finished handshake leaves behind, the same on both sides. */
export interface HandshakeResult {
  /** 32 bytes that no other connection has; signing them proves who is at this one's end. */
  readonly handshakeHash: Uint8Array;
  readonly initiatorToResponder: Uint8Array;
  readonly responderToInitiator: Uint8Array;
}

export interface InitiatorResult extends HandshakeResult {
  /** The server's static key, x-only, and the certificate for it; worth nothing until verifyCertificate has passed. */
  readonly staticKey: Uint8Array;
  readonly certificate: Uint8Array;
}

/**
 * The key to a secret.
 * @param secret 32 random bytes that are a valid secret key
 * @param aux 32 random bytes that choose among the encodings
 */
export function noiseKey(curve: NoiseSuite['curve'], secret: Uint8Array, aux: Uint8Array): NoiseKey {
  return { secret, encoded: curve.ellswiftCreate(secret, aux) };
}

/**
 * The responder's whole part: reads act 1 and answers act 2 (section 4.5).
 * @param act1 64 bytes from the initiator; any are valid
 * @param keys fresh ephemeral key, static key, and the certificate for the static key (74 bytes)
 * @throws HashpoolError `sv2-bad-length` when act 1 has another length
 */
export function respond(
  suite: NoiseSuite,
  act1: Uint8Array,
  keys: { ephemeral: NoiseKey; static: NoiseKey; certificate: Uint8Array },
): { act2: Uint8Array; result: HandshakeResult } {
  checkLength('act 1', act1, ACT1_BYTES);
  const state = afterAct1(suite, act1);
  const { ephemeral, static: staticKey } = keys;
  state.mixHash(ephemeral.encoded);
  state.mixKey(suite.curve.ellswiftXdh(ephemeral.secret, act1, ephemeral.encoded, 'responder'));
  const sealedStatic = state.encryptAndHash(staticKey.encoded);
  state.mixKey(suite.curve.ellswiftXdh(staticKey.secret, act1, staticKey.encoded, 'responder'));
  const sealedCertificate = state.encryptAndHash(keys.certificate);
  return {
    act2: concatBytes(ephemeral.encoded, sealedStatic, sealedCertificate),
    result: resultOf(state),
  };
}

/**
 * The initiator's part after act 1, which is its ephemeral key's encoding.
 * @param ephemeral the key whose encoding was sent
 * @param act2 234 bytes from the responder
 * @throws HashpoolError `sv2-bad-length`, or `sv2-handshake-failed` when a part of act 2 does not decrypt
 */
export function finish(suite: NoiseSuite, ephemeral: NoiseKey, act2: Uint8Array): InitiatorResult {
  checkLength('act 2', act2, ACT2_BYTES);
  const { curve } = suite;
  const state = afterAct1(suite, ephemeral.encoded);
  const remoteEphemeral = act2.slice(0, ENCODED_KEY_BYTES);
  state.mixHash(remoteEphemeral);
  state.mixKey(curve.ellswiftXdh(ephemeral.secret, ephemeral.encoded, remoteEphemeral, 'initiator'));
  const remoteStatic = state.decryptAndHash(
    act2.slice(ENCODED_KEY_BYTES, STATIC_END),
    "the server's static key",
  );
  state.mixKey(curve.ellswiftXdh(ephemeral.secret, ephemeral.encoded, remoteStatic, 'initiator'));
  const certificate = state.decryptAndHash(act2.slice(STATIC_END), "the server's certificate");
  return {
    ...resultOf(state),
    staticKey: curve.xOnly(curve.ellswiftDecode(remoteStatic)),
    certificate,
  };
}

/** Both sides' state once the initiator's ephemeral key and the empty payload of act 1 are mixed in. */
function afterAct1(suite: NoiseSuite, initiatorEphemeral: Uint8Array): SymmetricState {
  const state = new SymmetricState(suite);
  state.mixHash(initiatorEphemeral);
  state.encryptAndHash(NOTHING);
  return state;
}

function resultOf(state: SymmetricState): HandshakeResult {
  const [initiatorToResponder, responderToInitiator] = state.split();
  return { handshakeHash: state.h, initiatorToResponder, responderToInitiator };
}

function checkLength(label: string, act: Uint8Array, length: number): void {
  if (act.length !== length) {
    throw new HashpoolError(
      'sv2-bad-length',
      `Noise handshake: ${label} has ${act.length} bytes, exactly ${length} wanted`,
    );
  }
}
