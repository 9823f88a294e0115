import { JOURNAL_TABLE } from '../../../../runtime/sql/journal/journal.ts';

/** The issuance journal, and what a mint that lost its newest part remembers of that. */
export const journal = `
    ${JOURNAL_TABLE}
    -- Up to where an outbox's work is in every backup that is kept.
    ALTER TABLE outboxes ADD COLUMN backed_up_seq INTEGER NOT NULL DEFAULT 0;
    -- The last of losses that it has gone back to.
    ALTER TABLE outboxes ADD COLUMN loss INTEGER NOT NULL DEFAULT 0;

    -- Times when the mint went on from an older copy without what came after it. Work on blocks up to height may have
    -- been paid before; NULL until the node has said where the chain stands.
    CREATE TABLE losses (
      loss INTEGER PRIMARY KEY,
      accepted_at INTEGER NOT NULL,
      statement TEXT NOT NULL,
      height INTEGER
    ) STRICT;
    -- Quotes of any method that were open then: they may have been issued, and never are again.
    ALTER TABLE mint_quotes ADD COLUMN is_lost INTEGER NOT NULL DEFAULT 0 CHECK (is_lost IN (0, 1));
    `;
