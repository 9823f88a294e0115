import type { FastifyInstance } from 'fastify';
import type { Store } from '../../runtime/sql/store.ts';
import type { AutoPayouts } from './auto-payouts.ts';
import type { Engine } from './engine.ts';
import { autoPayout } from './nuts/auto-payout.ts';
import { epochs } from './nuts/epochs.ts';
import { nut01 } from './nuts/nut01.ts';
import { nut02 } from './nuts/nut02.ts';
import { nut03 } from './nuts/nut03.ts';
import { nut04 } from './nuts/nut04.ts';
import { nut05 } from './nuts/nut05.ts';
import { type MintDescription, nut06 } from './nuts/nut06.ts';
import { nut07 } from './nuts/nut07.ts';
import { nut09 } from './nuts/nut09.ts';
import { nut29 } from './nuts/nut29.ts';
import { quoteLookup } from './nuts/quote-lookup.ts';
import { redeem } from './nuts/redeem.ts';
import { reports } from './nuts/reports.ts';
import { shareLookup } from './nuts/share-lookup.ts';
import type { Payments } from './payments/payments.ts';
import type { Redemptions } from './redemption.ts';
import type { TreeOperations } from './reports/tree-store.ts';

/** What the mint's routes lead to. */
export interface Routed {
  readonly engine: Engine;
  readonly redemptions: Redemptions;
  /** Where miners may be paid without a wallet. */
  readonly autoPayouts?: AutoPayouts | undefined;
  readonly description: MintDescription;
  /** Where it is paid over Lightning or the chain. */
  readonly payments?: Payments | undefined;
  /** Where it signs reports. */
  readonly trees?: Store<TreeOperations> | undefined;
}

/** All that the mint answers over HTTP. */
export function addRoutes(
  http: FastifyInstance,
  { engine, redemptions, description, payments, trees, autoPayouts }: Routed,
): void {
  nut01(http, engine);
  nut02(http, engine);
  nut03(http, engine);
  nut04(http, engine, payments);
  nut05(http, payments);
  nut06(http, engine, description, payments);
  nut07(http, engine);
  nut09(http, engine);
  nut29(http, engine, payments);
  quoteLookup(http, engine, payments);
  shareLookup(http, engine);
  redeem(http, redemptions);
  if (autoPayouts) autoPayout(http, autoPayouts);
  epochs(http, engine, redemptions);
  if (trees) reports(http, engine, trees);
}
