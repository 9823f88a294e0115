import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { notifyLine } from '../../protocols/sv1/messages.ts';
import { LockKeys } from '../../roles/translator/lock-keys.ts';
import { probeRequest } from '../../roles/translator/settings.ts';
import { SharedChannels } from '../../roles/translator/shared-channels/shared-channels.ts';
import { Sv1Server } from '../../roles/translator/sv1-server/server.ts';
import { newShareCounts } from '../../roles/translator/sv1-server/share-answer.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { tuneHeap } from '../../runtime/heap.ts';
import { createLog } from '../../runtime/logs.ts';
import { openHandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import { MiningClient } from '../../services/mining-client/client.ts';
import { ShareJournal } from '../../services/mining-client/journal/journal.ts';
import { temporaryFolder } from '../harness/temporary-folder.ts';
import { benchJob } from './bench-job.ts';
import { machineMs, serveParent } from './helper-process.ts';

/**
 * A process with the translator's own parts, from the miners' sockets to the pool's, its journal included; only the
 * wallet is made up. Or, to compare it with, plain sockets that answer each line and send what they are told to:
 *
 *     translator-helper.ts POOL_PORT|plain own|shared
 */

const CONNECTIONS = 20_000;
/** So many shares a minute that vardiff leaves miners where they are. */
const ENDLESS = 1e15;
/** In which the meter of stalls has looked once. */
const METER_MS = 20;
const NEWLINE = 0x0a;
const COMMA = 0x2c;
/** As long as the answer to a share. */
const ANSWER = '{"id":1234567,"result":true,"error":null}\n';
const [pool = 'plain', mode] = process.argv.slice(2);
const UNLIMITED = { perSecond: 1e9, burst: 1e10 };

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');
const sockets: Socket[] = [];
const stalls = monitorEventLoopDelay({ resolution: 1 });
let cpuFrom = process.cpuUsage();
let tips = 0;

async function openTranslator(): Promise<number> {
  tuneHeap();
  const { hash } = await loadCrypto();
  const log = createLog('bench', 'silent');
  const workers = await openHandshakeWorkers();
  const settings = {
    userIdentity: 'bench',
    extranonce2Size: 4,
    minIndividualMinerHashrate: 1,
    sharesPerMinute: 6,
    easiestBits: 0,
    jobKeepaliveMs: 3_600_000,
    walletTakesUnnamed: false,
    subscribeDeadlineMs: 120_000,
  };
  const client = new MiningClient({
    upstreams: [{ host: '127.0.0.1', port: Number(pool), authorityKey: undefined, paysEhash: true }],
    probe: probeRequest(settings),
    journal: new ShareJournal(join(temporaryFolder(), 'journal'), log),
    flags: 0,
    deviceId: 'bench',
    workers,
    log,
  });
  const key = new Uint8Array(33).fill(2);
  const now = () => performance.now();
  const resumeToken = () => crypto.getRandomValues(new Uint8Array(16));
  const { userIdentity } = settings;
  const shared = new SharedChannels({
    source: client,
    userIdentity,
    sharesPerMinute: ENDLESS,
    resumeToken,
    now,
    log,
  });
  const server = new Sv1Server({
    maxConnections: CONNECTIONS,
    maxConnectionsPerAddress: CONNECTIONS,
    rates: { connection: UNLIMITED, address: UNLIMITED },
    services: {
      upstream: mode === 'shared' ? shared : client,
      hash,
      isPoint: async () => true,
      lockKeys: new LockKeys({ keyForChannel: async () => key }),
      settings,
      shares: newShareCounts(),
      now,
      wallClock: () => Date.now(),
      resumeToken,
      log,
    },
  });
  await new Promise<void>((resolve) => {
    client.run({ onUp: () => resolve() });
  });
  await server.listen('127.0.0.1', 0);
  return server.port;
}

async function openPlain(): Promise<number> {
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.push(socket);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) {
        const id = chunk.toString('latin1', 6, chunk.indexOf(COMMA, 6));
        socket.write(ANSWER.replace('1234567', id));
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}

const port = pool === 'plain' ? await openPlain() : await openTranslator();
serveParent({
  port: () => port,
  /** Begins to count CPU and stalls. */
  async begin() {
    stalls.enable();
    stalls.reset();
    // What begins before the meter has looked once, it would not see.
    await delay(METER_MS);
    cpuFrom = process.cpuUsage();
  },
  /** CPU in microseconds, of all threads, and the longest time for which the event loop stood, in milliseconds. */
  used() {
    const { user, system } = process.cpuUsage(cpuFrom);
    const stallMs = stalls.max / 1e6;
    stalls.disable();
    return { cpuUs: user + system, stallMs };
  },
  /** KiB: of the heap and beside it without garbage, and of the whole process. */
  memory() {
    collect();
    const { heapUsed, external, rss } = process.memoryUsage();
    return { heap: (heapUsed + external) / 1024, rss: rss / 1024 };
  },
  /** Writes a job to every plain socket. @returns when it began */
  tellAll() {
    const prevHashLe = new Uint8Array(32).fill(++tips);
    const fields = { jobId: tips.toString(16), ntime: 0, cleanJobs: true };
    const line = Buffer.from(notifyLine({ ...benchJob, ...fields, prevHashLe }));
    const at = machineMs();
    for (const socket of sockets) socket.write(line);
    return at;
  },
});
