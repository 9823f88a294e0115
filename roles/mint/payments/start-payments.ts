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
    const { network, rpc_url, rpc_auth } = shared.bitcoin;
    const { database } = config.hashpool_mint;
    const methods = await openMethods(payments, {
      invoices,
      network,
      rpc: { url: rpc_url, auth: read(rpc_auth) },
      database: database && read(database),
      log,
      read,
      statePath,
    });
    const { auto_payout } = config;
    const autoPayout = auto_payout && {
      least: BigInt(auto_payout.min_threshold),
      maxFeePpm: auto_payout.max_fee_ppm,
    };
    const forgetAfterDays = payments.forget_after_days;
    return openPayments(engine, methods, invoices, { log, forgetAfterDays, autoPayout });
  });
}
