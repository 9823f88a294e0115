import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the range that the system itself gives out for port 0, so that no other test takes one meanwhile. */
const LOWEST = 20_000;
const HIGHEST = 32_000;
const TRIES = 50;

/** The first of `count` loopback ports in a row that are free just now. */
export async function freePortBase(count: number): Promise<number> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const base = randomInt(LOWEST, HIGHEST - count);
    const ports = Array.from({ length: count }, (_, k) => base + k);
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return base;
  }
  throw new Error(`no ${count} free ports in a row after ${TRIES} tries`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const listening = once(server, 'listening').then(
    () => true,
    () => false,
  );
  server.listen(port, '127.0.0.1');
  const free = await listening;
  if (free) await new Promise((closed) => server.close(closed));
  return free;
}
