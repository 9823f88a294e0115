import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { concatBytes, fromHex, toHex } from '../../../protocols/bytes.ts';
import { encodeAuthorityPublicKey } from '../../../protocols/sv2/authority-key.ts';
import { readFrameHeader } from '../../../protocols/sv2/frame.ts';
import { signCertificate, verifyCertificate } from '../../../protocols/sv2/noise/certificate.ts';
import { CipherState } from '../../../protocols/sv2/noise/cipher-state.ts';
import { ACT1_BYTES, ACT2_BYTES, finish, noiseKey, respond } from '../../../protocols/sv2/noise/handshake.ts';
import { SymmetricState } from '../../../protocols/sv2/noise/symmetric-state.ts';
import { type Frame, FrameOpener, sealedLength } from '../../../protocols/sv2/noise/transport.ts';
import { loadNoiseSuite } from '../../../runtime/sv2/noise-suite.ts';
import { sealedFrame } from '../../harness/sealed-frame.ts';

// A whole handshake with fixed keys, made from the specification and confirmed by sv2-tp's own classes.
const vectors: { readonly [name: string]: unknown } = JSON.parse(
  readFileSync(new URL('vectors/noise.json', import.meta.url), 'utf8'),
);
const text = (name: string): string => String(vectors[name]);
const number = (name: string): number => Number(vectors[name]);
const bytes = (name: string): Uint8Array => fromHex(text(name), name);
const suite = await loadNoiseSuite();
const { curve, hash, cipher } = suite;

const keyOf = (name: string) => ({ secret: bytes(`${name}_sk`), encoded: bytes(`${name}_ellswift`) });
const initiator = keyOf('initiator_e');
const responder = keyOf('responder_e');
const staticKey = keyOf('responder_s');
const staticXOnly = bytes('responder_s_xonly');
const authority = bytes('authority_xonly');
const certificate = concatBytes(fromHex('0000' + '00f15365' + 'ffffffff'), bytes('cert_sig'));
const keys = { ephemeral: responder, static: staticKey, certificate };

test('every intermediate value of the handshake is that of the vector', () => {
  const state = new SymmetricState(suite);
  assert.equal(toHex(state.ck), text('ck0'));
  assert.equal(toHex(state.h), text('h0'));
  state.mixHash(initiator.encoded);
  state.encryptAndHash(new Uint8Array(0));
  assert.equal(toHex(state.h), text('h_after_act1'));

  state.mixHash(responder.encoded);
  const ee = curve.ellswiftXdh(responder.secret, initiator.encoded, responder.encoded, 'responder');
  assert.equal(toHex(ee), text('ecdh_ee'));
  state.mixKey(ee);
  assert.equal(toHex(state.ck), text('ck_after_ee'));
  const sealedStatic = state.encryptAndHash(staticKey.encoded);
  const es = curve.ellswiftXdh(staticKey.secret, initiator.encoded, staticKey.encoded, 'responder');
  assert.equal(toHex(es), text('ecdh_es'));
  state.mixKey(es);
  assert.equal(toHex(state.ck), text('ck_after_es'));
  const sealedCertificate = state.encryptAndHash(certificate);
  assert.equal(toHex(concatBytes(responder.encoded, sealedStatic, sealedCertificate)), text('act2'));
  assert.equal(toHex(state.h), text('h_final'));
  assert.deepEqual(state.split().map(toHex), [
    text('k_initiator_to_responder'),
    text('k_responder_to_initiator'),
  ]);
});

test('both roles give the acts, the hash and the keys of the vector', () => {
  assert.equal(toHex(initiator.encoded), text('act1'));
  const { act2, result } = respond(suite, bytes('act1'), keys);
  assert.equal(toHex(act2), text('act2'));
  assert.equal(act2.length, ACT2_BYTES);
  const finished = finish(suite, initiator, bytes('act2'));
  assert.equal(toHex(finished.staticKey), text('responder_s_xonly'));
  assert.deepEqual(finished.certificate, certificate);
  for (const side of [result, finished]) {
    assert.equal(toHex(side.handshakeHash), text('h_final'));
    assert.equal(toHex(side.initiatorToResponder), text('k_initiator_to_responder'));
    assert.equal(toHex(side.responderToInitiator), text('k_responder_to_initiator'));
  }
});

test("the vector's keys belong together and its certificate is valid", () => {
  for (const { secret, encoded } of [initiator, responder, staticKey]) {
    assert.deepEqual(curve.xOnly(curve.ellswiftDecode(encoded)), curve.xOnly(curve.publicKey(secret)));
  }
  assert.equal(toHex(curve.xOnly(curve.publicKey(bytes('authority_sk')))), text('authority_xonly'));
  assert.equal(encodeAuthorityPublicKey(authority), text('authority_base58'));
  const signed = concatBytes(certificate.subarray(0, 10), staticXOnly);
  assert.equal(toHex(hash.sha256(signed)), text('cert_hash'));
  verifyCertificate(suite, certificate, staticXOnly, authority, number('valid_from'));
});

test('frames are sealed as in the vector and open again', () => {
  for (const [name, keyName] of [
    ['frame1', 'k_initiator_to_responder'],
    ['frame2', 'k_responder_to_initiator'],
  ] as const) {
    const sealer = new CipherState(cipher, bytes(keyName));
    assert.equal(toHex(sealedFrame(sealer, bytes(`${name}_plain`))), text(`${name}_cipher`));
    assert.equal(sealer.counter, number('frame1_next_nonce'));
    const opener = new FrameOpener(new CipherState(cipher, bytes(keyName)), 1000);
    opener.push(bytes(`${name}_cipher`));
    assert.equal(toHex(opener.next()?.payload ?? new Uint8Array(0)), text(`${name}_plain`).slice(12));
    assert.equal(opener.next(), undefined);
  }
});

interface ChunkVector {
  readonly start_nonce: number;
  readonly next_nonce: number;
  readonly cipher_len: number;
  readonly cipher_sha256: string;
  readonly last32: string;
}

/** The chunk vectors' frames are RequestTransactionData.Success messages by their type. */
function chunkFrame(length: number): Uint8Array {
  const header = Uint8Array.of(0, 0, 0x74, length & 0xff, (length >>> 8) & 0xff, length >>> 16);
  return concatBytes(
    header,
    Uint8Array.from({ length }, (_, i) => (7 * i + 3) & 255),
  );
}

for (const length of [65519, 65520, 131038, 131039]) {
  test(`a payload of ${length} bytes is cut into chunks as in the vector`, () => {
    const vector = vectors[`chunk_${length}`] as ChunkVector;
    const key = bytes('k_responder_to_initiator');
    const frame = chunkFrame(length);
    const sealer = new CipherState(cipher, key, vector.start_nonce);
    const sealed = sealedFrame(sealer, frame);
    assert.equal(sealer.counter, vector.next_nonce);
    assert.equal(sealed.length, vector.cipher_len);
    assert.equal(sealed.length, sealedLength(frame.length));
    assert.equal(createHash('sha256').update(sealed).digest('hex'), vector.cipher_sha256);
    assert.equal(toHex(sealed.subarray(-32)), vector.last32);

    const opener = new FrameOpener(new CipherState(cipher, key, vector.start_nonce), length);
    for (let at = 0; at < sealed.length; at += 1000) {
      assert.equal(opener.next(), undefined);
      opener.push(sealed.subarray(at, at + 1000));
    }
    assert.deepEqual(opener.next()?.payload, frame.subarray(6));
    assert.equal(opener.buffered, 0);
  });
}

const key = bytes('k_initiator_to_responder');
const sealAll = (...frames: Uint8Array[]) => {
  const sealer = new CipherState(cipher, key);
  return concatBytes(...frames.map((frame) => sealedFrame(sealer, frame)));
};
const kept = ({ header, payload }: Frame) => ({ header, payload: payload.slice() });
const openerWithCap = (cap: number) => new FrameOpener(new CipherState(cipher, key), cap);

test('frames are the same wherever the network cuts them, empty payloads among them', () => {
  const empty = fromHex('000073000000');
  const sealed = sealAll(bytes('frame1_plain'), empty, bytes('frame2_plain'), empty);
  const expected = [bytes('frame1_plain'), empty, bytes('frame2_plain'), empty].map((frame) => ({
    header: readFrameHeader(frame),
    payload: frame.subarray(6),
  }));
  for (let cut = 0; cut <= sealed.length; cut++) {
    const opener = openerWithCap(1000);
    const frames = [];
    for (const part of [sealed.subarray(0, cut), sealed.subarray(cut)]) {
      opener.push(part);
      for (let frame = opener.next(); frame !== undefined; frame = opener.next()) frames.push(kept(frame));
    }
    assert.deepEqual(frames, expected, `cut at ${cut}`);
  }
  const opener = openerWithCap(1000);
  const frames = [];
  for (const byte of sealed) {
    opener.push(Uint8Array.of(byte));
    const frame = opener.next();
    if (frame !== undefined) frames.push(kept(frame));
  }
  assert.deepEqual(frames, expected, 'byte by byte');
});

test('a frame over the cap is refused by its header alone', () => {
  const sealed = sealAll(bytes('frame1_plain'));
  const opener = openerWithCap(0x51);
  opener.push(sealed.subarray(0, 22));
  assert.throws(() => opener.next(), { code: 'sv2-frame-too-large', message: /82 bytes, at most 81/ });
  const exact = openerWithCap(0x52);
  exact.push(sealed);
  assert.equal(exact.next()?.payload.length, 0x52);
});

test('a changed bit, a replayed or a dropped frame ends the connection', () => {
  const sealed = sealAll(bytes('frame2_plain'), bytes('frame2_plain'));
  const half = sealed.length / 2;
  for (let at = 0; at < half; at++) {
    const opener = openerWithCap(1000);
    opener.push(sealed.with(at, (sealed[at] ?? 0) ^ 0x10));
    assert.throws(() => opener.next(), { code: 'sv2-bad-mac' }, `byte ${at}`);
  }
  const replayed = openerWithCap(1000);
  replayed.push(concatBytes(sealed.subarray(0, half), sealed.subarray(0, half)));
  assert.notEqual(replayed.next(), undefined);
  assert.throws(() => replayed.next(), { code: 'sv2-bad-mac' });
  const dropped = openerWithCap(1000);
  dropped.push(sealed.subarray(half));
  assert.throws(() => dropped.next(), { code: 'sv2-bad-mac' });
});

test('a nonce is never used twice: the last one is refused', () => {
  const worn = new CipherState(cipher, key, Number.MAX_SAFE_INTEGER);
  assert.throws(() => worn.encrypt(new Uint8Array(1)), { code: 'sv2-nonces-used-up' });
  const pastU32 = new CipherState(cipher, key, 2 ** 32 + 1);
  const wrapped = new CipherState(cipher, key, 1);
  assert.notDeepEqual(pastU32.encrypt(new Uint8Array(1)), wrapped.encrypt(new Uint8Array(1)));
});

test('a bit flipped in either act never gives a connection', () => {
  for (let at = 0; at < ACT1_BYTES; at++) {
    const act1 = initiator.encoded.with(at, (initiator.encoded[at] ?? 0) ^ 1);
    const { act2 } = respond(suite, act1, keys);
    assert.throws(
      () => finish(suite, initiator, act2),
      { code: 'sv2-handshake-failed' },
      `act 1, byte ${at}`,
    );
  }
  const { act2 } = respond(suite, initiator.encoded, keys);
  for (let at = 0; at < ACT2_BYTES; at++) {
    const flipped = act2.with(at, (act2[at] ?? 0) ^ 0x80);
    assert.throws(
      () => finish(suite, initiator, flipped),
      { code: 'sv2-handshake-failed' },
      `act 2, byte ${at}`,
    );
  }
});

test('acts of another length are refused', () => {
  for (const length of [0, ACT1_BYTES - 1, ACT1_BYTES + 1]) {
    assert.throws(() => respond(suite, new Uint8Array(length), keys), { code: 'sv2-bad-length' });
  }
  // The length that the specification's text still gives.
  assert.throws(() => finish(suite, initiator, new Uint8Array(170)), { code: 'sv2-bad-length' });
});

test('certificates: validity against clocks that are off, with 10 s of leeway', () => {
  const issued = 1_800_000_000;
  const made = signCertificate(
    suite,
    staticXOnly,
    { secret: bytes('authority_sk'), aux: new Uint8Array(32) },
    { validFrom: issued - 3600, notValidAfter: issued + 60 },
  );
  const at = (now: number) => () => verifyCertificate(suite, made, staticXOnly, authority, now);
  for (const skew of [-3610, -3600, -60, 0, 60, 70]) at(issued + skew)();
  for (const skew of [-3611, -86_400, -issued]) {
    assert.throws(at(issued + skew), {
      code: 'sv2-certificate-not-yet-valid',
      message: /set this machine's clock/,
    });
  }
  for (const skew of [71, 86_400]) {
    assert.throws(at(issued + skew), { code: 'sv2-certificate-expired', message: /2027-01-15T08:01:00Z/ });
  }
});

test('certificates: another authority, another key, another version, changed times', () => {
  const sign = (change: (unsigned: Uint8Array) => Uint8Array) => {
    const unsigned = change(certificate.slice(0, 10));
    const digest = hash.sha256(concatBytes(unsigned, staticXOnly));
    return concatBytes(unsigned, curve.schnorrSign(digest, bytes('authority_sk'), new Uint8Array(32)));
  };
  const now = number('valid_from');
  const stranger = curve.xOnly(curve.publicKey(new Uint8Array(32).fill(9)));
  assert.throws(() => verifyCertificate(suite, certificate, staticXOnly, stranger, now), {
    code: 'sv2-wrong-authority',
    message: new RegExp(encodeAuthorityPublicKey(stranger)),
  });
  assert.throws(() => verifyCertificate(suite, certificate, stranger, authority, now), {
    code: 'sv2-wrong-authority',
  });
  assert.throws(() => verifyCertificate(suite, certificate.with(2, 1), staticXOnly, authority, now), {
    code: 'sv2-wrong-authority',
  });
  const versionOne = sign((unsigned) => unsigned.with(0, 1));
  assert.throws(() => verifyCertificate(suite, versionOne, staticXOnly, authority, now), {
    code: 'sv2-certificate-version',
  });
});

test('certificates: times beyond 32 bits are cut, not wrapped', () => {
  const made = signCertificate(
    suite,
    staticXOnly,
    { secret: bytes('authority_sk'), aux: new Uint8Array(32) },
    { validFrom: -5, notValidAfter: 2 ** 33 },
  );
  assert.equal(toHex(made.subarray(0, 10)), '000000000000ffffffff');
});

test('any 64 bytes are an answerable act 1', () => {
  for (const fill of [0, 0xff, 0x55]) {
    const { act2 } = respond(suite, new Uint8Array(64).fill(fill), keys);
    assert.equal(act2.length, ACT2_BYTES);
  }
  const fresh = noiseKey(curve, new Uint8Array(32).fill(5), new Uint8Array(32).fill(6));
  const { act2, result } = respond(suite, fresh.encoded, keys);
  assert.deepEqual(finish(suite, fresh, act2).handshakeHash, result.handshakeHash);
});
