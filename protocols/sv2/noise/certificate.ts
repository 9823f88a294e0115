import { concatBytes } from '../../bytes.ts';
import { HashpoolError } from '../../errors.ts';
import { encodeAuthorityPublicKey } from '../authority-key.ts';
import { STRUCT } from '../struct.ts';
import { SIGNATURE, U16, U32 } from '../types.ts';
import { Reader, Writer } from '../wire.ts';
import type { NoiseSuite } from './symmetric-state.ts';

/** Length of SIGNATURE_NOISE_MESSAGE on the wire, before encryption. */
export const CERTIFICATE_BYTES = 74;
/** Seconds by which a client's clock may be off. */
export const CLOCK_LEEWAY_SECONDS = 10;
/** Seconds that certificates are backdated: devices boot with clocks that run behind. */
export const BACKDATE_SECONDS = 3600;

const VERSION = 0;
const U32_MAX = 0xffffffff;
const SIGNED_PREFIX_BYTES = 10;

/** SIGNATURE_NOISE_MESSAGE (section 4.5.2); times are unix seconds. */
const CERTIFICATE = STRUCT({
  version: U16,
  valid_from: U32,
  not_valid_after: U32,
  signature: SIGNATURE,
});

/**
 * Makes the certificate by which an authority vouches for a server's static key (section 4.5.3).
 * @param staticKey the server's static key, 32 bytes, x-only
 * @param authority secret key of the authority and fresh randomness for its signature
 * @param times unix seconds; cut to 32 bits
 * @returns 74 bytes
 */
export function signCertificate(
  { curve, hash }: Pick<NoiseSuite, 'curve' | 'hash'>,
  staticKey: Uint8Array,
  authority: { secret: Uint8Array; aux: Uint8Array },
  times: { validFrom: number; notValidAfter: number },
): Uint8Array {
  const unsigned = {
    version: VERSION,
    valid_from: Math.max(0, times.validFrom),
    not_valid_after: Math.min(U32_MAX, times.notValidAfter),
    signature: new Uint8Array(64),
  };
  const digest = signedHash(hash, encode(unsigned), staticKey);
  return encode({ ...unsigned, signature: curve.schnorrSign(digest, authority.secret, authority.aux) });
}

/**
 * Checks a certificate against the one authority that is trusted.
 * @param certificate 74 bytes, as they came out of the handshake
 * @param staticKey the server's static key from the same handshake, 32 bytes, x-only
 * @param authority the authority's public key, 32 bytes, x-only
 * @param now unix seconds; 10 s of leeway are given either way
 * @throws HashpoolError `sv2-bad-length`, `sv2-certificate-version`, `sv2-certificate-not-yet-valid`, `sv2-certificate-expired`,
 *   `sv2-wrong-authority`
 */
export function verifyCertificate(
  { curve, hash }: Pick<NoiseSuite, 'curve' | 'hash'>,
  certificate: Uint8Array,
  staticKey: Uint8Array,
  authority: Uint8Array,
  now: number,
): void {
  if (certificate.length !== CERTIFICATE_BYTES) {
    throw new HashpoolError(
      'sv2-bad-length',
      `the server's certificate has ${certificate.length} bytes, exactly ${CERTIFICATE_BYTES} wanted`,
    );
  }
  const { version, valid_from, not_valid_after, signature } = CERTIFICATE.read(new Reader(certificate));
  if (!curve.schnorrVerify(signature, signedHash(hash, certificate, staticKey), authority)) {
    throw new HashpoolError(
      'sv2-wrong-authority',
      `the server's certificate is not signed by ${encodeAuthorityPublicKey(authority)}: the configured authority key is not this server's, or somebody poses as it`,
    );
  }
  if (version !== VERSION) {
    throw new HashpoolError(
      'sv2-certificate-version',
      `the server's certificate has version ${version}, only ${VERSION} is known`,
    );
  }
  const stated = `valid from ${time(valid_from)} to ${time(not_valid_after)}, it is ${time(now)} here`;
  if (now + CLOCK_LEEWAY_SECONDS < valid_from) {
    throw new HashpoolError(
      'sv2-certificate-not-yet-valid',
      `the server's certificate is not valid yet (${stated}): set this machine's clock, or the server's`,
    );
  }
  if (now - CLOCK_LEEWAY_SECONDS > not_valid_after) {
    throw new HashpoolError(
      'sv2-certificate-expired',
      `the server's certificate has expired (${stated}): set this machine's clock, or renew the certificate`,
    );
  }
}

/** SHA-256 of the signed fields: version, both times, the static key's x coordinate (section 4.5.3.1). */
function signedHash(hash: NoiseSuite['hash'], certificate: Uint8Array, staticKey: Uint8Array): Uint8Array {
  return hash.sha256(concatBytes(certificate.subarray(0, SIGNED_PREFIX_BYTES), staticKey));
}

function encode(certificate: ReturnType<typeof CERTIFICATE.read>): Uint8Array {
  const out = new Writer();
  CERTIFICATE.write(out, certificate);
  return out.finish();
}

function time(unixSeconds: number): string {
  return `${new Date(unixSeconds * 1000).toISOString().slice(0, 19)}Z`;
}
