import { openWorkers } from '../../runtime/workers/pool.ts';
import type { Scanner } from './floor.ts';
import type { ScanTasks } from './scan-thread.ts';

/** Threads that hash. */
export interface Hashing {
  readonly scan: Scanner;
  close(): Promise<void>;
}

export async function openHashing(threads: number): Promise<Hashing> {
  const workers = await openWorkers<ScanTasks>({
    module: new URL('./scan-thread.ts', import.meta.url),
    size: threads,
    name: 'hashing',
  });
  return { scan: (range) => workers.call('scan', range), close: () => workers.close() };
}
