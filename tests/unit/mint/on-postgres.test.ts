import { againOnPostgres } from '../../harness/again-on-postgres.ts';

// payments-on-postgres.test.ts and epochs-on-postgres.test.ts have those of their scenes; those that ask for PostgreSQL
// themselves have had it.
await againOnPostgres(
  import.meta.dirname,
  (text) => /openTestMint|newPlace/.test(text) && !text.includes('testPostgres'),
);
