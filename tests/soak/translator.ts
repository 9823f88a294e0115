import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { fromHex, toHex } from '../../protocols/bytes.ts';
import { profiles } from '../../roles/miner/profiles/profiles.ts';
import { readClaims } from '../../roles/mint/claims.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { RETURN_AFTER_MS } from '../../services/mining-client/choose-upstream.ts';
import { startAppliance, type TestAppliance } from '../harness/appliance.ts';
import { grantedHashes, testFleet } from '../harness/fleet.ts';
import { proxyTcp, type TcpProxy } from '../harness/interceptor.ts';
import { shareHash } from '../harness/sv1-work.ts';
import { twoPools } from '../harness/two-pools.ts';
import { FleetWatch } from './fleet-phase.ts';

/**
 * `npm run test:soak -- translator [--machines 500] [--seconds 1,30,120]`: a farm of all firmwares at the real roles. Its
 * translator's link is cut, its pool killed, each for these times; then its primary pool is away for the longest of them.
 * Ends with 1 where a machine was dropped, an answer was not true, or the books do not agree.
 */

/** Shares of 2^12 hashes, one in ten seconds and machine. */
const SHARE_BITS = 12;
const SHARE_EVERY_S = 10;
const SHARES_PER_MINUTE = 60 / SHARE_EVERY_S;
const NEVER_A_BLOCK = 60;
const SETTLE_MS = 10_000;
const SERVED_LIMIT_MS = 60_000;
/** What the issue promises: to be at the next pool, and when to return. */
const FAILOVER_MS = 5_000;
const RETURN_LIMIT_MS = RETURN_AFTER_MS + 15_000;

const { values } = parseArgs({
  options: {
    machines: { type: 'string', default: '500' },
    seconds: { type: 'string', default: '1,30,120' },
  },
});
const machines = Number(values.machines);
const seconds = values.seconds.split(',').map(Number);

const troubles: string[] = [];
await scene(linkAndPool);
await scene(primaryAway);
for (const trouble of troubles) console.log(`FAILED: ${trouble}`);
process.exit(troubles.length === 0 ? 0 : 1);

interface Scene {
  after(cleanup: () => unknown): void;
}

async function scene(play: (t: Scene) => Promise<void>): Promise<void> {
  const cleanups: (() => unknown)[] = [];
  try {
    await play({ after: (cleanup) => void cleanups.push(cleanup) });
  } finally {
    for (const cleanup of cleanups.reverse()) await cleanup();
  }
}

function farm(t: Scene, port: number, user: string) {
  return testFleet(t, {
    port,
    user,
    profiles: Array.from({ length: machines }, (_, i) => profiles[i % profiles.length]).filter(
      (profile) => profile !== undefined,
    ),
    hashrate: (machines * 2 ** SHARE_BITS) / SHARE_EVERY_S,
    difficulty: 2 ** (SHARE_BITS - 32),
    onThread: true,
  });
}

async function linkAndPool(t: Scene): Promise<void> {
  const pool = { host: '127.0.0.1', port: 1 };
  const network = await proxyTcp(pool);
  t.after(() => network.close());
  const appliance = await startAppliance(t, {
    without: ['miner'],
    edit: (file, text) => farmConfig(file, text, network),
  });
  pool.port = appliance.sv2Port;
  await appliance.until('the link to the pool', () => /^connected/.test(appliance.role('translator').text));
  const { fleet, answers } = await farm(t, appliance.sv1Port, 'farm');
  const watch = new FleetWatch(fleet);
  const judge = (servedAfterMs: number, what: string) => {
    const limit = SERVED_LIMIT_MS;
    if (servedAfterMs > limit) troubles.push(`${what}: not all served after ${limit / 1000} s`);
    return { servedAfterMs };
  };
  await watch.phase('start', async () => {
    const isMining = () => fleet.machines.every(({ isMining }) => isMining);
    const times = judge(await watch.until(isMining, SERVED_LIMIT_MS), 'start');
    watch.started();
    await delay(SETTLE_MS);
    return times;
  });
  for (const second of seconds)
    await watch.phase(`link cut for ${second} s`, async () => {
      network.refusing = true;
      network.cut();
      await delay(1000 * second);
      network.refusing = false;
      const waiting = watch.outstanding;
      const ms = await watch.until(
        () => watch.outstanding <= waiting / 100 + machines / 100,
        SERVED_LIMIT_MS,
      );
      await delay(SETTLE_MS);
      return judge(ms, `link cut for ${second} s`);
    });
  for (const second of seconds)
    await watch.phase(`pool killed, away for ${second} s`, async () => {
      const [killedAt, before] = [performance.now(), watch.moves()];
      network.refusing = true;
      network.cut();
      await appliance.kill('pool');
      await delay(Math.max(0, killedAt + 1000 * second - performance.now()));
      network.refusing = false;
      const ms = await watch.until(() => watch.haveMoved(before), SERVED_LIMIT_MS);
      await delay(SETTLE_MS);
      return judge(ms, `pool killed, away for ${second} s`);
    });
  await fleet.close();
  troubles.push(...watch.troubles());
  await judgeBooks(appliance, grantedHashes(answers));
}

/** The link over a network that can be cut, and shares as often as machines find them, however easy. */
function farmConfig(file: string, text: string, network: TcpProxy): string {
  const linked =
    file === 'tproxy.config.toml' ? text.replace('\nport = 34254', `\nport = ${network.address.port}`) : text;
  return linked
    .replace('shares_per_minute = 30', `shares_per_minute = ${SHARES_PER_MINUTE}`)
    .replace('block_target_bits = 24', `block_target_bits = ${NEVER_A_BLOCK}`);
}

/** Stops all; every share that was answered true is a quote, and the sums agree. */
async function judgeBooks(appliance: TestAppliance, granted: readonly string[]): Promise<void> {
  await appliance.collected(granted.length);
  await appliance.stop();
  const claims = readClaims(join(appliance.state.role('mint'), 'mint.sqlite'));
  const unquoted = granted.filter((hashLe) => claims.ofShare(fromHex(hashLe)) === undefined).length;
  claims.close();
  const { outbox, quotes, unsent, refused, disagreements } = appliance.audit();
  const books = { outbox: outbox.rows, quotes: quotes.rows, unsent, refused, answeredTrue: granted.length };
  console.log(JSON.stringify({ ...books, answeredTrueAndUnquoted: unquoted }));
  if (unquoted > 0) troubles.push(`${unquoted} shares answered true are no quotes`);
  troubles.push(...disagreements);
}

async function primaryAway(t: Scene): Promise<void> {
  const { primary, second, translator } = await twoPools(t, {
    blockTargetBits: NEVER_A_BLOCK,
    sharesPerMinute: SHARES_PER_MINUTE,
  });
  const { curve } = await loadCrypto();
  const key = toHex(curve.publicKey(new Uint8Array(32).fill(5)));
  const { fleet, answers } = await farm(t, translator.sv1Port, key);
  const watch = new FleetWatch(fleet);
  const awayMs = 1000 * Math.max(...seconds);
  await watch.phase('two pools, start', async () => {
    const isMining = () => fleet.machines.every(({ isMining }) => isMining);
    const servedAfterMs = await watch.until(isMining, SERVED_LIMIT_MS);
    watch.started();
    await delay(SETTLE_MS);
    return { servedAfterMs };
  });
  await watch.phase(`primary away for ${awayMs / 1000} s`, async () => {
    const goneAt = performance.now();
    const times = await moved(watch, SERVED_LIMIT_MS, () => {
      primary.network.refusing = true;
      primary.network.cut();
    });
    if (times.toldAfterMs > FAILOVER_MS) troubles.push(`failover took ${times.toldAfterMs} ms`);
    await delay(Math.max(0, goneAt + awayMs - performance.now()));
    return times;
  });
  await watch.phase('primary back', async () => {
    const times = await moved(watch, 2 * RETURN_LIMIT_MS, () => {
      primary.network.refusing = false;
    });
    if (times.toldAfterMs > RETURN_LIMIT_MS) troubles.push(`the return took ${times.toldAfterMs} ms`);
    await delay(SETTLE_MS);
    return times;
  });
  await fleet.close();
  troubles.push(...watch.troubles());
  const granted = grantedHashes(answers).map((hashLe) => toHex(fromHex(hashLe).reverse()));
  const isPaid = () => {
    const shares = [primary, second].flatMap(({ mint }) => mint.shares);
    const paid = new Set(shares.map(({ header }) => shareHash(Buffer.from(header))));
    return granted.every((hash) => paid.has(hash));
  };
  const ms = await watch.until(isPaid, SERVED_LIMIT_MS);
  if (ms > SERVED_LIMIT_MS) troubles.push('shares answered true are at no mint');
  console.log(JSON.stringify({ answeredTrue: granted.length, atSecond: second.mint.shares.length }));
}

/** Does something to the pools, and times until all machines are told, and until all are mining again. */
async function moved(watch: FleetWatch, limitMs: number, change: () => void) {
  const [moves, tellings, start] = [watch.moves(), watch.tellings(), performance.now()];
  change();
  const toldAfterMs = await watch.until(() => watch.wereTold(tellings), limitMs);
  await watch.until(() => watch.haveMoved(moves), limitMs);
  return { toldAfterMs, servedAfterMs: Math.round(performance.now() - start) };
}
