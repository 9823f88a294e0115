import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Crowd } from './crowd.ts';
import type { Figure } from './figure.ts';
import { openPool } from './pool-under-test.ts';

/** What a channel costs that does nothing, beside the kernel's own memory for its socket. */

const CONNECTIONS = 1_000;
const CHANNELS = 1_000;
const KIBI = 1024;

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** KiB on the heap and beside it, all garbage gone. */
function memory(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / KIBI;
}

const connection: Figure = {
  name: 'memory of an idle connection with its channel',
  unit: 'KiB',
  async open() {
    const pool = await openPool();
    const crowd = await Crowd.open();
    return {
      async run() {
        const before = memory();
        await crowd.connect(CONNECTIONS, pool.port, true);
        return { value: (memory() - before) / CONNECTIONS };
      },
      async close() {
        await crowd.close();
        await pool.close();
      },
    };
  },
};

const channel: Figure = {
  name: 'memory of one more idle channel on a connection',
  unit: 'KiB',
  async open() {
    const pool = await openPool();
    const crowd = await Crowd.open();
    await crowd.connect(1, pool.port, true);
    return {
      async run() {
        const before = memory();
        await crowd.openChannels(CHANNELS);
        return { value: (memory() - before) / CHANNELS };
      },
      async close() {
        await crowd.close();
        await pool.close();
      },
    };
  },
};

export const figures: Figure[] = [connection, channel];
