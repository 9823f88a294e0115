import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { meetsTargetLe } from '../../protocols/bitcoin/target.ts';
import { concatBytes, fromHex, toHex, u32Le } from '../../protocols/bytes.ts';
import type { Hash } from '../../protocols/crypto/hash.ts';
import { RESUME_TOKEN_BYTES } from '../../protocols/ehash/extension.ts';
import { encodeHpub } from '../../protocols/ehash/key.ts';
import { encodeAuthorityPublicKey } from '../../protocols/sv2/authority-key.ts';
import { REQUIRES_VERSION_ROLLING } from '../../protocols/sv2/mining.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { createLog } from '../../runtime/logs.ts';
import { openHandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import type { ActiveJob } from '../../services/mining-client/active-job.ts';
import type { ChannelOwner, MiningChannel, Share } from '../../services/mining-client/channel.ts';
import { MiningClient } from '../../services/mining-client/client.ts';
import type { ShareVerdict } from '../../services/mining-client/pending-shares.ts';
import { ShareOwner } from '../../services/mining-client/share-owner.ts';
import { regtestNode } from '../harness/bitcoind.ts';
import { proxyTcp } from '../harness/interceptor.ts';
import { poolProcess } from '../harness/pool.ts';
import { connectSv1 } from '../harness/sv1-client.ts';
import { until } from '../harness/template-client.ts';
import { templateProvider } from '../harness/template-provider.ts';
import { translatorProcess } from '../harness/translator.ts';
import { workMint } from '../harness/work-mint.ts';

const KEY = fromHex('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798');
const NEVER_A_BLOCK = 40;
const BATCH = 10;
/** Of the SV1 miner's difficulty. */
const SV1_BITS = 8;

interface Sent {
  readonly hash: string;
  verdict: ShareVerdict | undefined;
}

/** One channel over our own mining client, mined on without end; keeps what became of each share. */
class Rig implements ChannelOwner {
  readonly sent: Sent[] = [];
  readonly told: string[] = [];
  readonly #hash: Hash;
  channel: MiningChannel | undefined;
  #job: ActiveJob | undefined;
  /** The channel's, of that job. */
  #prefix: Uint8Array | undefined;
  #nonce = 0;

  constructor(hash: Hash) {
    this.#hash = hash;
  }

  opened(channel: MiningChannel): void {
    this.told.push('opened');
    this.channel = channel;
    this.#job = undefined;
    this.#prefix = undefined;
  }
  refused(error: Error): void {
    this.told.push(error.message);
  }
  /** Keeps to the first job, whose target is easy: more shares come than difficulty would let a miner find. */
  job(job: ActiveJob, extranoncePrefix: Uint8Array): void {
    this.#job ??= job;
    this.#prefix ??= extranoncePrefix;
  }
  closed(reason: string): void {
    this.told.push(reason);
  }

  get isReady(): boolean {
    return this.channel !== undefined && this.#job !== undefined;
  }

  unanswered(): number {
    return this.sent.filter(({ verdict }) => verdict === undefined).length;
  }

  accepted(): string[] {
    return this.sent.filter(({ verdict }) => verdict?.kind === 'accepted').map(({ hash }) => hash);
  }

  /** Finds a share and hands it in, whether the link is up or not. */
  submit(): void {
    const { channel } = this;
    const job = this.#job;
    assert.ok(channel && job);
    const { share, hash } = this.#mine(job, channel.extranonceSize);
    const sent: Sent = { hash, verdict: undefined };
    this.sent.push(sent);
    channel.submit(share, new ShareOwner('rig', KEY), (verdict) => {
      sent.verdict = verdict;
    });
  }

  #mine(job: ActiveJob, extranonceSize: number): { share: Share; hash: string } {
    const { jobId, version, minNtime: ntime } = job.work;
    const extranonce = concatBytes(u32Le(7), new Uint8Array(extranonceSize - 4));
    const full = concatBytes(this.#prefix ?? new Uint8Array(0), extranonce);
    for (;;) {
      const nonce = this.#nonce++;
      const { hashLe } = this.#hash.shareHeader(job.work, { extranonce: full, version, ntime, nonce });
      if (!meetsTargetLe(hashLe, job.targetLe)) continue;
      return { share: { jobId, version, ntime, nonce, extranonce }, hash: toHex(hashLe) };
    }
  }
}

/** A pool, and a network between it and its clients that can be made worse. */
async function poolBehindNetwork(t: TestContext) {
  const node = await regtestNode(t, { blocks: 1 });
  const provider = await templateProvider(t, { ...node, config: [`block_target_bits = ${NEVER_A_BLOCK}`] });
  const mint = await workMint(t);
  const config = ['shares_per_minute = 600'];
  const pool = await poolProcess(t, { provider, mint, mintPort: mint.server.address.port, config });
  await pool.role.says(/serving miners/);
  const network = await proxyTcp({ host: pool.host, port: pool.port });
  t.after(() => network.close());
  return { mint, pool, network };
}

async function scene(t: TestContext) {
  const { mint, pool, network } = await poolBehindNetwork(t);
  const workers = await openHandshakeWorkers();
  const rig = new Rig((await loadCrypto()).hash);
  const request = {
    userIdentity: 'rig',
    nominalHashRate: 2000,
    maximumTargetLe: new Uint8Array(32).fill(255),
    minExtranonceSize: 4,
    lockingKey: KEY,
    resumeToken: Uint8Array.from(randomBytes(RESUME_TOKEN_BYTES)),
  };
  const client = new MiningClient({
    upstreams: [{ ...network.address, authorityKey: pool.authorityKey, paysEhash: true }],
    probe: { ...request, resumeToken: undefined },
    flags: REQUIRES_VERSION_ROLLING,
    deviceId: 'rig',
    workers,
    log: createLog('rig', 'silent'),
    backoff: { firstMs: 50, maxMs: 100 },
  });
  let wasUp = false;
  client.run({
    onUp() {
      if (!wasUp) client.open(request, rig);
      wasUp = true;
    },
  });
  t.after(async () => {
    await client.close();
    await workers.close();
  });
  await until(() => rig.isReady, 'a job');
  return { mint, pool, network, client, rig };
}

test('a link cut again and again under load: every share is answered true, and is a quote, once', async (t) => {
  const { mint, network, client, rig } = await scene(t);
  for (let round = 0; round < 6; round++) {
    for (let batch = 0; batch < 8; batch++) {
      for (let i = 0; i < BATCH; i++) rig.submit();
      await delay(5);
      // In the midst of the load, and not at one point of the exchange: answers are lost, or shares, or both.
      if (batch === 4) network.dropping.add(round % 2 === 0 ? 'to-client' : 'to-server');
      if (batch === 6) network.cut();
    }
    network.dropping.clear();
    network.cut();
    await until(() => client.isUp && rig.unanswered() === 0, 'all answers');
  }
  const failed = rig.sent.filter(({ verdict }) => verdict?.kind !== 'accepted');
  assert.deepEqual(failed, []);
  assert.deepEqual(rig.told, ['opened'], 'its owner noticed nothing');
  await until(() => mint.shares.length >= rig.sent.length, 'all shares at the mint');
  assert.equal(mint.shares.length, rig.sent.length, 'none twice');
  assert.equal(new Set(rig.accepted()).size, rig.sent.length);
});

test('a pool that was restarted calls shares of before stale, and pays those of after', async (t) => {
  const { mint, pool, network, rig } = await scene(t);
  rig.submit();
  await until(() => rig.unanswered() === 0, 'the first answer');
  network.dropping.add('to-server');
  for (let i = 0; i < BATCH; i++) rig.submit();
  await delay(50);
  await pool.role.stop('SIGKILL');
  network.dropping.clear();
  pool.role.status = { text: 'killed', figures: {} };
  await pool.role.restart();
  await until(() => rig.unanswered() === 0, 'all answers');
  const verdicts = rig.sent.slice(1).map(({ verdict }) => verdict);
  for (const verdict of verdicts) assert.deepEqual(verdict, { kind: 'refused', code: 'stale-share' });
  assert.deepEqual(rig.told, ['opened', 'opened']);
  const before = rig.sent.length;
  await until(() => rig.isReady, 'a job of the new channel');
  rig.submit();
  await until(() => rig.unanswered() === 0, 'the last answer');
  assert.deepEqual(rig.sent[before]?.verdict, { kind: 'accepted' });
  await until(() => mint.shares.length === rig.accepted().length, 'what was accepted at the mint');
});

test('a miner behind the translator notices nothing of a cut between translator and pool', async (t) => {
  const { mint, pool, network } = await poolBehindNetwork(t);
  const { role, sv1Port } = await translatorProcess(t, {
    poolPort: network.address.port,
    poolKey: encodeAuthorityPublicKey(pool.authorityKey),
    paysEhash: true,
  });
  await role.says(/connected to pool/);
  const miner = await connectSv1(sv1Port);
  t.after(() => miner.close());
  const user = encodeHpub(KEY);
  await miner.request('mining.suggest_difficulty', [2 ** (SV1_BITS - 32)]);
  const job = await miner.start(user);
  const answers: Promise<{ result: unknown }>[] = [];
  for (let i = 0; i < 40; i++) {
    answers.push(miner.submit(user, miner.mineShare({ job })));
    await delay(10);
    if (i === 15) network.dropping.add('to-client');
    if (i === 20) network.cut();
    if (i === 25) network.dropping.clear();
    if (i === 25) network.cut();
  }
  const results = (await Promise.all(answers)).map(({ result }) => result);
  assert.deepEqual(new Set(results), new Set([true]));
  assert.equal(miner.closed, false);
  await until(() => mint.shares.length >= answers.length, 'all shares at the mint');
  assert.equal(mint.shares.length, answers.length, 'none twice');
});
