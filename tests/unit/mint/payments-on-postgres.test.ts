import { againOnPostgres } from '../../harness/again-on-postgres.ts';

// on-postgres.test.ts has the others.
await againOnPostgres(
  import.meta.dirname,
  (text) => text.includes('openTestPayments') && !/openTestMint|newPlace/.test(text),
);
