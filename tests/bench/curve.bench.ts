import { createDLEQProof, hashToCurve, pointFromHex } from '@cashu/cashu-ts';
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js';
import { toHex, utf8 } from '../../protocols/bytes.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { type Figure, loop } from './figure.ts';

const { curve } = await loadCrypto();

const secret = new Uint8Array(32).fill(0x11);
const aux = new Uint8Array(32).fill(0x22);
const message = new Uint8Array(32).fill(0x33);
const key = curve.publicKey(secret);
const xOnly = curve.xOnly(key);
const blindedMessage = curve.hashToCurve(message);

export const multiply = loop(
  'constant-time multiplication of a point',
  () => () => curve.multiply(key, secret),
);

export const signBlinded = loop(
  'blind signature and DLEQ proof',
  () => () => curve.signBlinded(blindedMessage, secret, key),
  { figure: multiply, per: 2 },
);

export const verifyProof = loop(
  'proof verified: hash_to_curve, multiplication',
  () => {
    const x = utf8(toHex(message));
    const C = curve.multiply(curve.hashToCurve(x), secret);
    return () => curve.verifyProof(x, C, secret);
  },
  { figure: multiply },
);

export const verifyDleq = loop('DLEQ proof verified', () => {
  const { signature, e, s } = curve.signBlinded(blindedMessage, secret, key);
  return () => curve.verifyDleq({ blindedMessage, signature, key, e, s });
});

export const schnorrSign = loop('BIP340 signed', () => () => curve.schnorrSign(message, secret, aux));

export const schnorrVerify = loop('BIP340 verified', () => {
  const signature = curve.schnorrSign(message, secret, aux);
  return () => curve.schnorrVerify(signature, message, xOnly);
});

export const ellswiftCreate = loop('ElligatorSwift key made', () => () => curve.ellswiftCreate(secret, aux));

export const ellswiftXdh = loop('ElligatorSwift shared secret', () => {
  const encoded = curve.ellswiftCreate(secret, aux);
  return () => curve.ellswiftXdh(secret, encoded, encoded, 'responder');
});

/** What a responder's thread does for one Noise NX handshake: an ephemeral key and two shared secrets. */
export const noiseResponder = loop('Noise NX responder, curve part', () => {
  const initiator = curve.ellswiftCreate(secret, aux);
  return () => {
    const ephemeral = curve.ellswiftCreate(secret, aux);
    curve.ellswiftXdh(secret, initiator, ephemeral, 'responder');
    curve.ellswiftXdh(secret, initiator, ephemeral, 'responder');
  };
});

const peers = [
  loop(
    'peer cashu-ts: blind signature and DLEQ proof',
    () => {
      const scalar = BigInt(`0x${toHex(secret)}`);
      const B_ = pointFromHex(toHex(blindedMessage));
      return () => [B_.multiply(scalar), createDLEQProof(B_, secret)];
    },
    { figure: signBlinded },
  ),
  loop(
    'peer cashu-ts: proof verified',
    () => {
      const scalar = BigInt(`0x${toHex(secret)}`);
      const C = secp256k1.Point.fromBytes(curve.multiply(curve.hashToCurve(message), secret));
      return () => hashToCurve(message).multiply(scalar).equals(C);
    },
    { figure: verifyProof },
  ),
  loop(
    'peer noble: BIP340 verified',
    () => {
      const signature = curve.schnorrSign(message, secret, aux);
      return () => schnorr.verify(signature, message, xOnly);
    },
    { figure: schnorrVerify },
  ),
];

export const figures: Figure[] = [
  multiply,
  signBlinded,
  verifyProof,
  verifyDleq,
  schnorrSign,
  schnorrVerify,
  ellswiftCreate,
  ellswiftXdh,
  noiseResponder,
  ...peers,
];
