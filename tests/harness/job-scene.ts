import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { stripParts } from '../../protocols/bitcoin/coinbase.ts';
import { merklePath } from '../../protocols/bitcoin/merkle.ts';
import { meetsTargetLe } from '../../protocols/bitcoin/target.ts';
import { concatBytes, fromHex, reversed, toHex } from '../../protocols/bytes.ts';
import type { JobDeclarationMessage } from '../../protocols/sv2/job-declaration.ts';
import { REQUIRES_WORK_SELECTION } from '../../protocols/sv2/mining.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { declarationOf, type NodeOffer, offerOf } from './declared-job.ts';
import { type JdClient, type JdServerProcess, jdClient, jdServer } from './jd-server.ts';
import { type PoolScene, type PoolSceneOptions, poolScene } from './pool-scene.ts';
import { type MessageNamed, RawChannel, type RawMiner } from './raw-miner.ts';

export const USER = 'miner.rig';
export const HOUSE_KEY = 'house_key = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"';

export type SetJob = MessageNamed<'SetCustomMiningJob'>;
type Token = Extract<JobDeclarationMessage, { name: 'AllocateMiningJobToken.Success' }>;

/** A pool that takes the tokens of a jd-server, and a client of both that makes its jobs itself. */
export interface JobScene extends PoolScene {
  readonly server: JdServerProcess;
  readonly jd: JdClient;
  readonly miner: RawMiner;
  readonly channel: RawChannel;
  readonly extranoncePrefix: Uint8Array;
}

export async function jobScene(
  t: TestContext,
  options: PoolSceneOptions & { jdConfig?: readonly string[]; flags?: number } = {},
): Promise<JobScene> {
  const { config = [], jdConfig = [], flags = 1 } = options;
  const tokenSecret = Uint8Array.from(randomBytes(32));
  const { curve } = await loadCrypto();
  const pool = await poolScene(t, {
    ...options,
    config: [`jd_token_keys = ["${toHex(curve.publicKey(tokenSecret))}"]`, HOUSE_KEY, ...config],
  });
  const server = await jdServer(t, { ...pool.node, rewardScript: 'raw(51)', tokenSecret, config: jdConfig });
  const miner = await pool.pool.connect({ flags: REQUIRES_WORK_SELECTION });
  const opened = await miner.ask({ user_identity: USER });
  assert.equal(opened.name, 'OpenExtendedMiningChannel.Success');
  const channel = new RawChannel(miner, opened);
  const jd = await jdClient(t, server, flags);
  return { ...pool, server, jd, miner, channel, extranoncePrefix: opened.extranonce_prefix };
}

export async function allocate(jd: JdClient, user_identifier = USER): Promise<Token> {
  jd.send({ name: 'AllocateMiningJobToken', user_identifier, request_id: 1 });
  return jd.next('AllocateMiningJobToken.Success');
}

/** A job that the jd-server has judged, as the pool is to be told of it. */
export async function declared({ node, jd, channel }: JobScene, requestId = 7): Promise<SetJob> {
  const offer = await offerOf(node);
  const declaration = declarationOf(offer, await allocate(jd));
  jd.send(declaration);
  const { new_mining_job_token } = await judged(jd, offer);
  return setJob(channel.id, offer, declaration, { token: new_mining_job_token, requestId });
}

/** The jd-server's consent, after it was shown what it does not know. */
async function judged(jd: JdClient, { transactions }: NodeOffer) {
  const said = await jd.any();
  if (said.name === 'DeclareMiningJob.Success') return said;
  assert.equal(said.name, 'ProvideMissingTransactions');
  jd.send({
    name: 'ProvideMissingTransactions.Success',
    request_id: said.request_id,
    transaction_list: said.unknown_tx_position_list.map((place) => fromHex(transactions[place]?.data ?? '')),
  });
  return jd.next('DeclareMiningJob.Success');
}

/** What SetCustomMiningJob says of a declared job. */
export function setJob(
  channel_id: number,
  offer: NodeOffer,
  declaration: ReturnType<typeof declarationOf>,
  { token, requestId = 7 }: { token: Uint8Array; requestId?: number },
): SetJob {
  const { prefix, suffix } = stripParts({
    prefix: declaration.coinbase_tx_prefix,
    suffix: declaration.coinbase_tx_suffix,
  });
  // Version 4, one input of 36 bytes, and the script's length stand before the script.
  const scriptAt = 4 + 1 + 36 + 1;
  return {
    name: 'SetCustomMiningJob',
    channel_id,
    request_id: requestId,
    mining_job_token: token,
    version: declaration.version,
    prev_hash: reversed(fromHex(offer.previousblockhash)),
    min_ntime: offer.curtime,
    nbits: Number.parseInt(offer.bits, 16),
    coinbase_tx_version: 2,
    coinbase_prefix: prefix.subarray(scriptAt),
    coinbase_tx_input_nSequence: 0xfffffffe,
    coinbase_tx_outputs: suffix.subarray(4, -4),
    coinbase_tx_locktime: offer.height - 1,
    merkle_path: merklePath(offer.transactions.map(({ txid }) => reversed(fromHex(txid)))),
  };
}

/** The job's id, or why the pool does not take it. */
export async function answer({ miner }: Pick<JobScene, 'miner'>, job: SetJob): Promise<number | string> {
  const from = miner.received.length;
  miner.send(job);
  const said = await miner.next(
    ['SetCustomMiningJob.Success', 'SetCustomMiningJob.Error'],
    ({ request_id }) => request_id === job.request_id,
    from,
  );
  return said.name === 'SetCustomMiningJob.Success' ? said.job_id : said.error_code;
}

/** A share of the job that meets the channel's target, put together without the pool's own code for jobs. */
export function share({ miner, channel, extranoncePrefix }: JobScene, job: SetJob, job_id: number, seed = 0) {
  const script = concatBytes(
    fromHex('0200000001'),
    new Uint8Array(32),
    fromHex('ffffffff'),
    Uint8Array.of(job.coinbase_prefix.length + extranoncePrefix.length + channel.extranonceSize),
    job.coinbase_prefix,
  );
  const hashed = {
    coinbasePrefix: script,
    coinbaseSuffix: concatBytes(fromHex('feffffff'), job.coinbase_tx_outputs, u32(job.coinbase_tx_locktime)),
    merklePath: job.merkle_path,
    prevHashLe: job.prev_hash,
    nbits: job.nbits,
  };
  const rolled = new Uint8Array(channel.extranonceSize).fill(seed);
  const fields = {
    version: job.version,
    ntime: job.min_ntime,
    extranonce: concatBytes(extranoncePrefix, rolled),
  };
  for (let nonce = 0; ; nonce++) {
    const { hashLe } = miner.hash.shareHeader(hashed, { ...fields, nonce });
    if (meetsTargetLe(hashLe, channel.target))
      return { job_id, nonce, ntime: fields.ntime, version: job.version, extranonce: rolled };
  }
}

function u32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}
