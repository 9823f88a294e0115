import { useStore } from '../harness/new-place.ts';

/** The tests of backup and restore, once more on PostgreSQL. */
useStore('postgres');
await import('./restore.test.ts');
