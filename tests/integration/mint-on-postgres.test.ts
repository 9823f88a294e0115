import { usePostgres } from '../harness/new-place.ts';

/** The mint as a process, once more on PostgreSQL. */
usePostgres();
await import('./mint.test.ts');
