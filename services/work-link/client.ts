import {
  WORK_LINK_FRAME_CAP,
  WORK_LINK_PROTOCOL,
  workLinkProtocol,
} from '../../protocols/ehash/work-link.ts';
import { connectSv2 } from '../../runtime/sv2/connect.ts';
import type { HandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import { type Backoff, reconnecting } from '../../runtime/sv2/reconnect.ts';
import { PoolSession, type PoolSessionEvents, type WorkSource } from './pool-session.ts';
import { openSignatureWorker } from './signature-worker.ts';

export type { PoolSessionEvents, WorkAnswer, WorkSource } from './pool-session.ts';

export interface WorkLinkClientOptions extends PoolSessionEvents {
  readonly host: string;
  readonly port: number;
  /** The mint's authority key, 32 bytes x-only: whoever else answers is not sent anything. */
  readonly authorityKey: Uint8Array;
  readonly poolId: Uint8Array;
  /** Asked for at first; afterwards it is the one that the mint gave. */
  readonly serverId: number;
  /** What the pool's own coinbases pay; undefined where its blocks pay an upstream of its. */
  readonly rewardScript?: Uint8Array | undefined;
  /** Signs for the pool; 32 bytes. */
  readonly issuerSecretKey: Uint8Array;
  readonly source: WorkSource;
  readonly workers: HandshakeWorkers;
  /** The link in words, whenever they change. */
  onStatus?(text: string): void;
  readonly backoff?: Partial<Backoff>;
}

export interface WorkLinkClient {
  /** To be called when the source has new shares. */
  wake(): void;
  close(): Promise<void>;
}

/** The pool's end of the work link: kept up for good, whatever becomes of the mint. */
export async function openWorkLinkClient(options: WorkLinkClientOptions): Promise<WorkLinkClient> {
  const signatures = await openSignatureWorker();
  const stop = new AbortController();
  let session: PoolSession | undefined;
  let hangUp: (() => void) | undefined;
  let { serverId } = options;

  const running = reconnecting({
    ...options,
    name: 'mint',
    signal: stop.signal,
    connect: () =>
      connectSv2({
        ...options,
        protocol: workLinkProtocol,
        setup: { protocol: WORK_LINK_PROTOCOL },
        frameCap: WORK_LINK_FRAME_CAP,
        signal: stop.signal,
      }),
    async onConnected(connection) {
      hangUp = () => connection.close('the pool is stopping');
      const { issuerSecretKey: secretKey, poolId: pool_id, source } = options;
      const { handshakeHash } = connection;
      const { issuerKey: issuer_key, signature } = await signatures.call('prove', {
        secretKey,
        handshakeHash,
      });
      session = new PoolSession(connection, source, {
        ...options,
        async onLease(leased) {
          serverId = leased;
          await options.onLease?.(leased);
        },
        onRefused(errorCode, reason) {
          serverId = options.serverId;
          options.onRefused?.(errorCode, reason);
        },
      });
      const [outbox_id, server_id] = [source.outboxId, serverId];
      const reward_script = options.rewardScript ?? new Uint8Array();
      const identity = { pool_id, outbox_id, server_id, issuer_key, signature, reward_script };
      connection.send({ name: 'OpenWorkLink', ...identity });
    },
  });

  return {
    wake: () => session?.wake(),
    async close() {
      stop.abort();
      hangUp?.();
      await running;
      await signatures.close();
    },
  };
}
