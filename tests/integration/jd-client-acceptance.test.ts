import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { meetsTargetLe } from '../../protocols/bitcoin/target.ts';
import { toHex } from '../../protocols/bytes.ts';
import {
  EHASH_EXTENSION,
  LOCKING_KEY_FIELD,
  WORKER_NAME_EXTENSION,
} from '../../protocols/ehash/extension.ts';
import { encodeWorkerName } from '../../protocols/sv2/extensions/worker-names.ts';
import { jobDeclarationProtocol } from '../../protocols/sv2/job-declaration.ts';
import { miningProtocol } from '../../protocols/sv2/mining.ts';
import {
  type TemplateMessage,
  templateDistributionProtocol,
} from '../../protocols/sv2/template-distribution.ts';
import { hostAndPort } from '../../runtime/config/address.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { openHandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import type { Onward, Passing } from '../harness/interceptor.ts';
import { inFrontOf, type JdClientProcess, jdClientProcess } from '../harness/jd-client.ts';
import { type JobScene, jobScene } from '../harness/job-scene.ts';
import { type RawChannel, RawMiner } from '../harness/raw-miner.ts';
import { until } from '../harness/template-client.ts';

/*
 * The acceptance list of job declaration, as SRI's integration tests have it: what a jd-client must do whatever its
 * template provider, jd-server and pool are. Each test begins with the name of its line.
 */

/** From one try for a token to the next. */
const TOKEN_LIMIT_MS = 10_000;
const CHANNELS = 10;

type Pass = (passing: Passing) => Onward | Promise<Onward>;

interface Around {
  readonly config?: readonly string[];
  readonly isSolo?: boolean;
  /** Decide on the frames between the jd-client and those around it. */
  readonly atServer?: Pass;
  readonly atProvider?: Pass;
}

async function clientOf(
  t: TestContext,
  scene: JobScene,
  { config = [], isSolo = false, atServer, atProvider }: Around = {},
): Promise<JdClientProcess> {
  const through = (known: { address: string; authorityKey: Uint8Array }, pass: Pass | undefined) =>
    pass ? inFrontOf(t, { ...known, ...hostAndPort(known.address) }, pass) : known;
  const jdServer = await through(scene.server, atServer);
  return jdClientProcess(t, {
    provider: await through(scene.provider, atProvider),
    upstreams: isSolo ? [] : [{ pool: scene.pool, jdServer }],
    config: ['shares_per_minute = 600', ...config],
  });
}

async function minerOf(client: JdClientProcess): Promise<RawMiner> {
  await client.role.says(/mining (for|solo)/);
  return client.connect({ extensions: [WORKER_NAME_EXTENSION, EHASH_EXTENSION] });
}

const channelOf = async (client: JdClientProcess): Promise<RawChannel> =>
  (await minerOf(client)).open({ user_identity: 'farm.rig' });

/** A new key, and a share that names it. */
async function share(channel: RawChannel): Promise<{ key: string; answer: string }> {
  const { curve } = await loadCrypto();
  const value = curve.publicKey(Uint8Array.from(randomBytes(32)));
  const extranonce = Uint8Array.from(randomBytes(channel.extranonceSize));
  const mined = channel.mine((hash) => meetsTargetLe(hash, channel.target), { extranonce });
  const tlvs = [encodeWorkerName('rig'), { extension: EHASH_EXTENSION, field: LOCKING_KEY_FIELD, value }];
  return { key: toHex(value), answer: await channel.submit(mined, tlvs) };
}

async function isPaid({ mint }: JobScene, channel: RawChannel): Promise<void> {
  const { key, answer } = await share(channel);
  assert.equal(answer, 'accepted');
  await until(() => mint.shares.some((work) => toHex(work.key) === key), 'the share at the mint');
}

/** Notes what passes between jd-client and template provider. */
function noted(change: (message: TemplateMessage, frame: Uint8Array) => Onward = (_, frame) => [frame]) {
  const names: string[] = [];
  return {
    names,
    pass({ direction, frame }: Passing): Onward {
      const { message } = templateDistributionProtocol.decode(frame);
      names.push(`${direction} ${message.name}`);
      return change(message, frame);
    },
  };
}

test('jdc_tp_success_setup: SetupConnection, its Success, then CoinbaseOutputConstraints', async (t) => {
  const { names, pass } = noted();
  const scene = await jobScene(t);
  const client = await clientOf(t, scene, { atProvider: pass });
  await client.role.says(/^mining /);
  assert.deepEqual(names.slice(0, 3), [
    'to-server SetupConnection',
    'to-client SetupConnection.Success',
    'to-server CoinbaseOutputConstraints',
  ]);
  assert.ok(names.includes('to-server RequestTransactionData'), 'to declare its jobs');
});

test('jdc_does_not_stackoverflow_when_no_token: a jd-server that says nothing is asked again, now and then', async (t) => {
  let [isSilent, asked] = [true, 0];
  const scene = await jobScene(t);
  const client = await clientOf(t, scene, {
    config: ['solo_after_sec = 600'],
    atServer({ frame }) {
      const { name } = jobDeclarationProtocol.decode(frame).message;
      if (name === 'AllocateMiningJobToken') asked++;
      return isSilent && name === 'AllocateMiningJobToken.Success' ? [] : [frame];
    },
  });
  await client.role.says(/its jd-server has given no token yet/);
  await until(() => asked === 2, 'a second try', 3 * TOKEN_LIMIT_MS);
  const { pid } = client.role;
  isSilent = false;
  await until(() => client.role.status.text.startsWith('mining for'), 'work', 3 * TOKEN_LIMIT_MS);
  assert.ok(asked <= 6, `asked ${asked} times`);
  assert.equal(client.role.pid, pid);
  await isPaid(scene, await channelOf(client));
});

test('jdc_reject_downstream: a miner whose version is not spoken is told so, and others are served', async (t) => {
  const scene = await jobScene(t);
  const client = await clientOf(t, scene);
  await client.role.says(/^mining /);
  const workers = await openHandshakeWorkers();
  t.after(() => workers.close());
  const later = await inFrontOf(t, client, ({ frame }) => {
    const { message } = miningProtocol.decode(frame);
    return message.name === 'SetupConnection'
      ? [miningProtocol.encode({ ...message, min_version: 3, max_version: 3 })]
      : [frame];
  });
  await assert.rejects(RawMiner.connect({ ...later, workers }), /protocol-version-mismatch/);
  await isPaid(scene, await channelOf(client));
});

test('jdc_coinbase_only_mode_rejected_by_jds: the status says why, and miners mine solo', async (t) => {
  const scene = await jobScene(t);
  const client = await clientOf(t, scene, { config: ['mode = "COINBASEONLY"', 'solo_after_sec = 2'] });
  await client.role.says(/missing-declare-tx-data-flag/);
  await client.role.says(/mining solo meanwhile/);
  assert.equal((await share(await channelOf(client))).answer, 'accepted');
  assert.equal(scene.mint.shares.length, 0);
});

test('multiple_jdc_sessions: two jd-clients at one jd-server and one pool, each with its own jobs', async (t) => {
  const scene = await jobScene(t);
  const clients = [
    await clientOf(t, scene, { config: ['user_identity = "farm"'] }),
    await clientOf(t, scene, { config: ['user_identity = "yard"', 'jdc_signature = "yard"'] }),
  ];
  const channels = await Promise.all(clients.map(channelOf));
  for (const channel of channels) await isPaid(scene, channel);
  await clients[0]?.role.stop();
  const [, left] = channels;
  assert(left);
  await isPaid(scene, left);
});

test('jdc_fallback_to_solo: a solo jd-client never sends RequestTransactionData', async (t) => {
  const { names, pass } = noted();
  const scene = await jobScene(t);
  const client = await clientOf(t, scene, { isSolo: true, atProvider: pass });
  const channel = await channelOf(client);
  assert.equal((await share(channel)).answer, 'accepted');
  const before = channel.prevHash;
  await scene.node.generate(1);
  await until(() => channel.prevHash !== before, 'a new tip');
  assert.equal((await share(channel)).answer, 'accepted');
  assert.deepEqual(
    names.filter((name) => /RequestTransactionData/.test(name)),
    [],
  );
  assert.equal(scene.mint.shares.length, 0);
});

test('jdc_group_extended_channels: one group for all channels, one job for all of them, one tip', async (t) => {
  const scene = await jobScene(t);
  const client = await clientOf(t, scene);
  const miner = await minerOf(client);
  const channels: RawChannel[] = [];
  for (let i = 0; i < CHANNELS; i++) channels.push(await miner.open({ user_identity: 'farm.rig' }));
  const groups = new Set(channels.map(({ groupId }) => groupId));
  assert.equal(groups.size, 1);
  const [group] = groups;
  const said = (from: number) =>
    miner.received
      .slice(from)
      .flatMap((message) =>
        message.name === 'NewExtendedMiningJob' || message.name === 'SetNewPrevHash'
          ? [[message.name, message.channel_id]]
          : [],
      );
  const beforeFees = miner.received.length;
  await scene.spendCoin();
  await miner.next('NewExtendedMiningJob', () => true, beforeFees);
  assert.deepEqual(said(beforeFees), [['NewExtendedMiningJob', group]]);
  const beforeTip = miner.received.length;
  await scene.node.generate(1);
  await miner.next('SetNewPrevHash', () => true, beforeTip);
  assert.deepEqual(said(beforeTip), [
    ['NewExtendedMiningJob', group],
    ['SetNewPrevHash', group],
  ]);
  const [first, last] = [channels[0], channels.at(-1)];
  assert(first && last);
  await isPaid(scene, first);
  await isPaid(scene, last);
});

test('jdc_template_tx_data_race: a template whose transactions are gone costs its own job and no pool', async (t) => {
  let refused = 0;
  const { pass } = noted((message, frame) => {
    if (message.name !== 'RequestTransactionData.Success' || refused > 1) return [frame];
    refused++;
    const { template_id } = message;
    const error_code = refused === 1 ? 'stale-template-id' : 'template-id-not-found';
    return [
      templateDistributionProtocol.encode({ name: 'RequestTransactionData.Error', template_id, error_code }),
    ];
  });
  const scene = await jobScene(t);
  const client = await clientOf(t, scene, { atProvider: pass });
  await client.role.says(/^mining for/);
  for (let i = 0; refused < 2; i++) {
    assert.ok(i < 5, 'each tip asks for transactions');
    const before = refused;
    await scene.node.generate(1);
    await until(() => refused > before, 'the next template to be asked about');
  }
  await scene.node.generate(1);
  await isPaid(scene, await channelOf(client));
  assert.doesNotMatch(client.role.output, /our jobs are refused|mining solo/);
});
