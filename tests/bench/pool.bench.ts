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

const sharesStored: Figure = {
  name: `pool: share validated and durable, ${MERKLE_STEPS} merkle steps, one connection`,
  unit: 'per second and core',
  limit: { figure: fullShare },
  async open(): Promise<Session> {
    const pool = await openPool();
    const generator = fork(new URL('./share-generator.ts', import.meta.url), [String(pool.port)]);
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

export const figures: Figure[] = [sharesStored];
