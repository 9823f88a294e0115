import { useStore } from '../harness/new-place.ts';

/** The mint as a process, once more on PostgreSQL. */
useStore('postgres');
await import('./mint.test.ts');
