import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { TestContext } from 'node:test';
import { LineReader } from '../../../../protocols/sv1/line-reader.ts';

/** What came from a miner. */
export interface MinerLine {
  readonly id: number;
  readonly method: string;
  readonly params: readonly unknown[];
}

/** What a script can do with the connection that a line came by. */
export interface ScriptHand {
  /** True at the first line of a connection. */
  readonly isFirst: boolean;
  send(message: object): void;
  raw(line: string): void;
  hangUp(): void;
}

/** An SV1 server that answers each line by a test's script. */
export interface ScriptedPool {
  readonly port: number;
  connections: number;
  /** Every line that came, as it was. */
  readonly lines: string[];
}

export async function scriptedPool(
  t: Pick<TestContext, 'after'>,
  script: (line: MinerLine, hand: ScriptHand) => void,
): Promise<ScriptedPool> {
  const lines: string[] = [];
  const server = createServer((socket) => {
    pool.connections++;
    let isFirst = true;
    const reader = new LineReader();
    const raw = (line: string) => socket.write(`${line}\n`);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) =>
      reader.read(chunk, (line) => {
        lines.push(line);
        const hand = {
          isFirst,
          raw,
          send: (message: object) => raw(JSON.stringify(message)),
          hangUp: () => socket.destroy(),
        };
        isFirst = false;
        if (!socket.destroyed) script(JSON.parse(line), hand);
      }),
    );
    t.after(() => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const pool: ScriptedPool = { port: address.port, connections: 0, lines };
  return pool;
}
