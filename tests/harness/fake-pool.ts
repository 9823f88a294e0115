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

export type MessageNamed<N extends MiningMessage['name']> = Extract<MiningMessage, { name: N }>;

/** SRI's published test pair. */
export const FAKE_POOL_KEY = decodeAuthorityPublicKey('9bDuixKmZqAJnrmP746n8zU1wyAQRrus7th9dxnkPg6RzQvCnan');
const SECRET = decodeAuthoritySecretKey('zmBEmPhqo3A92FkiLVvyCz6htc3e53ph3ZbD4ASqGaLjwnFLi');

const PATIENCE_MS = 5000;

/** One client's connection to the fake pool, its messages kept in order. */
export class FakePoolLink {
  readonly connection: Sv2Connection<MiningMessage>;
  readonly received: { message: MiningMessage; tlvs: readonly Tlv[] }[] = [];

  constructor(connection: Sv2Connection<MiningMessage>, supported: readonly number[] | 'silent') {
    this.connection = connection;
    connection.onMessage = (message, tlvs) => {
      if (message.name !== 'RequestExtensions') this.received.push({ message, tlvs });
      else if (supported !== 'silent') serveExtensions(connection, message, supported);
    };
  }

  send(message: MiningMessage): void {
    this.connection.send(message);
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

/** A pool without a mind of its own: the test says what it answers. */
export interface FakePool {
  readonly port: number;
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
    onConnection: (connection) => links.push(new FakePoolLink(connection, supported)),
  });
  t.after(() => listener.close());
  return {
    port: listener.address.port,
    links,
    link: async (index = 0) => {
      await eventually(() => links[index] !== undefined, `connection ${index}`);
      const link = links[index];
      if (link === undefined) throw new Error('no connection');
      return link;
    },
    close: () => listener.close(),
  };
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
