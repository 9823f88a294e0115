import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { concatBytes, fromHex, toHex } from '../../../protocols/bytes.ts';
import { encodeAuthorityPublicKey } from '../../../protocols/sv2/authority-key.ts';
import { verifyCertificate } from '../../../protocols/sv2/noise/certificate.ts';
import { CipherState } from '../../../protocols/sv2/noise/cipher-state.ts';
import { ACT2_BYTES, finish, respond } from '../../../protocols/sv2/noise/handshake.ts';
import { SymmetricState } from '../../../protocols/sv2/noise/symmetric-state.ts';
import { FrameOpener, sealFrame } from '../../../protocols/sv2/noise/transport.ts';
import { loadCrypto } from '../../../runtime/crypto.ts';

// A whole handshake with fixed keys, made from the specification and confirmed by sv2-tp's own classes.
const vectors = JSON.parse(readFileSync(new URL('vectors/noise.json', import.meta.url), 'utf8'));
const bytes = (name: string): Uint8Array => fromHex(vectors[name]);
const suite = await loadCrypto();
const { curve, hash, cipher } = suite;

const key = (name: string) => ({ secret: bytes(`${name}_sk`), encoded: bytes(`${name}_ellswift`) });
const initiator = key('initiator_e');
const responder = key('responder_e');
const staticKey = key('responder_s');
const certificate = concatBytes(
  Uint8Array.of(0, 0),
  fromHex('00f15365'),
  fromHex('ffffffff'),
  bytes('cert_sig'),
);

test('every intermediate value of the handshake is that of the vector', () => {
  const state = new SymmetricState(suite);
  assert.equal(toHex(state.ck), vectors.ck0);
  assert.equal(toHex(state.h), vectors.h0);
  state.mixHash(initiator.encoded);
  state.encryptAndHash(new Uint8Array(0));
  assert.equal(toHex(state.h), vectors.h_after_act1);

  state.mixHash(responder.encoded);
  const ee = curve.ellswiftXdh(responder.secret, initiator.encoded, responder.encoded, 'responder');
  assert.equal(toHex(ee), vectors.ecdh_ee);
  state.mixKey(ee);
  assert.equal(toHex(state.ck), vectors.ck_after_ee);
  const sealedStatic = state.encryptAndHash(staticKey.encoded);
  const es = curve.ellswiftXdh(staticKey.secret, initiator.encoded, staticKey.encoded, 'responder');
  assert.equal(toHex(es), vectors.ecdh_es);
  state.mixKey(es);
  assert.equal(toHex(state.ck), vectors.ck_after_es);
  const sealedCertificate = state.encryptAndHash(certificate);
  assert.equal(toHex(concatBytes(responder.encoded, sealedStatic, sealedCertificate)), vectors.act2);
  assert.equal(toHex(state.h), vectors.h_final);
  assert.deepEqual(state.split().map(toHex), [
    vectors.k_initiator_to_responder,
    vectors.k_responder_to_initiator,
  ]);
});

test('both roles give the acts, the hash and the keys of the vector', () => {
  assert.equal(toHex(initiator.encoded), vectors.act1);
  const keys = { ephemeral: responder, static: staticKey, certificate };
  const { act2, result } = respond(suite, bytes('act1'), keys);
  assert.equal(toHex(act2), vectors.act2);
  assert.equal(act2.length, ACT2_BYTES);
  const finished = finish(suite, initiator, bytes('act2'));
  assert.equal(toHex(finished.staticKey), vectors.responder_s_xonly);
  assert.deepEqual(finished.certificate, certificate);
  for (const side of [result, finished]) {
    assert.equal(toHex(side.handshakeHash), vectors.h_final);
    assert.equal(toHex(side.initiatorToResponder), vectors.k_initiator_to_responder);
    assert.equal(toHex(side.responderToInitiator), vectors.k_responder_to_initiator);
  }
});

test("the vector's keys belong together and the certificate's signature is valid", () => {
  for (const { secret, encoded } of [initiator, responder, staticKey]) {
    assert.deepEqual(curve.xOnly(curve.ellswiftDecode(encoded)), curve.xOnly(curve.publicKey(secret)));
  }
  assert.equal(toHex(curve.xOnly(curve.publicKey(bytes('authority_sk')))), vectors.authority_xonly);
  assert.equal(encodeAuthorityPublicKey(bytes('authority_xonly')), vectors.authority_base58);
  const signed = concatBytes(certificate.subarray(0, 10), bytes('responder_s_xonly'));
  assert.equal(toHex(hash.sha256(signed)), vectors.cert_hash);
  verifyCertificate(
    suite,
    certificate,
    bytes('responder_s_xonly'),
    bytes('authority_xonly'),
    vectors.valid_from,
  );
});

test('frames are sealed as in the vector and open again', () => {
  for (const [name, keyName, start] of [
    ['frame1', 'k_initiator_to_responder', 0],
    ['frame2', 'k_responder_to_initiator', 0],
  ] as const) {
    const sealer = new CipherState(cipher, bytes(keyName), start);
    assert.equal(toHex(concatBytes(...sealFrame(sealer, bytes(`${name}_plain`)))), vectors[`${name}_cipher`]);
    const opener = new FrameOpener(new CipherState(cipher, bytes(keyName)), 1000);
    opener.push(bytes(`${name}_cipher`));
    assert.equal(toHex(opener.next()?.payload ?? new Uint8Array(0)), vectors[`${name}_plain`].slice(12));
    assert.equal(opener.next(), undefined);
  }
  const sealer = new CipherState(cipher, bytes('k_initiator_to_responder'));
  sealFrame(sealer, bytes('frame1_plain'));
  assert.equal(sealer.counter, vectors.frame1_next_nonce);
});
