import type { ReserveTerms } from '../../../domain/payments/reserve.ts';
import type { NetworkName } from '../../../protocols/bitcoin/network.ts';
import { ConfigError } from '../../../runtime/config/load.ts';
import type { Logger } from '../../../runtime/logs.ts';
import type { RpcAuth } from '../../../runtime/rpc/auth.ts';
import { bitcoinRpc } from '../../../runtime/rpc/client.ts';
import type { PaymentBackend, PaymentMethod } from './backend.ts';
import { BitcoindBackend } from './bitcoind/bitcoind-backend.ts';
import type { Bolt11Config, OnchainConfig, PaymentsConfig } from './config.ts';
import { FakeBackend } from './fake/fake-backend.ts';
import type { Invoices } from './invoices.ts';
import { LndBackend } from './lnd/lnd.ts';
import { type Method, methodOf } from './methods.ts';

/** What a backend may need of the mint to open. */
export interface BackendContext {
  readonly invoices: Invoices;
  readonly network: NetworkName;
  /** The node that the mint follows. */
  readonly rpc: { readonly url: string; readonly auth: RpcAuth };
  /** The mint's PostgreSQL database, where it has one. */
  readonly database: string | undefined;
  readonly log: Logger;
  /** What a reference of the config leads to. */
  read(reference: string): string;
  /** Where a file of this name lies in the role's state folder. */
  statePath(name: string): string;
}

/** Opens the backends that the config names; a new one is a line here and its table in config.ts. */
export async function openMethods(
  config: PaymentsConfig,
  context: BackendContext,
): Promise<Map<string, Method>> {
  const methods = new Map<string, Method>();
  if (config.bolt11)
    methods.set('bolt11', methodOf(await openBolt11(config, config.bolt11, context), config.bolt11));
  if (config.onchain)
    methods.set('onchain', methodOf(await openOnchain(config, config.onchain, context), config.onchain));
  return methods;
}

function openBolt11(
  config: PaymentsConfig,
  bolt11: Bolt11Config,
  context: BackendContext,
): PaymentBackend | Promise<PaymentBackend> {
  if (bolt11.backend === 'lnd') return openLnd(config, reserveOf(bolt11), context);
  return openFake('bolt11', config, reserveOf(bolt11), context);
}

function openOnchain(
  config: PaymentsConfig,
  onchain: OnchainConfig,
  context: BackendContext,
): Promise<PaymentBackend> {
  if (onchain.backend === 'bitcoind') return openBitcoind(config, context);
  return openFake('onchain', config, { minimum: 1n, ppm: 0n }, context);
}

/** What the operator sets aside for fees of Lightning. */
function reserveOf({ fee_reserve_min, fee_reserve_ppm }: Bolt11Config): ReserveTerms {
  return { minimum: BigInt(fee_reserve_min), ppm: BigInt(fee_reserve_ppm) };
}

function openLnd(
  { lnd }: PaymentsConfig,
  reserve: ReserveTerms,
  { invoices, network, log, read }: BackendContext,
): PaymentBackend {
  if (!lnd) throw new ConfigError('[payments.lnd] is missing, which [payments.bolt11] backend = "lnd" needs');
  const macaroon = read(lnd.macaroon);
  if (!/^([0-9a-fA-F]{2})+$/.test(macaroon)) {
    throw new ConfigError(
      `[payments.lnd] macaroon = ${lnd.macaroon}: the file holds no hex; write it with xxd -p -c 0`,
    );
  }
  const access = { url: lnd.url, certificate: read(lnd.certificate), macaroon };
  return new LndBackend({ ...access, network, reserve }, invoices, log);
}

function openBitcoind(
  { bitcoind }: PaymentsConfig,
  { network, rpc, database, log, statePath }: BackendContext,
): Promise<PaymentBackend> {
  if (!bitcoind)
    throw new ConfigError(
      '[payments.bitcoind] is missing, which [payments.onchain] backend = "bitcoind" needs',
    );
  const { wallet, create_wallet, confirmations, fee_targets, min_fee_rate, max_fee_rate, batch_seconds } =
    bitcoind;
  return BitcoindBackend.open({
    rpc: bitcoinRpc({ ...rpc, url: `${rpc.url.replace(/\/$/, '')}/wallet/${wallet}` }),
    settings: {
      name: wallet,
      network,
      creates: create_wallet,
      confirmations,
      targets: fee_targets,
      minRate: BigInt(min_fee_rate) * 1000n,
      maxRate: BigInt(max_fee_rate) * 1000n,
      batchMs: batch_seconds * 1000,
    },
    place: database ?? statePath('onchain.sqlite'),
    log,
  });
}

function openFake(
  method: PaymentMethod,
  { fake }: PaymentsConfig,
  reserve: ReserveTerms,
  { invoices, database, statePath }: BackendContext,
): Promise<PaymentBackend> {
  const settings = { paysAfterMs: fake?.pays_after_ms ?? 500, fee: BigInt(fake?.fee ?? 1), reserve };
  return FakeBackend.open(method, database ?? statePath(`fake-${method}.sqlite`), invoices, settings);
}
