import { loadCrypto } from '../../runtime/crypto.ts';
import type { RoleContext } from '../../runtime/lifecycle.ts';
import { openWorkers } from '../../runtime/workers/pool.ts';
import type { MinerConfig } from './config.ts';
import { HashrateMeter } from './hashrate.ts';
import { Mining } from './mining.ts';
import { Rig } from './rig.ts';
import type { ScanTasks } from './scan-thread.ts';

const STATUS_INTERVAL_MS = 1000;

/** Ready when its threads are up, whether the pool is there or not. */
export async function start(context: RoleContext<MinerConfig, unknown>): Promise<void> {
  const { config, log, stopping: signal } = context;
  const { hash } = await loadCrypto();
  const threads = await context.open('threads', () =>
    openWorkers<ScanTasks>({
      module: new URL('./scan-thread.ts', import.meta.url),
      size: config.threads,
      name: 'hashing',
    }),
  );
  const rig = await context.open(
    'rig',
    () =>
      new Rig({
        threads: config.threads,
        maxHashrate: config.max_hashrate,
        hash,
        scan: (range) => threads.call('scan', range),
        found: (unit, nonce) => mining.submit(unit, nonce),
        failed: (error) => context.fail(error),
      }),
  );

  const meter = new HashrateMeter();
  let words = 'connecting';
  const tell = () => {
    const { accepted, rejected } = mining.shares;
    const hashrate = meter.read(performance.now(), rig.hashes);
    context.status(words, { hashrate, shares_accepted: accepted, shares_rejected: rejected });
  };
  const mining = new Mining({
    config,
    signal,
    log,
    work: (task) => rig.work(task),
    status: (text) => {
      words = text;
    },
  });
  const running = mining.run();
  const telling = setInterval(tell, STATUS_INTERVAL_MS);
  await context.open('mining', () => ({
    close: async () => {
      clearInterval(telling);
      await running;
    },
  }));
}
