import assert from 'node:assert/strict';
import fc from 'fast-check';
import { concatBytes } from '../../protocols/bytes.ts';
import { isHashpoolError } from '../../protocols/errors.ts';
import { decodeAuthorityPublicKey, encodeAuthorityPublicKey } from '../../protocols/sv2/authority-key.ts';
import type { Protocol } from '../../protocols/sv2/codec.ts';
import { jobDeclarationProtocol } from '../../protocols/sv2/job-declaration.ts';
import { miningProtocol } from '../../protocols/sv2/mining.ts';
import { signCertificate, verifyCertificate } from '../../protocols/sv2/noise/certificate.ts';
import { CipherState } from '../../protocols/sv2/noise/cipher-state.ts';
import { finish, noiseKey, respond } from '../../protocols/sv2/noise/handshake.ts';
import { FrameOpener, sealFrame } from '../../protocols/sv2/noise/transport.ts';
import { templateDistributionProtocol } from '../../protocols/sv2/template-distribution.ts';
import { decodeTlvs, encodeTlvs } from '../../protocols/sv2/tlv.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { anyMessageOf } from '../unit/sv2/arbitraries.ts';
import { Random } from './random.ts';

/** A target gets randomness and may throw HashpoolErrors of the wire; anything else is a finding. */
type Target = (random: Random) => void;

const SAMPLES = 300;
const FRAME_CAP = 4096;
const negotiated = new Set([0x0002, 0x4548]);
const suite = await loadCrypto();
const { curve, cipher } = suite;

/** Mutated messages and noise through a protocol's decoder; what decodes must encode to what decodes to the same. */
function messageTarget<M extends { readonly name: string }>(protocol: Protocol<M>, seed: number): Target {
  const frames = fc
    .sample(anyMessageOf(protocol), { numRuns: SAMPLES, seed })
    .map((message) => protocol.encode(message as M));
  return (random) => {
    const original = frames[random.below(frames.length)] ?? new Uint8Array(0);
    const frame = random.below(8) === 0 ? random.bytes(random.below(200)) : random.mutate(original);
    if (frame.length >= 6) frame.set(lengthBytes(frame.length - 6), 3);
    const { message, trailing } = protocol.decode(frame);
    decodeTlvs(trailing, negotiated);
    const again = protocol.encode(message);
    if (random.below(16) === 0) assert.deepEqual(protocol.decode(again).message, message);
  };
}

function lengthBytes(length: number): Uint8Array {
  return Uint8Array.of(length & 0xff, (length >>> 8) & 0xff, length >>> 16);
}

const tlvTarget: Target = (random) => {
  const tlvs = Array.from({ length: random.below(4) }, () => ({
    extension: random.pick([0x0002, 0x4548, 0x0200, random.below(0x10000)]),
    field: random.below(256),
    value: random.bytes(random.below(40)),
  }));
  for (const tlv of decodeTlvs(random.mutate(encodeTlvs(tlvs)), negotiated)) {
    assert.ok(negotiated.has(tlv.extension));
  }
};

/** Frames cut anywhere come out whole; with a byte changed anywhere none of them, or only those before, come out. */
const transportTarget: Target = (random) => {
  const key = random.bytes(32);
  const payloads = Array.from({ length: 1 + random.below(4) }, () => random.bytes(random.below(80)));
  const sealer = new CipherState(cipher, key);
  const frames = payloads.map((payload) =>
    concatBytes(Uint8Array.of(0, 0, random.below(256)), lengthBytes(payload.length), payload),
  );
  const sealed = concatBytes(...frames.flatMap((frame) => sealFrame(sealer, frame)));
  const damaged = random.below(2) === 0;
  if (damaged) {
    const at = random.below(sealed.length);
    sealed[at] = (sealed[at] ?? 0) ^ (1 + random.below(255));
  }
  const opener = new FrameOpener(new CipherState(cipher, key), FRAME_CAP);
  let count = 0;
  for (let at = 0; at < sealed.length; ) {
    const step = 1 + random.below(60);
    opener.push(sealed.subarray(at, at + step));
    at += step;
    for (let frame = opener.next(); frame !== undefined; frame = opener.next()) {
      assert.deepEqual(frame.payload, payloads[count]);
      count++;
    }
  }
  assert.equal(damaged, false, 'a changed byte went unnoticed');
  assert.equal(count, payloads.length);
};

/** Noise in place of frames is refused before anything is taken from it. */
const noiseTarget: Target = (random) => {
  const opener = new FrameOpener(new CipherState(cipher, random.bytes(32)), FRAME_CAP);
  opener.push(random.bytes(random.below(300)));
  assert.equal(opener.next(), undefined);
  assert.ok(opener.buffered < 22);
};

const secret = new Uint8Array(32).fill(1);
const authority = { secret: new Uint8Array(32).fill(2), aux: secret };
const authorityKey = curve.xOnly(curve.publicKey(authority.secret));
const initiator = noiseKey(curve, secret, secret);
const serverKey = noiseKey(curve, new Uint8Array(32).fill(3), secret);
const serverXOnly = curve.xOnly(curve.ellswiftDecode(serverKey.encoded));
const certificate = signCertificate(suite, serverXOnly, authority, { validFrom: 0, notValidAfter: 100 });
const keys = { ephemeral: serverKey, static: serverKey, certificate };
const { act2 } = respond(suite, initiator.encoded, keys);

const handshakeTarget: Target = (random) => {
  if (random.below(2) === 0) {
    respond(suite, random.mutate(initiator.encoded), keys);
    return;
  }
  const changed = random.mutate(act2);
  finish(suite, initiator, changed);
  assert.deepEqual(changed, act2, 'a changed act 2 was accepted');
};

const certificateTarget: Target = (random) => {
  const changed = random.mutate(certificate);
  verifyCertificate(suite, changed, serverXOnly, authorityKey, random.below(120));
  assert.deepEqual(
    changed.subarray(0, certificate.length),
    certificate,
    'a changed certificate was accepted',
  );
};

const authorityText = encodeAuthorityPublicKey(authorityKey);
const authorityKeyTarget: Target = (random) => {
  const text = Buffer.from(random.mutate(Buffer.from(authorityText))).toString('latin1');
  assert.equal(encodeAuthorityPublicKey(decodeAuthorityPublicKey(text)), text);
};

/** How many of every thousand inputs go to each target; curve arithmetic is slow, so it gets few. */
function targets(seed: number): [number, string, Target][] {
  return [
    [400, 'mining messages', messageTarget(miningProtocol, seed)],
    [150, 'template messages', messageTarget(templateDistributionProtocol, seed)],
    [150, 'job declaration messages', messageTarget(jobDeclarationProtocol, seed)],
    [200, 'TLVs', tlvTarget],
    [40, 'transport', transportTarget],
    [40, 'noise', noiseTarget],
    [12, 'authority keys', authorityKeyTarget],
    [4, 'handshakes', handshakeTarget],
    [4, 'certificates', certificateTarget],
  ];
}

/**
 * Feeds every decoder of the wire with broken input.
 * @returns how many inputs each target took without complaint and how many it refused
 * @throws the first finding, with the seed and the number of the input that gives it again
 */
export function fuzzSv2(options: { inputs: number; seed: number }): Map<string, [number, number]> {
  const table = targets(options.seed);
  const results = new Map(table.map(([, name]) => [name, [0, 0] as [number, number]]));
  for (let input = 0; input < options.inputs; input++) {
    const random = new Random(options.seed + input);
    let share = random.below(1000);
    const chosen = table.find(([weight]) => {
      share -= weight;
      return share < 0;
    });
    if (chosen === undefined) throw new Error('the weights of the targets must sum up to 1000');
    const [, name, target] = chosen;
    const result = results.get(name) ?? [0, 0];
    try {
      target(random);
      result[0]++;
    } catch (error) {
      if (!isHashpoolError(error) || !/^(sv2-|bad-authority-key)/.test(error.code)) {
        throw new Error(`${name}: input ${input} of seed ${options.seed}`, { cause: error });
      }
      result[1]++;
    }
  }
  return results;
}
