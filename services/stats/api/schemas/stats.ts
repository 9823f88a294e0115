import { type Static, Type } from 'typebox';
import { asOf, count, flag, hashrate, list, nullable, object, rate, sum, text, time } from './fields.ts';

const problem = object({
  name: text('the dependency, as in /api/services'),
  text: text('what is wrong, in words'),
});

/** What the mint's books say: nothing is added up here. */
const ledger = object({
  as_of: time('when the mint said so'),
  quotes: sum('quotes that stand'),
  ehash_total: sum('ehash of all quotes'),
  ehash_waiting: sum('ehash that no wallet has minted yet'),
  ehash_issued: sum('ehash that wallets have minted, or that was paid out to miners instead'),
});

/** `GET /api/stats` */
export const statsSchema = object({
  as_of: asOf,
  side: Type.Enum(['pool', 'proxy']),
  network: text('mainnet, testnet4, signet or regtest'),
  verdict: object({ ok: flag('all that matters works'), problems: list(problem, 'what does not') }),
  hashrates: list(hashrate, 'over 1 minute, 10 minutes, 1 hour and 24 hours'),
  expected_seconds_to_block: nullable(
    rate('at the rate of 1 hour and the present difficulty; null where either is unknown'),
  ),
  shares: object({
    accepted: sum('since the first record'),
    rejected: sum('since the first record'),
    work: sum('hashes that the accepted ones prove'),
    last_at: nullable(time('the last accepted share')),
  }),
  quotes: object({
    created: sum('shares that became quotes, since the first record'),
    ehash: sum('their ehash'),
    acknowledged: sum('of these, stored at the mint'),
    refused: sum('of these, refused by the mint'),
  }),
  ledger: nullable(ledger),
  miners: object({
    ok: count('connected and well'),
    low: count('below 70 % of the mean of their own last day'),
    offline: count('known in the last day and not connected'),
  }),
  workers: count('channels or connections that are open'),
  connections: count('clients that are connected'),
  outbox: nullable(
    object({
      depth: sum('shares that the mint, at the proxy the pool, has not answered'),
      oldest_ms: count('age of the oldest of them, ms; 0 at the proxy'),
    }),
  ),
  blocks: object({
    found: count('all of the pool'),
    confirmed: count('of these, final'),
    orphaned: count('of these, not in the chain'),
    last_height: nullable(count('height of the newest')),
    last_at: nullable(time('when the newest was found')),
  }),
  chain: nullable(
    object({
      height: count("the node's tip"),
      since: time('when it became the tip here'),
    }),
  ),
  lost_events: object({
    count: sum('events that no service was there to take: the gap in these figures'),
    last_at: nullable(time('end of the last gap')),
  }),
  recording_since: time('the first record of this service'),
});

export type Stats = Static<typeof statsSchema>;
