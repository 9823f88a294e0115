import type { Logger } from '../../../runtime/logs.ts';
import type { Engine } from '../engine.ts';
import { BalancePayments, type BalancePaymentsParts } from './balance-payments.ts';
import { Forgetting } from './forgetting.ts';
import { Incoming } from './incoming.ts';
import type { Invoices } from './invoices.ts';
import { MeltQuotes } from './melt-quotes.ts';
import { Melts } from './melts.ts';
import type { Methods } from './methods.ts';
import { MintQuotes } from './mint-quotes.ts';
import { Settlement } from './settlement.ts';

/** All that the mint does over Lightning and the chain. */
export interface Payments {
  readonly methods: Methods;
  readonly mintQuotes: MintQuotes;
  readonly meltQuotes: MeltQuotes;
  readonly melts: Melts;
  /** Looks payments up that nobody sees to at `now`, in milliseconds; a timer does it by itself. */
  lookAfter(now: number): Promise<void>;
  /** Drops quotes that nobody paid and that are old at `now`, in milliseconds; a timer does it by itself. */
  forget(now: number): Promise<void>;
  /** Pays balances that are due; a timer does it by itself. */
  payBalances(): Promise<void>;
  /** Ends with the backends, which are not closed before nothing needs them. */
  close(): Promise<void>;
}

/**
 * Starts the parts over the methods' backends; what the last run left pending is taken up, and what came in since
 * is credited, without being waited for.
 * @param options.forgetAfterDays how long after its end a quote is kept that nobody paid; 0 for ever
 * @param options.autoPayout by what terms balances of keys without a wallet are paid on the chain; undefined where they are not
 */
export function openPayments(
  engine: Engine,
  methods: Methods,
  invoices: Invoices,
  {
    log,
    forgetAfterDays,
    autoPayout,
  }: {
    readonly log: Logger;
    readonly forgetAfterDays: number;
    readonly autoPayout?: Pick<BalancePaymentsParts, 'least' | 'maxFeePpm'> | undefined;
  },
): Payments {
  const incoming = new Map(
    [...methods].map(([name, method]) => [
      name,
      new Incoming(name, method, engine.store, engine.events, log),
    ]),
  );
  const meltQuotes = new MeltQuotes(engine, methods, invoices);
  const settlement = new Settlement(engine, methods, log);
  const forgetting = new Forgetting({ store: engine.store, methods, days: forgetAfterDays, log });
  const onchain = methods.get('onchain')?.backend;
  const balances =
    autoPayout &&
    onchain &&
    new BalancePayments({ ...autoPayout, engine, backend: onchain, settlement, log });
  for (const { backend } of methods.values()) backend.onProgress?.((key) => settlement.hear(key));
  void settlement.start();
  for (const each of incoming.values()) void each.fetch();
  return {
    methods,
    mintQuotes: new MintQuotes(engine, methods, incoming),
    meltQuotes,
    melts: new Melts(engine, methods, meltQuotes, settlement),
    lookAfter: (now) => settlement.lookAfter(now),
    forget: (now) => forgetting.run(now),
    payBalances: async () => balances?.run(),
    async close() {
      await balances?.close();
      await forgetting.close();
      await settlement.close();
      for (const each of incoming.values()) await each.close();
      for (const { backend } of methods.values()) await backend.close();
      await invoices.close();
    },
  };
}
