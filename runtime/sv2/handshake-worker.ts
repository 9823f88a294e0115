import { randomBytes } from 'node:crypto';
import { toHex } from '../../protocols/bytes.ts';
import {
  BACKDATE_SECONDS,
  signCertificate,
  verifyCertificate,
} from '../../protocols/sv2/noise/certificate.ts';
import {
  finish,
  type HandshakeResult,
  type NoiseKey,
  noiseKey,
  respond,
} from '../../protocols/sv2/noise/handshake.ts';
import type { NoiseSuite } from '../../protocols/sv2/noise/symmetric-state.ts';
import { loadNoiseSuite } from './noise-suite.ts';

/** What a listener's certificates are made from. */
export interface CertificateTerms {
  /** The authority's secret key, 32 bytes. */
  readonly authoritySecret: Uint8Array;
  /** Seconds from issue to expiry. */
  readonly seconds: number;
}

interface Issued {
  readonly key: NoiseKey;
  readonly certificate: Uint8Array;
  readonly renewAt: number;
  readonly issuedAt: number;
}

/** A certificate serves new connections for a tenth of its life, and no longer than this. */
const RENEW_AFTER_SECONDS = 60;
/** Listeners of one process; the oldest is forgotten and made anew when it comes again. */
const MAX_ISSUED = 16;

/** The curve arithmetic of handshakes and of miners' keys, off the threads with sockets: a handshake takes a quarter of a millisecond. */
export async function start() {
  const suite = await loadNoiseSuite();
  const issue = issuer(suite);
  return {
    /** Answers act 1 with a certificate that is never older than a tenth of its life. `now` in unix seconds. */
    respond(input: { act1: Uint8Array; terms: CertificateTerms; now: number }): {
      act2: Uint8Array;
      result: HandshakeResult;
    } {
      const { key, certificate } = issue(input.terms, input.now);
      return respond(suite, input.act1, { ephemeral: freshKey(suite), static: key, certificate });
    },

    /** A fresh ephemeral key; its encoding is act 1. */
    ephemeral(_input: undefined): NoiseKey {
      return freshKey(suite);
    },

    /** Finishes the initiator's side; without an authority key the server is not authenticated. */
    finish(input: {
      ephemeral: NoiseKey;
      act2: Uint8Array;
      authority: Uint8Array | undefined;
      now: number;
    }): HandshakeResult {
      const { staticKey, certificate, ...result } = finish(suite, input.ephemeral, input.act2);
      if (input.authority !== undefined) {
        verifyCertificate(suite, certificate, staticKey, input.authority, input.now);
      }
      return result;
    },

    /** The x-only public key of an authority, by which clients know its servers. */
    authorityKey: (secretKey: Uint8Array): Uint8Array => suite.curve.xOnly(suite.curve.publicKey(secretKey)),

    /** Whether 33 bytes are a point of the curve, so that somebody could sign for them. */
    isPoint: (key: Uint8Array): boolean => suite.curve.isPoint(key),
  };
}

function issuer(suite: NoiseSuite): (terms: CertificateTerms, now: number) => Issued {
  const issued = new Map<string, Issued>();
  return (terms, now) => {
    const id = `${toHex(terms.authoritySecret)}/${terms.seconds}`;
    const current = issued.get(id);
    if (current !== undefined && current.issuedAt <= now && now < current.renewAt) return current;
    const fresh = issueCertificate(suite, terms, now);
    issued.delete(id);
    issued.set(id, fresh);
    for (const oldest of issued.keys()) {
      if (issued.size <= MAX_ISSUED) break;
      issued.delete(oldest);
    }
    return fresh;
  };
}

function issueCertificate(suite: NoiseSuite, terms: CertificateTerms, now: number): Issued {
  const key = freshKey(suite);
  const certificate = signCertificate(
    suite,
    suite.curve.xOnly(suite.curve.ellswiftDecode(key.encoded)),
    { secret: terms.authoritySecret, aux: randomBytes(32) },
    { validFrom: now - BACKDATE_SECONDS, notValidAfter: now + terms.seconds },
  );
  const renewAt = now + Math.min(RENEW_AFTER_SECONDS, terms.seconds / 10);
  return { key, certificate, renewAt, issuedAt: now };
}

function freshKey({ curve }: NoiseSuite): NoiseKey {
  let secret = new Uint8Array(randomBytes(32));
  while (!curve.isSecretKey(secret)) secret = new Uint8Array(randomBytes(32));
  return noiseKey(curve, secret, randomBytes(32));
}
