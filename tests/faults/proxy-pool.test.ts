import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { leBytesToTarget } from '../../protocols/bitcoin/target.ts';
import { reversed, toHex } from '../../protocols/bytes.ts';
import type { WorkRecord } from '../../protocols/ehash/work-record.ts';
import { targetOfDifficulty } from '../../protocols/sv1/difficulty.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { eventually } from '../harness/fake-pool.ts';
import { proxyTcp } from '../harness/interceptor.ts';
import { type ProxyScene, proxyScene } from '../harness/proxy-scene.ts';
import { SteadyMiner } from '../harness/steady-miner.ts';

const { hash } = await loadCrypto();
const UPSTREAM_BITS = 10;
const MINERS = 8;
const STALE_SEC = 6;
/** The key of the secret 1. */
const USER = 'hpub1qfumuen7l8wthtz45p3ftn58pvrs9xlumvkuu2xet8egzkcklqtes9s6pqw';

const hashes = (shares: readonly WorkRecord[]): string[] =>
  shares.map(({ header }) => toHex(reversed(hash.sha256d(header))));

/** Miners under way, every other one of which takes a new extranonce. */
async function crowd(t: TestContext, { translator }: ProxyScene) {
  const miners = await Promise.all(
    Array.from({ length: MINERS }, (_, i) =>
      SteadyMiner.start({
        port: translator.sv1Port,
        user: `${USER}.m${i}`,
        bits: 8,
        pauseMs: 100,
        takesExtranonce: i % 2 === 0,
      }),
    ),
  );
  t.after(() => {
    for (const { client } of miners) client.close();
  });
  const running = miners.map((miner) => miner.run());
  const open = () => miners.filter(({ client }) => !client.closed).length;
  return {
    miners,
    open,
    async stop() {
      for (const miner of miners) miner.stop();
      await Promise.all(running);
    },
  };
}

/** Compares what miners were answered, what the mint has, and what the upstream has. */
async function settle(t: TestContext, { mint, pool, solo }: ProxyScene, miners: readonly SteadyMiner[]) {
  const accepted = miners.flatMap((miner) => miner.accepted);
  const stored = () => new Set(hashes(mint.shares));
  await eventually(() => accepted.every((share) => stored().has(share)), 'all that was answered true');
  const figures = () => pool.role.status.figures;
  await eventually(() => figures()['upstream_waiting'] === 0, 'the answers of the upstream');
  assert.equal(stored().size, mint.shares.length, 'none twice');
  const counts = () => ({
    accepted: Number(figures()['upstream_accepted']),
    rejected: Number(figures()['upstream_rejected']),
    lost: Number(figures()['upstream_lost']),
  });
  const upstream = new Set(hashes(solo.mint.shares));
  assert.deepEqual(
    [...upstream].filter((share) => !stored().has(share)),
    [],
    'nothing is at the upstream alone',
  );
  const refusals = miners.flatMap((miner) => [...miner.refusals]);
  t.diagnostic(`${accepted.length} true, ${JSON.stringify(refusals)}; upstream: ${JSON.stringify(counts())}`);
  const excused =
    /^(Stale|No answer from the pool: .*(stale-work|down)|the server closed before it answered .*)$/;
  for (const [words] of refusals) assert.match(words, excused);
  const target = targetOfDifficulty(2 ** (UPSTREAM_BITS - 32));
  const wanted = mint.shares.filter(({ header }) => leBytesToTarget(hash.sha256d(header)) <= target).length;
  return { wanted, upstream: upstream.size, counts };
}

const sum = (counts: Record<string, number>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);

test('the upstream is cut off, away for long, and killed under load: no miner is dropped, and nothing is lost here', async (t) => {
  const where = { host: '127.0.0.1', port: 1 };
  const network = await proxyTcp(where);
  t.after(() => network.close());
  const scene = await proxyScene(t, {
    upstreamBits: UPSTREAM_BITS,
    config: [`stale_work_timeout_sec = ${STALE_SEC}`],
    upstreamPort: async (port) => {
      where.port = port;
      return network.address.port;
    },
  });
  const { miners, open, stop } = await crowd(t, scene);
  const { pool, solo, upstream, mint } = scene;
  const goOn = async (what: string): Promise<void> => {
    const [before, up] = [mint.shares.length, Number(pool.role.status.figures['upstream_accepted'])];
    const isOn = () =>
      mint.shares.length > before + MINERS && Number(pool.role.status.figures['upstream_accepted']) > up;
    await eventually(isOn, `shares after ${what}`);
  };
  await goOn('the start');

  network.refusing = true;
  network.cut();
  const cutAt = mint.shares.length;
  await eventually(() => mint.shares.length > cutAt + MINERS, 'shares of the jobs that there are');
  network.refusing = false;
  await goOn('the cut');

  await upstream.role.stop('SIGKILL');
  await upstream.role.restart();
  await goOn('the kill');
  assert.equal(open(), MINERS, 'miners notice nothing but other jobs');

  network.refusing = true;
  network.cut();
  await pool.role.says(/"reason":"stale-work"/);
  network.refusing = false;
  await goOn('the time away');
  for (const [i, { client }] of miners.entries()) if (i % 2 === 0) assert.equal(client.closed, false);

  await stop();
  const { wanted, counts } = await settle(t, scene, miners);
  const accountedFor = () => sum(counts()) === wanted;
  await eventually(accountedFor, `all ${wanted} that the upstream asks for to be accounted for`);
  const there = solo.mint.shares.length;
  const { accepted, lost } = counts();
  assert.ok(accepted <= there && there <= accepted + lost, `${there} of ${accepted} and ${lost}`);
});

test('the pool is killed under load: what was answered true is stored and paid, and the next process goes on', async (t) => {
  const scene = await proxyScene(t, { upstreamBits: UPSTREAM_BITS });
  const { miners, stop } = await crowd(t, scene);
  const { pool, mint } = scene;
  await eventually(() => mint.shares.length > 5 * MINERS, 'a load');
  await pool.role.stop('SIGKILL');
  const before = mint.shares.length;
  await delay(500);
  await pool.role.restart();
  await eventually(() => mint.shares.length > before + 5 * MINERS, 'the load to go on');
  for (const [i, { client }] of miners.entries()) if (i % 2 === 0) assert.equal(client.closed, false);
  await stop();
  const { wanted, upstream } = await settle(t, scene, miners);
  assert.ok(upstream <= wanted && upstream > 0);
});
