/** Words of this trade, each with what it means for whoever reads them here. */
export const glossary = {
  hashrate: {
    word: 'Hashrate',
    meaning:
      'Hashes a second. It is reckoned from the shares that were accepted: the work that they prove, divided by the time. The fewer shares, the less certain it is.',
  },
  error: {
    word: 'uncertainty',
    meaning:
      'Shares come by luck. Two times out of three the true rate lies within this much of the number shown; more shares make it smaller.',
  },
  timeToBlock: {
    word: 'Expected time to a block',
    meaning:
      'How long it takes on average at this rate and today’s difficulty. Finding blocks is luck: one may come at once, or after many times as long.',
  },
  share: {
    word: 'share',
    meaning: 'A hash good enough to prove work. Each accepted share is paid in ehash.',
  },
  stale: { word: 'stale', meaning: 'A share that came after a new block had made its work worthless.' },
  ehash: {
    word: 'ehash',
    meaning:
      'Ecash for work: the mint gives it out for each share. When the pool finds a block, the ehash of that time becomes worth its reward.',
  },
  epoch: {
    word: 'Epoch',
    meaning:
      'The time from one block of the pool to the next. All ehash of an epoch shares the reward of the block that ends it.',
  },
  outstanding: { word: 'Outstanding', meaning: 'Ehash in tokens out there: minted, and not redeemed yet.' },
  reward: {
    word: 'Reward',
    meaning: 'All that the coinbase of the block that closed it pays, and gifts. It is shared by work.',
  },
  gift: {
    word: 'Gifts in it',
    meaning:
      'What blocks that are none of the pool’s have paid to its script. It backs the epoch too, and closes none.',
  },
  reserve: {
    word: 'Held by the mint',
    meaning:
      'What its payment backends could pay out now; not known where it has none. Rewards that are not mature, and what lies elsewhere, are not counted.',
  },
  proven: {
    word: 'Proven to everybody',
    meaning:
      'Coins whose keys were shown to be there for the last signed report. Lightning channels and coins of a cold wallet are held and not proven, unless their owner adds a proof.',
  },
  liability: {
    word: 'Owed in sats',
    meaning:
      'Tokens out there, what was paid and not minted yet, and balances of miners that are paid without a wallet. It may be asked for at any moment.',
  },
  quote: {
    word: 'quote',
    meaning: 'The mint’s promise to give out the ehash of one share to the key that it was mined for.',
  },
  outbox: {
    word: 'Outbox',
    meaning:
      'Accepted shares on the pool’s disk that the mint has not acknowledged yet. It empties by itself once the mint answers; nothing is lost meanwhile.',
  },
  confirmations: {
    word: 'confirmations',
    meaning: 'Blocks on top of it, itself counted. With enough of them it is final.',
  },
  orphaned: {
    word: 'orphaned',
    meaning: 'It was found, but the chain went on without it, so that it pays nothing.',
  },
  difficulty: {
    word: 'Difficulty',
    meaning: 'How many times 2³² hashes it takes on average to find a block.',
  },
  shareDifficulty: {
    word: 'Share difficulty',
    meaning: 'How many hashes a share takes on average. It follows the miner’s speed.',
  },
  job: {
    word: 'Current job',
    meaning: 'What all miners work on: the block that would come next.',
  },
  coinbase: {
    word: 'Pays',
    meaning: 'What the block would pay: the subsidy and the fees of its transactions.',
  },
  fanOut: {
    word: 'Sent within',
    meaning: 'From the moment the work came until the last miner had it.',
  },
  upstream: {
    word: 'Upstream',
    meaning: 'The pools that this translator may mine for. The first that has work is used.',
  },
  credited: {
    word: 'credited by the pool',
    meaning:
      'The pool has accepted this work and pays for it. What is missing was rejected; each rejected share is counted here as if it proved as much as an accepted one.',
  },
  dayMean: {
    word: 'its own day',
    meaning:
      'The mean of its last 24 hours, over the time in which it was connected. Below 70 % of it a miner is low.',
  },
  eventLoop: {
    word: 'Delay',
    meaning:
      'How long work waits inside the process: 99 times out of 100 less than this. Above a second something is overloaded.',
  },
  lostEvents: {
    word: 'Gap in the figures',
    meaning:
      'Events that happened while this stats service was away for longer than the roles keep them. Shares and ehash are not affected.',
  },
  lucky: {
    word: 'Best share',
    meaning: 'The luckiest share ever: as rare as if it had taken so many hashes.',
  },
  declarations: {
    word: 'Declared jobs',
    meaning:
      'Miners may choose the transactions of their blocks themselves. They declare such a job here first, and the pool then pays for work on it as for its own.',
  },
  ownJobs: {
    word: 'Own jobs',
    meaning:
      'Blocks whose transactions your own node chooses, mined for a pool all the same. Where no pool takes them, a block would pay you alone, and shares pay nothing.',
  },
  rejects: { word: 'Rejected', meaning: 'Shares that were not accepted, and are not paid.' },
} as const satisfies Record<string, { readonly word: string; readonly meaning: string }>;

export type Word = keyof typeof glossary;
