import type { Engine } from '../engine.ts';
import type { MintContext } from '../start.ts';
import { openMethods } from './backends.ts';
import { openInvoices } from './invoices.ts';
import { openPayments, type Payments } from './payments.ts';
import { openSatKeyset } from './sat-keyset.ts';

/** Opens the sat keyset, the backends and all that the config's `[payments]` asks for; nothing where there is none. */
export async function startPayments(context: MintContext, engine: Engine): Promise<Payments | undefined> {
  const { config, shared, log, read, statePath } = context;
  const { payments } = config;
  if (!payments) return undefined;
  await openSatKeyset(engine.keysets, payments, log);
  return context.open('payments', async () => {
    const invoices = await openInvoices();
    const { network } = shared.bitcoin;
    const methods = await openMethods(payments, { invoices, network, log, read, statePath });
    return openPayments(engine, methods, invoices, log);
  });
}
