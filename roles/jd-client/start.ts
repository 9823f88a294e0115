import { loadCrypto } from '../../runtime/crypto.ts';
import type { RoleContext } from '../../runtime/lifecycle.ts';
import { openHandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import { openTemplateClient } from '../../services/template-client/client.ts';
import type { JdClientConfig, JdClientShared } from './config.ts';
import { readSettings } from './settings.ts';

/** Ready when the template provider is asked for; it, the pools and their jd-servers are waited for where they are away. */
export async function startJdClient(context: RoleContext<JdClientConfig, JdClientShared>): Promise<void> {
  const { config, log } = context;
  const { curve } = await loadCrypto();
  const settings = readSettings(context, curve);
  const workers = await context.open('handshakes', () => openHandshakeWorkers());
  await context.open('template provider', () =>
    openTemplateClient({
      address: config.tp_address,
      authorityKey: settings.templateProviderKey,
      coinbase: { maxAdditionalSize: 100, maxAdditionalSigops: 4 },
      workers,
      log,
      onTemplate: (template) => log.debug({ template: String(template.template_id) }, 'a template came'),
      onPrevHash: (prevHash) => log.debug({ template: String(prevHash.template_id) }, 'a tip came'),
      onStatus: (text) => context.status(text),
    }),
  );
}
