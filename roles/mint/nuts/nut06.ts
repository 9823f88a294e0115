import type { FastifyInstance } from 'fastify';
import { toHex } from '../../../protocols/bytes.ts';
import { jsonInteger } from '../../../protocols/cashu/json.ts';
import { REPORT_FORMAT } from '../../../protocols/ehash/report.ts';
import type { Engine } from '../engine.ts';
import { MAX_BATCH } from '../mint-request.ts';
import { PAYMENT_UNIT } from '../payments/config.ts';
import type { Methods, Range } from '../payments/methods.ts';
import type { Payments } from '../payments/payments.ts';
import { METHOD } from './answers.ts';
import { MAX_LOOKUP_KEYS, MAX_LOOKUP_PAGE } from './quote-lookup.ts';
import { MAX_REPORTS } from './reports.ts';

/** What the operator says about the mint. */
export interface MintDescription {
  readonly name: string;
  readonly description: string;
  readonly description_long?: string;
  readonly motd?: string;
  readonly icon_url?: string;
  readonly tos_url?: string;
  readonly contact: readonly { readonly method: string; readonly info: string }[];
  /** Where wallets reach it, the usual way first. */
  readonly urls: readonly string[];
  /** Name and version of the software. */
  readonly version: string;
  /** What wallets may subscribe to (NUT-17). */
  readonly subscriptionKinds: readonly string[];
  /** Where miners may be paid without a wallet: by what terms. */
  readonly auto_payout?: Readonly<Record<string, unknown>>;
}

/** NUT-06: what this mint is and can do; what it can't is not claimed. */
export function nut06(
  http: FastifyInstance,
  engine: Engine,
  { name, version, description, subscriptionKinds, ...rest }: MintDescription,
  payments: Payments | undefined,
): void {
  http.get('/v1/info', async () => ({
    name,
    pubkey: toHex(engine.signer.identity),
    version,
    description,
    ...rest,
    time: Math.floor(Date.now() / 1000),
    nuts: nutsOf(engine, payments?.methods ?? new Map(), subscriptionKinds),
    // Ours, of which no NUT knows (docs/ehash.md, Reports).
    ehash_reports: { supported: true, format: REPORT_FORMAT, max_page_size: MAX_REPORTS },
    // nuts#391 has no number yet, and wallets stumble over a NUT that is none.
    quotes_by_pubkey: {
      supported: true,
      max_pubkeys: MAX_LOOKUP_KEYS,
      max_page_size: MAX_LOOKUP_PAGE,
      methods: [METHOD, ...(payments?.methods.keys() ?? [])],
    },
  }));
}

function nutsOf(engine: Engine, payments: Methods, kinds: readonly string[]) {
  const ehash = engine.keysets.signing
    .filter(({ unit }) => unit !== PAYMENT_UNIT)
    .map(({ unit }) => ({ method: METHOD, unit, method_name: 'Ehash' }));
  const paid = [...payments].map(([method, { backend, mint, melt }]) => ({
    mint: { method, unit: PAYMENT_UNIT, ...rangeAnswer(mint), ...optionsAnswer(backend.mintOptions) },
    melt: { method, unit: PAYMENT_UNIT, ...rangeAnswer(melt), ...optionsAnswer(backend.meltOptions) },
  }));
  const mints = [...ehash, ...paid.map(({ mint }) => mint)];
  // Ehash is redeemed for sats, which a mint without payments does not sign.
  const redemptions = engine.keysets.active(PAYMENT_UNIT) ? ['/v1/redeem', '/v1/redeem/quotes'] : [];
  const isStopped = engine.issuance.stopped !== undefined;
  return {
    '4': { methods: mints, disabled: mints.length === 0 || isStopped },
    '5': { methods: paid.map(({ melt }) => melt), disabled: paid.length === 0 || isStopped },
    '7': { supported: true },
    ...(paid.length > 0 ? { '8': { supported: true } } : {}),
    '9': { supported: true },
    '10': { supported: true },
    '11': { supported: true },
    '12': { supported: true },
    '14': { supported: true },
    '17': {
      supported: mints.map(({ method, unit }) => ({ method, unit, commands: commandsOf(method, kinds) })),
    },
    // The ledger remembers (replays.ts), and forgets nothing.
    '19': {
      ttl: null,
      cached_endpoints: repeatable([METHOD, ...payments.keys()], [...payments.keys()], redemptions),
    },
    '20': { supported: true },
    '29': { max_batch_size: MAX_BATCH, methods: [METHOD, ...payments.keys()] },
  };
}

/** What of a method can be watched, and proofs, which are of no method (NUT-17). */
function commandsOf(method: string, kinds: readonly string[]): string[] {
  return kinds.filter((kind) => kind === 'proof_state' || kind.startsWith(`${method}_`));
}

/** Requests that may be sent again and have the same answer (NUT-19). */
function repeatable(methods: readonly string[], melts: readonly string[], others: readonly string[]) {
  const paths = [
    '/v1/swap',
    ...methods.flatMap((method) => [`/v1/mint/${method}`, `/v1/mint/${method}/batch`]),
    ...melts.map((method) => `/v1/melt/${method}`),
    ...others,
  ];
  return paths.map((path) => ({ method: 'POST', path }));
}

/** CDK's wallet can't read an info with options that are an empty object. */
function optionsAnswer(options: Readonly<Record<string, unknown>>) {
  return Object.keys(options).length > 0 ? { options } : {};
}

function rangeAnswer({ min, max }: Range) {
  return { min_amount: jsonInteger(min), max_amount: jsonInteger(max) };
}
