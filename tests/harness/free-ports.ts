import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** Below the range that the system itself gives out for port 0, so that no connection takes one meanwhile. */
const LOWEST = 20_000;
const HIGHEST = 32_000;
/** A process takes ports by the block. Its first port is listened on until the process ends: no other takes from it. */
const BLOCK = 32;
const TRIES = 50;

let next = 0;
let end = 0;

/**
 * The first of `count` loopback ports in a row that are free, and that no other test is given while this process lives: what
 * listens there may end and come back.
 */
export async function freePortBase(count: number): Promise<number> {
  if (count >= BLOCK) throw new Error(`${count} ports in a row: a block has ${BLOCK - 1}`);
  for (let attempt = 0; attempt < TRIES; attempt++) {
    if (next + count > end) await takeBlock();
    if (next + count > end) continue;
    const base = next;
    next += count;
    const ports = Array.from({ length: count }, (_, k) => base + k);
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return base;
  }
  throw new Error(`no ${count} free ports in a row after ${TRIES} tries`);
}

/** Leaves things as they are where another process has the block. */
async function takeBlock(): Promise<void> {
  const guard = LOWEST + BLOCK * randomInt((HIGHEST - LOWEST) / BLOCK);
  const server = await listen(guard);
  if (server === undefined) return;
  server.unref();
  next = guard + 1;
  end = guard + BLOCK;
}

async function isFree(port: number): Promise<boolean> {
  const server = await listen(port);
  if (server !== undefined) await new Promise((closed) => server.close(closed));
  return server !== undefined;
}

async function listen(port: number): Promise<Server | undefined> {
  const server = createServer();
  const listening = once(server, 'listening').then(
    () => server,
    () => undefined,
  );
  server.listen(port, '127.0.0.1');
  return listening;
}
