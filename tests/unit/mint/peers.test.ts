import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { toHex } from '../../../protocols/bytes.ts';
import { Engine } from '../../../roles/mint/engine.ts';
import type { AnyMintEvent } from '../../../roles/mint/events.ts';
import { openPeers } from '../../../roles/mint/peers.ts';
import { loadCrypto } from '../../../runtime/crypto.ts';
import { createLog } from '../../../runtime/logs.ts';
import { testPostgres } from '../../harness/postgres.ts';
import { SEED } from './support.ts';

const log = createLog('test', 'silent');
const { curve } = await loadCrypto();

/** One process of a mint, without its network: an engine that tells the others, and what it hears. */
async function openProcess(t: TestContext, path: string) {
  const engine = await Engine.open({ path, seed: SEED, threads: 1 });
  const peers = await openPeers(path, engine, log);
  const heard: AnyMintEvent[] = [];
  engine.events.onAny((told) => heard.push(told));
  t.after(async () => {
    await peers.close();
    await engine.close();
  });
  return { engine, heard };
}

async function until(holds: () => boolean, what: string): Promise<void> {
  for (let waited = 0; !holds(); waited += 20) {
    if (waited > 20_000) throw new Error(`never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const first = { height: 101, policy: 'target', minimumDifficulty: 0 } as const;

test('what happens at one process of a mint is heard once at each, and keysets are known to all', async (t) => {
  const path = await (await testPostgres()).newDatabase();
  const a = await openProcess(t, path);
  const b = await openProcess(t, path);
  const poolId = curve.publicKey(randomBytes(32));
  await a.engine.epochs.openFirst({ poolId, ...first });
  const id = a.engine.epochs.current(poolId)?.keysetId ?? '';
  await until(() => b.engine.keysets.signing.some((keyset) => keyset.id === id), 'the new keyset');
  assert.deepEqual(await b.engine.keysets.find(id), await a.engine.keysets.find(id));
  await until(() => b.engine.epochs.current(poolId)?.keysetId === id, 'the new epoch');

  const ys = Array.from({ length: 250 }, () => Uint8Array.from(randomBytes(33)));
  a.engine.events.emit('proofs-changed', { ys, state: 'SPENT' });
  b.engine.events.emit('quote-changed', { kind: 'mint', method: 'ehash', quote: 'q' });
  const ysOf = (events: readonly AnyMintEvent[]) =>
    events.flatMap((told) => (told.kind === 'proofs-changed' ? told.event.ys.map(toHex) : []));
  await until(() => ysOf(b.heard).length >= ys.length, 'the spent proofs');
  await until(() => a.heard.some(({ kind }) => kind === 'quote-changed'), 'the quote');
  assert.deepEqual(ysOf(b.heard), ys.map(toHex));
  assert.deepEqual(ysOf(a.heard), ys.map(toHex), 'its own news comes back to none');
  assert.equal(b.heard.filter(({ kind }) => kind === 'quote-changed').length, 1);
});

test('two processes that open the first epoch of a pool at once have the same one', async (t) => {
  const path = await (await testPostgres()).newDatabase();
  const processes = [await openProcess(t, path), await openProcess(t, path)];
  const poolId = curve.publicKey(randomBytes(32));
  await Promise.all(
    processes.map(({ engine }, i) => engine.epochs.openFirst({ poolId, ...first, height: 101 + i })),
  );
  const [one, other] = processes.map(({ engine }) => engine.epochs.current(poolId));
  assert.ok(one);
  assert.deepEqual(one, other);
});

test('a process that could not hear for a while finds out what it has missed', async (t) => {
  const server = await testPostgres();
  const path = await server.newDatabase();
  const { engine } = await openProcess(t, path);
  const poolId = curve.publicKey(randomBytes(32));
  const other = await Engine.open({ path, seed: SEED, threads: 1 });
  await other.epochs.openFirst({ poolId, ...first });
  await other.close();
  assert.equal(engine.epochs.current(poolId), undefined, 'nobody has told it');
  await server.end('SIGINT');
  await server.start();
  await until(() => engine.epochs.current(poolId) !== undefined, 'the epoch');
});
