import assert from 'node:assert/strict';
import { signCertificate, verifyCertificate } from '../../protocols/sv2/noise/certificate.ts';
import { finish, noiseKey, respond } from '../../protocols/sv2/noise/handshake.ts';
import { loadNoiseSuite } from '../../runtime/sv2/noise-suite.ts';
import type { Target } from './fuzz.ts';
import type { Random } from './random.ts';

const suite = await loadNoiseSuite();
const { curve } = suite;
const authority = { secret: new Uint8Array(32).fill(2), aux: new Uint8Array(32).fill(1) };
const authorityKey = curve.xOnly(curve.publicKey(authority.secret));
const staticKey = noiseKey(curve, new Uint8Array(32).fill(3), authority.aux);
const staticXOnly = curve.xOnly(curve.ellswiftDecode(staticKey.encoded));
const certificate = signCertificate(suite, staticXOnly, authority, { validFrom: 0, notValidAfter: 100 });
const refusals = /^sv2-/;

/** A key of the run's own randomness; all but a few in 2^128 bytes are one. */
function key(random: Random) {
  return noiseKey(curve, random.bytes(32), random.bytes(32));
}

/** A whole handshake, its acts changed or not: only unchanged acts give both ends the same keys. */
const handshakes: Target = {
  name: 'handshakes',
  weight: 9,
  refusals,
  run(random) {
    const initiator = key(random);
    const act1 = random.below(3) === 0 ? random.mutate(initiator.encoded) : initiator.encoded;
    const keys = { ephemeral: key(random), static: staticKey, certificate };
    const { act2, result } = respond(suite, act1, keys);
    const received = random.below(3) === 0 ? random.mutate(act2) : act2;
    const finished = finish(suite, initiator, received);
    verifyCertificate(suite, finished.certificate, finished.staticKey, authorityKey, 50);
    assert.deepEqual(act1, initiator.encoded, 'a changed act 1 went unnoticed');
    assert.deepEqual(received, act2, 'a changed act 2 went unnoticed');
    assert.deepEqual(finished.handshakeHash, result.handshakeHash);
    assert.deepEqual(finished.initiatorToResponder, result.initiatorToResponder);
    assert.deepEqual(finished.responderToInitiator, result.responderToInitiator);
  },
};

const certificates: Target = {
  name: 'certificates',
  weight: 1,
  refusals,
  run(random) {
    const changed = random.below(8) === 0 ? certificate : random.mutate(certificate);
    verifyCertificate(suite, changed, staticXOnly, authorityKey, random.below(120));
    const read = changed.subarray(0, certificate.length);
    assert.deepEqual(read, certificate, 'a changed certificate was accepted');
  },
};

/** Both acts of the Noise handshake, at both ends. */
export const handshake: readonly Target[] = [handshakes, certificates];
