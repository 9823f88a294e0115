import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { auditShares } from '../../commands/appliance/audit-shares.ts';
import { equalBytes, fromHex, reversed } from '../../protocols/bytes.ts';
import { encodeHpub } from '../../protocols/ehash/key.ts';
import { messageOf } from '../../protocols/errors.ts';
import { readClaims } from '../../roles/mint/claims.ts';
import { readOutbox } from '../../roles/pool/outbox/audit.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { openHandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import { regtestNode, type TestNode } from '../harness/bitcoind.ts';
import { startMint, type TestMintProcess } from '../harness/mint.ts';
import { type PoolProcess, poolProcess } from '../harness/pool.ts';
import { templateProvider } from '../harness/template-provider.ts';
import { misbehaviours } from './bad-clients.ts';
import { GoodMiner, type Harvest, KINDS } from './good-miner.ts';
import { MEBI, type Memory, measure, rssTrend } from './memory.ts';

/**
 * `npm run test:soak -- pool [--minutes 5] [--connections 200]`: a crowd at a pool of real processes on a real node, a tip
 * change every ten seconds. Ends with 1 where a good client lost anything, the books do not agree or memory grew.
 */

const TIP_MS = 10_000;
/** Within this, all that are connected must be on a new tip. */
const TIP_LATE_MS = 5_000;
const WARM_UP_SHARE = 1 / 3;
const BAD_SHARE = 1 / 5;
const REST_MS = 500;
/** Half-open connections are gone after this. */
const CALM_MS = 12_000;
const SETTLE_MS = 60_000;
const HEAP_TOLERANCE = 0.1;
/** Of the mean, in a minute: less is the noise of a collector. */
const RSS_SLOPE_TOLERANCE = 0.02;
/** The crowd has to come first, and the allocators to have seen their peak. */
const SETTLED_SHARE = 1 / 2;
const NEVER_A_BLOCK = 60;
const HOUSE_KEY = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';

interface Sample {
  readonly atMs: number;
  readonly memory: Memory;
}

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    connections: { type: 'string', default: '200' },
  },
});
const durationMs = Number(values.minutes) * 60_000;
const connections = Number(values.connections);

const ownDelays = monitorEventLoopDelay({ resolution: 10 });
ownDelays.enable();
const cleanups: (() => unknown)[] = [];
const t = { after: (cleanup: () => unknown) => void cleanups.push(cleanup) };
const troubles: string[] = [];
const harvest: Harvest = { accepted: new Set(), rejected: new Map(), losses: [], sessions: 0 };
let visits = 0;

try {
  await soak();
} finally {
  for (const cleanup of cleanups.reverse()) await cleanup();
}
for (const trouble of troubles) console.log(`FAILED: ${trouble}`);
process.exit(troubles.length === 0 ? 0 : 1);

async function soak(): Promise<void> {
  const node = await regtestNode(t, { blocks: 1 });
  const provider = await templateProvider(t, { ...node, config: [`block_target_bits = ${NEVER_A_BLOCK}`] });
  const mint = await startMint(t, node);
  const reporter = fileURLToPath(new URL('./heap-reporter.ts', import.meta.url));
  const pool = await poolProcess(t, {
    provider,
    mint,
    mintPort: mint.workLinkPort,
    config: ['shares_per_minute = 60', `house_key = "${HOUSE_KEY}"`],
    nodeArguments: ['--expose-gc', '--import', reporter],
  });
  await pool.role.says(/serving miners/);
  await crowd(node, pool, durationMs * WARM_UP_SHARE);
  const before = await calm(node, pool);
  const samples = await crowd(node, pool, durationMs * (1 - WARM_UP_SHARE));
  const after = await calm(node, pool);
  judgeMemory(before, samples, after);
  judgeGood();
  await judgeBooks(pool, mint);
}

/** Lets all clients loose for a while, a tip change every ten seconds; gives what memory was before each. */
async function crowd(node: TestNode, pool: PoolProcess, forMs: number): Promise<Sample[]> {
  const { curve } = await loadCrypto();
  const workers = await openHandshakeWorkers();
  const badCount = Math.floor(connections * BAD_SHARE);
  const users = Array.from({ length: connections - badCount }, (_, i) =>
    encodeHpub(curve.publicKey(new Uint8Array(32).fill(1 + (i % 200)))),
  );
  const good = users.map(
    (user, i) => new GoodMiner(pool, harvest, KINDS[i % KINDS.length] ?? KINDS[0], `${user}.rig${i}`),
  );
  const kinds = Object.entries(misbehaviours);
  let stopped = false;
  const visit = async (index: number): Promise<void> => {
    for (let turn = index; !stopped; turn++) {
      const [name, misbehave] = kinds[turn % kinds.length] ?? [];
      visits++;
      await misbehave?.(pool, workers).catch((error: unknown) => {
        // Being hung up on in the middle of it is what these clients are here for.
        if (/the pool (kept|accepted)/.test(messageOf(error))) troubles.push(`${name}: ${messageOf(error)}`);
      });
      await delay(REST_MS * Math.random());
    }
  };
  const running = [
    ...good.map((miner) => miner.run()),
    ...Array.from({ length: badCount }, (_, i) => visit(i)),
  ];
  const samples = await tips(node, pool, good, forMs);
  stopped = true;
  for (const miner of good) miner.stop();
  await Promise.all(running);
  await workers.close();
  return samples;
}

/** Changes tips, with memory measured before each, and looks whether all follow. */
async function tips(node: TestNode, pool: PoolProcess, good: readonly GoodMiner[], forMs: number) {
  const samples: Sample[] = [];
  const start = performance.now();
  while (performance.now() - start < forMs) {
    await delay(TIP_MS - TIP_LATE_MS);
    const atMs = performance.now() - start;
    const memory = await measure(pool.role);
    samples.push({ atMs, memory });
    show(`${(atMs / 1000).toFixed(0)} s`, memory);
    const [hash = ''] = await node.generate(1);
    await delay(TIP_LATE_MS);
    const tip = reversed(fromHex(hash));
    const isLate = (prevHash: Uint8Array) => !equalBytes(prevHash, tip);
    const late = good.filter(({ prevHashes }) => prevHashes.some(isLate)).length;
    if (late > 0) troubles.push(`${late} good clients were not on a new tip after ${TIP_LATE_MS / 1000} s`);
  }
  return samples;
}

/** Memory once everybody has left and the jobs that they had are stale. */
async function calm(node: TestNode, pool: PoolProcess): Promise<Memory> {
  await delay(CALM_MS);
  await node.generate(1);
  await delay(REST_MS);
  const memory = await measure(pool.role);
  show(`calm, ${pool.role.status.figures['channels']} channels`, memory);
  return memory;
}

function show(when: string, { heapUsed, external, rss, stallMs }: Memory): void {
  const memory = [heapUsed, external, rss].map((bytes) => (bytes / MEBI).toFixed(1)).join(', ');
  const { accepted, sessions } = harvest;
  const counts = `${accepted.size} shares, ${sessions} sessions, ${visits} bad visits`;
  const stalls = [stallMs, ownDelays.max / 1e6].map((ms) => ms.toFixed(0)).join(', ');
  ownDelays.reset();
  console.log(
    `${when}: ${counts}; heap, external, RSS in MiB: ${memory}; stall of pool, clients in ms: ${stalls}`,
  );
}

function judgeMemory(before: Memory, samples: readonly Sample[], after: Memory): void {
  const trend = rssTrend(samples.slice(samples.length * (1 - SETTLED_SHARE)));
  const heap = { beforeMiB: before.heapUsed / MEBI, afterMiB: after.heapUsed / MEBI };
  const rss = { beforeMiB: before.rss / MEBI, afterMiB: after.rss / MEBI };
  console.log(JSON.stringify({ heap, rss, ...trend }));
  if (after.heapUsed > before.heapUsed * (1 + HEAP_TOLERANCE)) troubles.push('the heap grew');
  if (trend.rssSlopeMiBPerMinute > trend.rssMeanMiB * RSS_SLOPE_TOLERANCE) troubles.push('RSS grows');
}

function judgeGood(): void {
  const { accepted, rejected, losses, sessions } = harvest;
  console.log(
    JSON.stringify({ accepted: accepted.size, rejected: Object.fromEntries(rejected), sessions, visits }),
  );
  for (const loss of new Set(losses)) troubles.push(`a good client: ${loss}`);
  // A share that crosses a tip change on its way is stale by right.
  for (const [code, count] of rejected) {
    if (code !== 'stale-share') troubles.push(`${count} good shares were rejected: ${code}`);
  }
}

/** Every share of the outbox is a quote, and every share that was answered true is among them. */
async function judgeBooks(pool: PoolProcess, mint: TestMintProcess): Promise<void> {
  const { role } = pool;
  for (const end = Date.now() + SETTLE_MS; ; await delay(REST_MS)) {
    const { outbox_rows, outbox_sent } = role.status.figures;
    if (outbox_rows === outbox_sent || Date.now() > end) break;
  }
  await role.stop();
  const claims = readClaims(mint.databasePath);
  const outbox = readOutbox(pool.outboxPath);
  const audit = auditShares(outbox, claims);
  const unquoted = [...harvest.accepted].filter((hash) => !claims.ofShare(fromHex(hash)));
  outbox.close();
  claims.close();
  const { rows, quoted, refused, unsent } = audit;
  console.log(JSON.stringify({ rows, quoted, refused, unsent, answeredAndUnquoted: unquoted.length }));
  if (unquoted.length > 0) troubles.push(`${unquoted.length} shares answered true are no quotes`);
  if (quoted !== rows) troubles.push(`of ${rows} shares in the outbox ${quoted} are quotes`);
  troubles.push(...audit.troubles);
}
