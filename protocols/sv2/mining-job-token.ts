import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, u32Le, utf8 } from '../bytes.ts';
import { HashpoolError } from '../errors.ts';

/*
 * A token of job declaration proves itself: whoever knows the jd-server's public key needs to ask nobody about it.
 *
 *     [ id 16 ][ expiry 4, unix seconds, little-endian ][ identity 32 ][ job 68 ][ signature 64 ]
 *       `------------------------------ terms ------------------------------'
 *
 * identity is the hash of the client's user_identity; job is the digest of the job which the token stands for, or zeros
 * where none was declared yet. The signature (BIP340) is over sha256("hashpool-mining-job-token-v1" || terms).
 */

const ID_BYTES = 16;
const HASH_BYTES = 32;
const JOB_BYTES = 68;
const TERMS_BYTES = ID_BYTES + 4 + HASH_BYTES + JOB_BYTES;
const SIGNATURE_BYTES = 64;
const DOMAIN = utf8('hashpool-mining-job-token-v1');

/** Stands for a job that is not declared. */
export const NO_JOB: Uint8Array = new Uint8Array(JOB_BYTES);

/** What a token says. */
export interface TokenTerms {
  /** 16 random bytes, by which a used token is known. */
  readonly id: Uint8Array;
  /** Unix seconds from which on it is worth nothing. */
  readonly expiry: number;
  /** 32 bytes, see {@link identityHash}. */
  readonly identity: Uint8Array;
  /** 68 bytes, of the declared job or {@link NO_JOB}. */
  readonly job: Uint8Array;
}

/** A token taken apart; whether its signature holds is not looked at. */
export interface MiningJobToken {
  readonly terms: TokenTerms;
  /** What the signature signs, 32 bytes. */
  readonly digest: Uint8Array;
  readonly signature: Uint8Array;
}

/** The hash by which a token names a client, 32 bytes. */
export function identityHash(userIdentity: string): Uint8Array {
  return sha256(utf8(userIdentity));
}

/** What is to be signed for a token, 32 bytes. */
export function tokenDigest(terms: TokenTerms): Uint8Array {
  return sha256(concatBytes(DOMAIN, encodeTerms(terms)));
}

/** @param signature 64 bytes over {@link tokenDigest} */
export function encodeToken(terms: TokenTerms, signature: Uint8Array): Uint8Array {
  return concatBytes(encodeTerms(terms), signature);
}

/** @throws HashpoolError 'invalid-mining-job-token' where the length is another */
export function decodeToken(bytes: Uint8Array): MiningJobToken {
  if (bytes.length !== TERMS_BYTES + SIGNATURE_BYTES) {
    const message = `the mining job token has ${bytes.length} bytes, not ${TERMS_BYTES + SIGNATURE_BYTES}: it is not of this pool's jd-server`;
    throw new HashpoolError('invalid-mining-job-token', message);
  }
  const identityAt = ID_BYTES + 4;
  const terms = {
    id: bytes.slice(0, ID_BYTES),
    expiry: new DataView(bytes.buffer, bytes.byteOffset).getUint32(ID_BYTES, true),
    identity: bytes.slice(identityAt, identityAt + HASH_BYTES),
    job: bytes.slice(identityAt + HASH_BYTES, TERMS_BYTES),
  };
  return { terms, digest: tokenDigest(terms), signature: bytes.slice(TERMS_BYTES) };
}

function encodeTerms({ id, expiry, identity, job }: TokenTerms): Uint8Array {
  return concatBytes(id, u32Le(expiry), identity, job);
}
