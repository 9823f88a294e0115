import type { Schema } from '../../../../runtime/sql/database.ts';

/**
 * What was promised to be paid out on the chain, and by which transactions. Order of writes; in brackets what a crash
 * right after it leaves, and who goes on:
 *
 * 1. the payout with its key                          [waiting: the next run builds a transaction]
 * 2. nothing: coins chosen, transaction signed        [nobody has seen it; it is built anew]
 * 3. the transaction, its coins, the payouts' places  [the next run sends this very transaction]
 * 4. nothing: it is sent to the network               [sent again, which changes nothing]
 * 5. that it was sent                                 [followed until it is confirmed]
 * 6. that it is confirmed, and so each payout paid    [the mint asks again]
 *
 * A transaction that takes too long gets another version with a higher fee, by 2 to 5. It spends the coins of the
 * first one: however many versions there are, the chain takes one of them.
 */
export const schema: Schema = {
  name: 'onchain payouts',
  migrations: [
    `
    CREATE TABLE onchain_sendings (
      sending INTEGER PRIMARY KEY,
      -- OPEN; DONE once a version is final; DEAD where its coins are gone for good and its payouts are free again.
      state TEXT NOT NULL,
      -- Blocks within which it is to be confirmed, counted from this height.
      blocks INTEGER NOT NULL,
      height INTEGER NOT NULL,
      -- The height at which one of its coins was first found gone.
      missing_since INTEGER,
      -- Where DONE: the txid that the chain has.
      final_txid TEXT
    ) STRICT;
    CREATE INDEX onchain_sendings_open ON onchain_sendings (sending) WHERE state = 'OPEN';
    CREATE TABLE onchain_versions (
      version INTEGER PRIMARY KEY,
      sending INTEGER NOT NULL REFERENCES onchain_sendings (sending),
      -- 1 for the first.
      number INTEGER NOT NULL,
      txid TEXT NOT NULL UNIQUE,
      hex TEXT NOT NULL,
      rate INTEGER NOT NULL,
      fee INTEGER NOT NULL,
      is_sent INTEGER NOT NULL,
      UNIQUE (sending, number)
    ) STRICT;
    -- The coins of sendings, each of one: no two of them are in each other's way. number: the first version that has it.
    CREATE TABLE onchain_inputs (
      outpoint TEXT PRIMARY KEY,
      sending INTEGER NOT NULL REFERENCES onchain_sendings (sending),
      number INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX onchain_inputs_sending ON onchain_inputs (sending);
    CREATE TABLE onchain_payouts (
      payout INTEGER PRIMARY KEY,
      key TEXT NOT NULL UNIQUE,
      address TEXT NOT NULL,
      script BLOB NOT NULL,
      amount INTEGER NOT NULL,
      -- The most that it may cost.
      reserve INTEGER NOT NULL,
      rate INTEGER NOT NULL,
      blocks INTEGER NOT NULL,
      -- Milliseconds since 1970.
      added_at INTEGER NOT NULL,
      sending INTEGER REFERENCES onchain_sendings (sending),
      -- Why it was given up, where it was; then it is never paid.
      failure TEXT
    ) STRICT;
    CREATE INDEX onchain_payouts_waiting ON onchain_payouts (payout) WHERE sending IS NULL AND failure IS NULL;
    CREATE INDEX onchain_payouts_sending ON onchain_payouts (sending) WHERE sending IS NOT NULL;
    CREATE TABLE onchain_places (
      version INTEGER NOT NULL REFERENCES onchain_versions (version),
      payout INTEGER NOT NULL REFERENCES onchain_payouts (payout),
      vout INTEGER NOT NULL,
      PRIMARY KEY (version, payout)
    ) STRICT;
    -- Deposits that were credited and then left the chain, until they are back.
    CREATE TABLE onchain_undone (
      outpoint TEXT PRIMARY KEY,
      amount INTEGER NOT NULL
    ) STRICT;
    `,
    `
    -- Who knew better: when and why an operator ended it, and by which transaction, as JSON.
    ALTER TABLE onchain_sendings ADD COLUMN settled TEXT;
    `,
    `
    -- An address of each wallet that quotes were given from, by its name: no other wallet may take its place.
    CREATE TABLE onchain_wallets (
      name TEXT PRIMARY KEY,
      address TEXT NOT NULL
    ) STRICT;
    `,
  ],
};
