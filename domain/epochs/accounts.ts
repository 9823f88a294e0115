/**
 * The accounts of the books of sats. `coinbase`, `gifts` and `lightning` are where sats come from: blocks of the pool, what
 * others paid to its script, and what its upstream paid. `ehash` is owed to an epoch's holders, `sat` to those of sat ecash. `fees` are the operator's, `dust` is
 * what rounding kept back; what nobody redeemed in time is `expired` where it is the operator's, and else `carried` to the
 * pool's next reward. `payouts` is owed to keys that are paid without a wallet, `paid` has left for them, fees included.
 */
export const ACCOUNTS = [
  'coinbase',
  'gifts',
  'lightning',
  'ehash',
  'fees',
  'sat',
  'dust',
  'expired',
  'carried',
  'payouts',
  'paid',
] as const;
export type Account = (typeof ACCOUNTS)[number];

/** Sats that went from one account to another, for one epoch. */
export interface Posting {
  readonly epoch: number;
  readonly giver: Account;
  readonly taker: Account;
  readonly sats: bigint;
}

/** What an epoch's own rows say, against which its postings are held. */
export interface EpochAccounts {
  readonly epoch: number;
  readonly unit: string;
  readonly rewardSats: bigint;
  readonly feeSats: bigint;
  /** Given for ehash in sat ecash. */
  readonly redeemedSats: bigint;
  /** Credited for ehash to keys that are paid without a wallet. */
  readonly autoPaidSats: bigint;
}

/** What the rows of keys that are paid without a wallet come to, in sats. */
export interface PayoutSums {
  /** Owed to them and held for nothing. */
  readonly balances: bigint;
  /** Held for payments that are under way. */
  readonly held: bigint;
  /** Of these, what waits for the coinbase of a block: the reserve has it until that is final. */
  readonly forCoinbases: bigint;
  /** What has left, fees included. */
  readonly paid: bigint;
}

/** What each account has taken less what it gave. All of them together are nothing, for no posting makes a sat. */
export function balancesOf(postings: readonly Posting[]): Map<Account, bigint> {
  const balances = new Map<Account, bigint>(ACCOUNTS.map((account) => [account, 0n]));
  for (const { giver, taker, sats } of postings) {
    balances.set(giver, (balances.get(giver) ?? 0n) - sats);
    balances.set(taker, (balances.get(taker) ?? 0n) + sats);
  }
  return balances;
}

/**
 * What is wrong with the books of sats, in words: each priced epoch has its reward and fee in them and what was redeemed
 * of it, and no more was given for its ehash than was received.
 * @param epochs all whose price is fixed
 */
export function contradictionsOf(epochs: readonly EpochAccounts[], postings: readonly Posting[]): string[] {
  const byEpoch = Map.groupBy(postings, ({ epoch }) => epoch);
  const known = new Set(epochs.map(({ epoch }) => epoch));
  const strangers = [...byEpoch.keys()].filter((epoch) => !known.has(epoch));
  return [
    ...strangers.map((epoch) => `sats are booked for epoch ${epoch}, which has no price`),
    ...epochs.flatMap((epoch) => contradictionOf(epoch, byEpoch.get(epoch.epoch) ?? []) ?? []),
  ];
}

function contradictionOf(epoch: EpochAccounts, postings: readonly Posting[]): string | undefined {
  const { unit, rewardSats, feeSats, redeemedSats, autoPaidSats } = epoch;
  const balances = balancesOf(postings);
  const of = (account: Account) => balances.get(account) ?? 0n;
  const received = postings.reduce((sum, { taker, sats }) => (taker === 'ehash' ? sum + sats : sum), 0n);
  if (received !== rewardSats) return `${unit} received ${rewardSats} sats, ${received} are booked`;
  if (of('fees') !== feeSats) return `the fee of ${unit} is ${feeSats} sats, ${of('fees')} are booked`;
  if (of('sat') !== redeemedSats)
    return `${redeemedSats} sats were given for ${unit}, ${of('sat')} are booked`;
  if (of('payouts') !== autoPaidSats)
    return `${autoPaidSats} sats were credited for ${unit}, ${of('payouts')} are booked`;
  if (of('ehash') < 0n) return `${-of('ehash')} sats more were given for ${unit} than it had`;
  return undefined;
}

/**
 * What is wrong with what is owed to keys that are paid without a wallet, in words; undefined where it is sound.
 * @param postings of all epochs
 */
export function payoutContradiction(
  { balances, held, paid }: Omit<PayoutSums, 'forCoinbases'>,
  postings: readonly Posting[],
): string | undefined {
  const booked = balancesOf(postings).get('payouts') ?? 0n;
  if (booked === balances + held + paid) return undefined;
  return `${booked} sats are booked for auto-payouts; keys have ${balances}, ${held} are held and ${paid} were paid`;
}
