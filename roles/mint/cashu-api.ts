import type { FastifyInstance } from 'fastify';
import manifest from '../../package.json' with { type: 'json' };
import type { Logger } from '../../runtime/logs.ts';
import type { Store } from '../../runtime/sql/store.ts';
import type { AutoPayouts } from './auto-payouts.ts';
import type { MintConfig } from './config.ts';
import type { Engine } from './engine.ts';
import { openHttp } from './http.ts';
import { addLimits } from './limits/http-limits.ts';
import { Limits } from './limits/limits.ts';
import type { Payments } from './payments/payments.ts';
import { Redemptions } from './redemption.ts';
import type { TreeOperations } from './reports/tree-store.ts';
import { addRoutes } from './routes.ts';
import { ehashQuotes, paymentQuotes, proofStates } from './subscriptions/kinds.ts';
import { WalletSockets } from './subscriptions/server.ts';
import { Subscriptions } from './subscriptions/subscriptions.ts';

/** What the mint's public side is made of. */
export interface CashuApiParts {
  readonly config: Pick<MintConfig, 'info' | 'mint_info' | 'limits'>;
  readonly engine: Engine;
  readonly log: Logger;
  /** Where the mint is paid over Lightning or the chain. */
  readonly payments?: Payments | undefined;
  /** Where miners may be paid without a wallet. */
  readonly autoPayouts?: AutoPayouts | undefined;
  /** Where it signs reports. */
  readonly trees?: Store<TreeOperations> | undefined;
  /** The chain's height, undefined while the node cannot be asked: then no epoch is redeemed. */
  readonly tip?: () => number | undefined;
  /** Monotonic milliseconds. */
  readonly clock?: () => number;
}

/** The Cashu API, not listening yet: HTTP and WebSocket on one port, behind one set of limits. */
export function cashuApi(parts: CashuApiParts): FastifyInstance {
  const {
    config,
    engine,
    log,
    payments,
    autoPayouts,
    trees,
    tip = () => undefined,
    clock = () => performance.now(),
  } = parts;
  const http = openHttp(log);
  const limits = new Limits(config.limits, clock);
  addLimits(http, limits);
  const subscriptions = new Subscriptions(
    [proofStates(engine), ehashQuotes(engine), ...(payments ? paymentQuotes(payments) : [])],
    engine.events,
    (error) => log.error({ err: error }, 'what wallets watch could not be read; it is tried again'),
  );
  const sockets = new WalletSockets({ server: http.server, subscriptions, limits, log, clock });
  http.addHook('preClose', async () => sockets.close());
  const { more_urls, ...said } = config.mint_info;
  const description = {
    ...said,
    urls: [config.info.url, ...more_urls],
    version: `${manifest.name}/${manifest.version}`,
    subscriptionKinds: subscriptions.kinds,
    ...(autoPayouts?.terms ? { auto_payout: { supported: true, ...autoPayouts.terms } } : {}),
  };
  const redemptions = new Redemptions(engine, tip);
  addRoutes(http, { engine, redemptions, description, payments, autoPayouts, trees });
  return http;
}
