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
import { GoodMiner, type Harvest } from './good-miner.ts';
import { type Memory, measure, memoryTrend } from './memory.ts';

/**
 * `npm run test:soak [-- --minutes 5 --connections 200]`: a crowd at a pool of real processes on a real node, a tip
 * change every ten seconds. Ends with 1 where a good client lost anything, the books do not agree or memory grew.
 */

const TIP_MS = 10_000;
/** Within this, all that are connected must be on a new tip. */
const TIP_LATE_MS = 5_000;
const WARM_UP_SHARE = 1 / 3;
const BAD_SHARE = 1 / 5;
const REST_MS = 500;
const SETTLE_MS = 60_000;
const HEAP_TOLERANCE = 0.1;
/** Of the mean, in a minute: less is the noise of a collector. */
const RSS_SLOPE_TOLERANCE = 0.01;
const NEVER_A_BLOCK = 60;
const HOUSE_KEY = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    connections: { type: 'string', default: '200' },
  },
});
const durationMs = Number(values.minutes) * 60_000;
const connections = Number(values.connections);

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
  const { good, stop } = await crowd(pool);
  const samples = await tips(node, pool, good);
  await stop();
  judgeMemory(samples);
  judgeGood();
  await judgeBooks(pool, mint);
}

/** Sets all clients going. */
async function crowd(pool: PoolProcess) {
  const { curve } = await loadCrypto();
  const workers = await openHandshakeWorkers();
  t.after(() => workers.close());
  const badCount = Math.floor(connections * BAD_SHARE);
  const users = Array.from({ length: connections - badCount }, (_, i) =>
    encodeHpub(curve.publicKey(new Uint8Array(32).fill(1 + (i % 200)))),
  );
  const good = users.map((user, i) => new GoodMiner(pool, harvest, `${user}.rig${i}`));
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
  return {
    good,
    async stop() {
      stopped = true;
      for (const miner of good) miner.stop();
      await Promise.all(running);
    },
  };
}

/** A tip change every ten seconds; memory is measured before each, once the pool is warm. */
async function tips(node: TestNode, pool: PoolProcess, good: readonly GoodMiner[]) {
  const samples: { atMs: number; memory: Memory }[] = [];
  const start = performance.now();
  while (performance.now() - start < durationMs) {
    await delay(TIP_MS - TIP_LATE_MS);
    const atMs = performance.now() - start;
    const memory = await measure(pool.role);
    if (atMs > durationMs * WARM_UP_SHARE) samples.push({ atMs, memory });
    const shown = [memory.heapUsed, memory.external, memory.rss].map((bytes) => (bytes / 2 ** 20).toFixed(1));
    console.log(
      `${(atMs / 1000).toFixed(0)} s: ${harvest.accepted.size} shares, ${harvest.sessions} sessions, ` +
        `${visits} bad visits; heap, external, RSS MiB: ${shown.join(', ')}`,
    );
    const [hash = ''] = await node.generate(1);
    await delay(TIP_LATE_MS);
    const tip = reversed(fromHex(hash));
    const late = good.filter(({ prevHash }) => prevHash && !equalBytes(prevHash, tip)).length;
    if (late > 0) troubles.push(`${late} good clients were not on a new tip after ${TIP_LATE_MS / 1000} s`);
  }
  return samples;
}

function judgeMemory(samples: readonly { atMs: number; memory: Memory }[]): void {
  const trend = memoryTrend(samples);
  console.log(JSON.stringify({ samples: samples.length, ...trend }));
  if (trend.heapLastMiB > trend.heapFirstMiB * (1 + HEAP_TOLERANCE)) troubles.push('the heap grew');
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
