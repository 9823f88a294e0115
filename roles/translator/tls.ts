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
 * @param server undefined where no port speaks TLS
 * @returns what ends the waiting
 */
export function awaitNewCertificate(
  context: Context,
  server: Pick<Sv1Server, 'renewTls'> | undefined,
): { close(): void } {
  const take = (): void => {
    if (server === undefined) {
      context.log.info(
        'there is no certificate to take over: this process was started without downstream_tls',
      );
      return;
    }
    try {
      const { downstream_tls: references } = context.reread();
      if (references !== undefined) server.renewTls(readIdentity(references, context));
      else
        context.log.warn(
          'the certificate is kept: downstream_tls is in the config no more; restart to close its port',
        );
    } catch (error) {
      context.log.error({ err: error }, `the certificate was not taken over: ${messageOf(error)}`);
    }
  };
  process.on(SIGNAL, take);
  return { close: () => void process.off(SIGNAL, take) };
}
