import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { messageOf } from '../../../protocols/errors.ts';
import { ConfigError } from '../../../runtime/config/load.ts';

/** A server's certificate, with those that lead to its root behind it, and its key; both PEM. */
export interface TlsIdentity {
  readonly cert: string;
  readonly key: string;
}

/** The references by which a config names them. */
export interface TlsReferences {
  readonly certificate: string;
  readonly key: string;
}

/**
 * Reads certificate and key and sees that they can be served.
 * @param read reads a reference of the config
 * @throws ConfigError that names the file at fault; the text never holds what is in it
 */
export function readTlsIdentity(
  references: TlsReferences,
  read: (reference: string) => string,
): TlsIdentity & { readonly expires: Date } {
  const cert = read(references.certificate);
  const key = read(references.key);
  const certificate = parsed(cert, references.certificate);
  try {
    createSecureContext({ cert, key, minVersion: 'TLSv1.2' });
  } catch (cause) {
    const message = `${references.key} is no PEM key to the certificate ${references.certificate}: ${messageOf(cause)}`;
    throw new ConfigError(message, { cause });
  }
  return { cert, key, expires: new Date(certificate.validTo) };
}

function parsed(pem: string, reference: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new ConfigError(`${reference} is no certificate in PEM form: ${messageOf(cause)}`, { cause });
  }
}
