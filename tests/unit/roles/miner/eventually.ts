import { eventually as eventuallyWithin } from '../../../harness/fake-pool.ts';

/** Machines hash on the test's own thread, which may have little of a busy computer. */
const PATIENCE_MS = 30_000;

/** Waits until `ready` holds. */
export function eventually(ready: () => boolean, what: string, patienceMs = PATIENCE_MS): Promise<void> {
  return eventuallyWithin(ready, what, patienceMs);
}
