import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { miningProtocol } from '../../protocols/sv2/mining.ts';
import { sealedLength } from '../../protocols/sv2/noise/transport.ts';
import { Crowd } from './crowd.ts';
import type { Figure } from './figure.ts';
import { type JobSize, openPool } from './pool-under-test.ts';

/**
 * How long it takes until the last of many miners, each with a connection of its own, has the job and the prev hash of
 * a new template, beside the time for the same bytes to as many plain sockets. 10,000 need `ulimit -n` 10,100.
 */

const SETTLE_MS = 50;
/** Tips before the first that counts: a pool in service has its code compiled. */
const WARM_UP_TIPS = 30;

/** What a miner gets on a new tip, encrypted: a future job and a prev hash. */
function bytesOf({ coinbasePrefix, coinbaseSuffix, merklePath }: JobSize): number {
  const common = { channel_id: 1, job_id: 1 };
  const job = miningProtocol.encode({
    name: 'NewExtendedMiningJob',
    ...common,
    min_ntime: null,
    version: 0,
    version_rolling_allowed: false,
    merkle_path: merklePath,
    coinbase_tx_prefix: coinbasePrefix,
    coinbase_tx_suffix: coinbaseSuffix,
  });
  const prevHash = miningProtocol.encode({
    name: 'SetNewPrevHash',
    ...common,
    prev_hash: new Uint8Array(32),
    min_ntime: 0,
    nbits: 0,
  });
  return sealedLength(job.length) + sealedLength(prevHash.length);
}

function plainSockets(number: number): Figure {
  return {
    name: `fan-out: ${number.toLocaleString('en')} plain sockets, the same bytes in one write each`,
    unit: 'ms',
    async open() {
      const sockets: Socket[] = [];
      const server = createServer({ noDelay: true }, (socket) => void sockets.push(socket));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      if (typeof address !== 'object' || address === null) throw new Error('no port');
      const pool = await openPool();
      const bytes = Buffer.alloc(bytesOf(pool.job));
      await pool.close();
      const crowd = await Crowd.open();
      await crowd.connect(number, address.port, false);
      return {
        async run() {
          const value = await crowd.untilAllHave(bytes.length, () => {
            for (const socket of sockets) socket.write(bytes);
          });
          return { value };
        },
        async close() {
          await crowd.close();
          server.close();
        },
      };
    },
  };
}

function miners(number: number): Figure {
  return {
    name: `fan-out: new template to the last of ${number.toLocaleString('en')} miners, a connection each`,
    unit: 'ms',
    limit: { figure: plainSockets(number) },
    async open() {
      const pool = await openPool();
      const crowd = await Crowd.open();
      await crowd.connect(number, pool.port, true);
      const tellAll = async (): Promise<number> => {
        const value = await crowd.untilAllHave(bytesOf(pool.job), () => pool.newTip());
        await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
        return value;
      };
      for (let tip = 0; tip < WARM_UP_TIPS; tip++) await tellAll();
      return {
        run: async () => ({ value: await tellAll() }),
        async close() {
          await crowd.close();
          await pool.close();
        },
      };
    },
  };
}

export const figures: Figure[] = [1_000, 10_000].map(miners);
