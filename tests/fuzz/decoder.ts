import assert from 'node:assert/strict';
import { concatBytes } from '../../protocols/bytes.ts';
import { decodeAuthorityPublicKey, encodeAuthorityPublicKey } from '../../protocols/sv2/authority-key.ts';
import type { Protocol } from '../../protocols/sv2/codec.ts';
import { FRAME_HEADER_BYTES } from '../../protocols/sv2/frame.ts';
import { CipherState } from '../../protocols/sv2/noise/cipher-state.ts';
import { FrameOpener } from '../../protocols/sv2/noise/transport.ts';
import { decodeTlvs, encodeTlvs } from '../../protocols/sv2/tlv.ts';
import { threadCipher } from '../../runtime/cipher.ts';
import { sealedFrame } from '../harness/sealed-frame.ts';
import { type CorpusName, corpusFile, readCorpus, seeds } from './corpus.ts';
import type { Target } from './fuzz.ts';
import { protocols } from './protocols.ts';
import type { Random } from './random.ts';

const FRAME_CAP = 4096;
const MAX_NOISE_BYTES = 200;
const negotiated = new Set([0x0002, 0x4548]);
const refusals = /^sv2-/;
const cipher = await threadCipher();

/** Mutated messages and noise through a protocol's decoder; what decodes must encode to what decodes to the same. */
function messages<M extends { readonly name: string }>(
  name: CorpusName,
  protocol: Protocol<M>,
  weight: number,
): Target {
  const frames = seeds(name);
  return {
    name: `${name} messages`,
    weight,
    refusals,
    run(random) {
      const original = frames[random.below(frames.length)] ?? new Uint8Array(0);
      const isNoise = random.below(8) === 0;
      const frame = isNoise ? random.bytes(random.below(MAX_NOISE_BYTES)) : random.mutate(original);
      // A wrong length would hide all that follows; one in sixteen is left as it came.
      if (frame.length >= FRAME_HEADER_BYTES && random.below(16) > 0) {
        frame.set(lengthBytes(frame.length - FRAME_HEADER_BYTES), 3);
      }
      const { message, trailing } = protocol.decode(frame);
      decodeTlvs(trailing, negotiated);
      const again = protocol.encode(message);
      if (random.below(16) === 0) assert.deepEqual(protocol.decode(again).message, message);
    },
  };
}

function lengthBytes(length: number): Uint8Array {
  return Uint8Array.of(length & 0xff, (length >>> 8) & 0xff, length >>> 16);
}

function tlvs(): Target {
  const edges = readCorpus(corpusFile('tlv-edges'));
  const made = (random: Random) =>
    encodeTlvs(
      Array.from({ length: random.below(4) }, () => ({
        extension: random.pick([0x0002, 0x4548, 0x0200, random.below(0x10000)]),
        field: random.below(256),
        value: random.bytes(random.below(40)),
      })),
    );
  return {
    name: 'TLVs',
    weight: 200,
    refusals,
    run(random) {
      const edge = random.below(4) === 0 ? edges[random.below(edges.length)] : undefined;
      for (const tlv of decodeTlvs(random.mutate(edge ?? made(random)), negotiated)) {
        assert.ok(negotiated.has(tlv.extension));
      }
    },
  };
}

/** Frames cut anywhere come out whole; with a byte changed anywhere none of them, or only those before, come out. */
const transport: Target = {
  name: 'transport',
  weight: 40,
  refusals,
  run(random) {
    const key = random.bytes(32);
    const payloads = Array.from({ length: 1 + random.below(4) }, () => random.bytes(random.below(80)));
    const sealer = new CipherState(cipher, key);
    const frames = payloads.map((payload) =>
      concatBytes(Uint8Array.of(0, 0, random.below(256)), lengthBytes(payload.length), payload),
    );
    const sealed = concatBytes(...frames.map((frame) => sealedFrame(sealer, frame)));
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
  },
};

/** Noise in place of frames is refused before anything is taken from it. */
const noise: Target = {
  name: 'noise',
  weight: 40,
  refusals,
  run(random) {
    const opener = new FrameOpener(new CipherState(cipher, random.bytes(32)), FRAME_CAP);
    opener.push(random.bytes(random.below(300)));
    assert.equal(opener.next(), undefined);
    assert.ok(opener.buffered < 22);
  },
};

const authorityText = encodeAuthorityPublicKey(new Uint8Array(32).fill(7));
const authorityKeys: Target = {
  name: 'authority keys',
  weight: 10,
  refusals: /^bad-authority-key/,
  run(random) {
    const text = Buffer.from(random.mutate(Buffer.from(authorityText))).toString('latin1');
    assert.equal(encodeAuthorityPublicKey(decodeAuthorityPublicKey(text)), text);
  },
};

/** Everything that reads the bytes of a Stratum V2 peer, but for its handshake. */
export const decoder: readonly Target[] = [
  messages('mining', protocols.mining, 400),
  messages('template-distribution', protocols['template-distribution'], 120),
  messages('job-declaration', protocols['job-declaration'], 120),
  messages('work-link', protocols['work-link'], 70),
  tlvs(),
  transport,
  noise,
  authorityKeys,
];
