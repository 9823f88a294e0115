import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Figure, Session } from './figure.ts';
import { fullShare } from './hash.bench.ts';
import { MERKLE_STEPS, openPool } from './pool-under-test.ts';

const SHARES = 60_000;

async function answer(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit').then(() => Promise.reject(new Error('the generator ended')));
  await Promise.race([once(child, 'message'), ended]);
}

/** Shares from the socket to the disk, hashing alone as their limit. */
function sharesStored(kind: 'standard' | 'extended', connections: number): Figure {
  const links = connections === 1 ? 'one connection' : `${connections.toLocaleString('en')} connections`;
  return {
    name: `pool: ${kind} share validated and durable, ${MERKLE_STEPS} merkle steps, ${links}`,
    unit: 'per second and core',
    limit: { figure: fullShare },
    async open(): Promise<Session> {
      const pool = await openPool();
      const script = new URL('./share-generator.ts', import.meta.url);
      const generator = fork(script, [String(pool.port), kind, String(connections)]);
      await answer(generator);
      return {
        async run() {
          generator.send({ shares: SHARES });
          await answer(generator);
          return { operations: SHARES };
        },
        async close() {
          generator.disconnect();
          await once(generator, 'exit');
          await pool.close();
        },
      };
    },
  };
}

export const figures: Figure[] = [
  sharesStored('extended', 1),
  sharesStored('standard', 1),
  sharesStored('extended', 1000),
  sharesStored('standard', 1000),
];
