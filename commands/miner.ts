import { setTimeout as sleep } from 'node:timers/promises';
import { calibrate } from '../roles/miner/calibrate.ts';
import { Fleet } from '../roles/miner/fleet.ts';
import { openHashing } from '../roles/miner/hashing.ts';
import { reportOf } from '../roles/miner/report.ts';
import { Sayings } from '../roles/miner/sayings.ts';
import { loadCrypto } from '../runtime/crypto.ts';
import { runCommand } from './appliance/command-line.ts';
import { type MinerOptions, minerUsage, parseMinerOptions } from './appliance/miner-options.ts';
import { counted, rate, reportLine, reportTable } from './appliance/miner-report.ts';

async function main(args: readonly string[]): Promise<number> {
  const options = parseMinerOptions(args);
  if (options.help) {
    process.stdout.write(`${minerUsage}\n`);
    return 0;
  }
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
  const hashing = await openHashing(options.threads);
  const possibleHashrate = await calibrate(hashing.scan, options.threads);
  const failure = Promise.withResolvers<never>();
  const { hash } = await loadCrypto();
  const sayings = new Sayings();
  const fleet = new Fleet({
    ...options,
    possibleHashrate,
    machines: machines(options, possibleHashrate),
    hash,
    scan: hashing.scan,
    failed: failure.reject,
    said: (_, words) => {
      if (sayings.isNews(words, performance.now())) process.stderr.write(`${words}\n`);
    },
  });
  announce(fleet, options, possibleHashrate);
  const startedAt = performance.now();
  const report = () => reportOf(fleet, (performance.now() - startedAt) / 1000);
  try {
    await Promise.race([follow(report, options, stop), failure.promise]);
    const last = report();
    process.stdout.write(
      options.json ? `${JSON.stringify({ ...last, final: true })}\n` : `${reportTable(last)}\n`,
    );
    return last.total.accepted > 0 ? 0 : 1;
  } finally {
    await fleet.close();
    await hashing.close();
  }
}

/** Prints the figures now and then until it is time to end. */
async function follow(
  report: () => ReturnType<typeof reportOf>,
  options: MinerOptions,
  stop: AbortController,
) {
  const { everyMs, forMs, json } = options;
  const ending = forMs === undefined ? undefined : setTimeout(() => stop.abort(), forMs);
  while (!stop.signal.aborted) {
    // An abort ends the wait, and the loop looks at the signal itself.
    await sleep(everyMs, undefined, { signal: stop.signal }).catch(() => undefined);
    if (stop.signal.aborted) break;
    const now = report();
    process.stdout.write(`${json ? JSON.stringify({ ...now, final: false }) : reportLine(now)}\n`);
  }
  clearTimeout(ending);
}

/** The machines that were asked for, profiles dealt in turn, each with the same part of the claimed rate. */
function machines({ miners, profiles, hashrate, maxHashrate }: MinerOptions, possible: number) {
  const claimed = hashrate ?? Math.min(possible, maxHashrate ?? possible);
  return Array.from({ length: miners }, (_, i) => profiles[i % profiles.length])
    .filter((profile) => profile !== undefined)
    .map((profile) => ({ profile, claimedHashrate: claimed / miners }));
}

/** Says plainly what of it is real. */
function announce(fleet: Fleet, { threads, json, pool }: MinerOptions, possible: number): void {
  if (json) return;
  const { claimedHashrate, hashrate } = fleet;
  const lines = [
    `${counted(fleet.machines.length, 'machine')} pretending to make ${rate(claimedHashrate)} at ${pool.host}:${pool.port}`,
    `${counted(threads, 'thread')} can make about ${rate(possible)}`,
    hashrate < claimedHashrate
      ? `real are ${rate(hashrate)} of it: every share is a true proof, and there are ${(claimedHashrate / hashrate).toPrecision(3)} times fewer of them than such machines would find`
      : 'all of it is real',
  ];
  process.stdout.write(`${lines.join('; ')}\n`);
}

await runCommand('npm run miner', () => main(process.argv.slice(2)));
