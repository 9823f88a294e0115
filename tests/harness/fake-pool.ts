import type { TestContext } from 'node:test';
import { pino } from 'pino';
import { EHASH_EXTENSION, WORKER_NAME_EXTENSION } from '../../protocols/ehash/extension.ts';
import { decodeAuthorityPublicKey, decodeAuthoritySecretKey } from '../../protocols/sv2/authority-key.ts';
import { PROTOCOL_VERSION } from '../../protocols/sv2/common.ts';
import { type MiningMessage, miningProtocol } from '../../protocols/sv2/mining.ts';
import type { Tlv } from '../../protocols/sv2/tlv.ts';
import type { Sv2Connection } from '../../runtime/sv2/connection.ts';
import { serveExtensions } from '../../runtime/sv2/extensions.ts';
import type { HandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import { listenSv2, type Sv2Listener } from '../../runtime/sv2/listen.ts';
import type { OpenRequest } from '../../services/mining-client/session.ts';
import { PATIENCE_MS } from './patience.ts';

export type MessageNamed<N extends MiningMessage['name']> = Extract<MiningMessage, { name: N }>;

/** SRI's published test pair. */
export const FAKE_POOL_KEY = decodeAuthorityPublicKey('9bDuixKmZqAJnrmP746n8zU1wyAQRrus7th9dxnkPg6RzQvCnan');
const SECRET = decodeAuthoritySecretKey('zmBEmPhqo3A92FkiLVvyCz6htc3e53ph3ZbD4ASqGaLjwnFLi');

const PROBE_CHANNEL = 4000;

/** What the tests' clients ask for to see whether the pool has work; the fake pool answers it by itself. */
export const PROBE: OpenRequest = {
  userIdentity: 'probe',
  nominalHashRate: 1,
  maximumTargetLe: new Uint8Array(32).fill(0x7f),
  minExtranonceSize: 4,
  lockingKey: undefined,
  resumeToken: undefined,
};

/** One client's connection to the fake pool, its messages kept in order. */
export class FakePoolLink {
  readonly connection: Sv2Connection<MiningMessage>;
  readonly received: { message: MiningMessage; tlvs: readonly Tlv[] }[] = [];

  /**
   * @param mood what it does with requests: 'well', 'no work' where it opens no channel, 'silent' where it answers nothing
   */
  constructor(
    connection: Sv2Connection<MiningMessage>,
    supported: readonly number[] | 'silent',
    mood: () => FakePoolMood,
  ) {
    this.connection = connection;
    connection.onMessage = (message, tlvs) => {
      if (mood() === 'silent') return;
      if (message.name === 'RequestExtensions') {
        if (supported !== 'silent') serveExtensions(connection, message, supported);
      } else if (
        message.name === 'OpenExtendedMiningChannel' &&
        message.user_identity === PROBE.userIdentity
      ) {
        this.#answerProbe(message.request_id, mood());
      } else this.received.push({ message, tlvs });
    };
  }

  /** Closes the channel that tells whether the pool has work. */
  closeProbe(reason_code: string): void {
    this.send({ name: 'CloseChannel', channel_id: PROBE_CHANNEL, reason_code });
  }

  send(message: MiningMessage): void {
    this.connection.send(message);
  }

  #answerProbe(request_id: number, mood: FakePoolMood): void {
    if (mood === 'no work') {
      this.send({ name: 'OpenMiningChannel.Error', request_id, error_code: 'pool-not-ready' });
      return;
    }
    this.send({
      name: 'OpenExtendedMiningChannel.Success',
      request_id,
      channel_id: PROBE_CHANNEL,
      target: PROBE.maximumTargetLe,
      extranonce_size: 4,
      extranonce_prefix: Uint8Array.of(0, 0, 0, 1),
      group_channel_id: 0,
    });
    sendJob(this, PROBE_CHANNEL, 1);
  }

  /** The `index`-th message of that name, as soon as it is there. */
  async take<N extends MiningMessage['name']>(name: N, index = 0) {
    const find = () => this.received.filter(({ message }) => message.name === name)[index];
    await eventually(() => find() !== undefined, `${name} number ${index}`);
    const found = find();
    if (found === undefined) throw new Error(`no ${name}`);
    return { message: found.message as MessageNamed<N>, tlvs: found.tlvs };
  }
}

export type FakePoolMood = 'well' | 'no work' | 'silent';

/** A pool without a mind of its own: the test says what it answers. */
export interface FakePool {
  readonly port: number;
  mood: FakePoolMood;
  readonly links: FakePoolLink[];
  /** The `index`-th connection, as soon as it is set up. */
  link(index?: number): Promise<FakePoolLink>;
  close(): Promise<void>;
}

/**
 * @param options.supported extensions it agrees to; 'silent' for a pool that does not answer RequestExtensions
 */
export async function fakePool(
  t: TestContext,
  workers: HandshakeWorkers,
  options: { port?: number; supported?: readonly number[] | 'silent' } = {},
): Promise<FakePool> {
  const links: FakePoolLink[] = [];
  const supported = options.supported ?? [WORKER_NAME_EXTENSION, EHASH_EXTENSION];
  const listener: Sv2Listener = await listenSv2({
    host: '127.0.0.1',
    port: options.port ?? 0,
    protocol: miningProtocol,
    keys: { publicKey: FAKE_POOL_KEY, secretKey: SECRET },
    certificateSeconds: 3600,
    frameCap: 65_536,
    workers,
    log: pino({ level: 'silent' }),
    accept: () => ({ used_version: PROTOCOL_VERSION, flags: 0 }),
    onConnection: (connection) => links.push(new FakePoolLink(connection, supported, () => pool.mood)),
  });
  t.after(() => listener.close());
  const pool: FakePool = {
    port: listener.address.port,
    mood: 'well',
    links,
    link: async (index = 0) => {
      await eventually(() => links[index] !== undefined, `connection ${index}`);
      const link = links[index];
      if (link === undefined) throw new Error('no connection');
      return link;
    },
    close: () => listener.close(),
  };
  return pool;
}

/** A job on a tip of its own. */
export function sendJob(link: FakePoolLink, channelId: number, jobId: number): void {
  sendFutureJob(link, channelId, jobId);
  sendPrevHash(link, channelId, jobId);
}

/** A job for a tip to come. */
export function sendFutureJob(link: FakePoolLink, channelId: number, jobId: number): void {
  link.send({
    name: 'NewExtendedMiningJob',
    channel_id: channelId,
    job_id: jobId,
    min_ntime: null,
    version: 0x20000000,
    version_rolling_allowed: true,
    merkle_path: [],
    coinbase_tx_prefix: new Uint8Array(60).fill(7),
    coinbase_tx_suffix: new Uint8Array(60).fill(7),
  });
}

/** The tip for which a job waits. */
export function sendPrevHash(link: FakePoolLink, channelId: number, jobId: number): void {
  const prev_hash = new Uint8Array(32).fill(jobId);
  link.send({
    name: 'SetNewPrevHash',
    channel_id: channelId,
    job_id: jobId,
    prev_hash,
    min_ntime: 100,
    nbits: 1,
  });
}

/** Waits until `ready` holds. */
export async function eventually(
  ready: () => boolean,
  what: string,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!ready()) {
    if (Date.now() > deadline) throw new Error(`waited ${patienceMs} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
