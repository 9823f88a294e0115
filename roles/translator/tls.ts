import { messageOf } from '../../protocols/errors.ts';
import type { RoleContext } from '../../runtime/lifecycle.ts';
import type { TranslatorConfig } from './config.ts';
import type { Sv1Server } from './sv1-server/server.ts';
import { readTlsIdentity, type TlsIdentity, type TlsReferences } from './sv1-server/tls-identity.ts';

const SIGNAL = 'SIGHUP';

type Context = Pick<RoleContext<TranslatorConfig, unknown>, 'reread' | 'read' | 'log'>;

/** Certificate and key of the TLS port. @throws ConfigError that names the file at fault */
export function readIdentity(references: TlsReferences, { read, log }: Context): TlsIdentity {
  const identity = readTlsIdentity(references, read);
  const expires = identity.expires.toISOString();
  if (identity.expires.getTime() > Date.now()) log.info({ expires }, 'miners may connect by TLS');
  else
    log.error(
      { expires },
      `alert: certificate-expired: ${references.certificate} is over; renew it and send SIGHUP`,
    );
  return identity;
}

/**
 * Waits for the operator's signal that the certificate was renewed, and takes it over without a miner being cut off. What
 * can't be used changes nothing.
 * @returns what ends the waiting
 */
export function awaitNewCertificate(
  context: Context,
  server: Pick<Sv1Server, 'renewTls'>,
): { close(): void } {
  const take = (): void => {
    try {
      const { downstream_tls: references } = context.reread();
      if (references !== undefined) server.renewTls(readIdentity(references, context));
    } catch (error) {
      context.log.error({ err: error }, `the certificate was not taken over: ${messageOf(error)}`);
    }
  };
  process.on(SIGNAL, take);
  return { close: () => void process.off(SIGNAL, take) };
}
