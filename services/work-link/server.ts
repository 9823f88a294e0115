import type { PayoutRoom } from '../../domain/jobs/payouts.ts';
import { equalBytes } from '../../protocols/bytes.ts';
import {
  type BlockState,
  type CoinbasePayouts,
  type Refusal,
  type ShownShare,
  type Terms,
  WORK_LINK_FRAME_CAP,
  WORK_LINK_PROTOCOL,
  workLinkProtocol,
} from '../../protocols/ehash/work-link.ts';
import type { WorkRecord } from '../../protocols/ehash/work-record.ts';
import { judgeSetup } from '../../protocols/sv2/common.ts';
import type { HandshakeWorkers } from '../../runtime/sv2/handshake-workers.ts';
import { listenSv2 } from '../../runtime/sv2/listen.ts';
import type { Log } from '../../runtime/sv2/log.ts';
import { IssuerSession, type SessionHouse } from './issuer-session.ts';
import type { LeaseRequest } from './leases.ts';
import { openSignatureWorker, type SignatureWorker } from './signature-worker.ts';

/** What the mint knows of a pool. */
export interface Issuer {
  /** Compressed points of 33 bytes, any of which may sign for the pool. */
  readonly issuerKeys: readonly Uint8Array[];
  /** The server ids that the pool may use. */
  readonly serverIds: readonly number[];
  /** The output script that the pool's blocks pay; undefined where they pay an upstream of the pool's. */
  readonly script?: Uint8Array | undefined;
}

/** What became of the records handed over. */
export interface WorkStored {
  /** The last share of the outbox up to which all are stored, 0 for none. */
  readonly storedSeq: bigint;
  /** The last one up to which all are in a backup. */
  readonly backedUpSeq: bigint;
  /** How many of these records build on a block that is not known; they count as stored, and wait. */
  readonly unplaced: number;
  /** Of these records, those that are not paid, and why. They count as stored. */
  readonly refusals: readonly Refusal[];
}

export interface WorkLinkServerOptions {
  readonly host: string;
  readonly port: number;
  /** The authority that proves the mint to its pools. */
  readonly keys: { readonly publicKey: Uint8Array; readonly secretKey: Uint8Array };
  readonly certificateSeconds: number;
  readonly workers: HandshakeWorkers;
  readonly log: Log;
  /** How long a pool may take to prove itself. */
  readonly openDeadlineMs?: number;
  /** Milliseconds since 1970, the system's by default. */
  readonly clock?: () => number;
  /** How often the lease of a link that is up is renewed. */
  readonly leaseRenewalMs?: number;
  /** The pool of that id (33 bytes), undefined where the mint has none. */
  issuers(poolId: Uint8Array): Issuer | undefined;
  /** Why no pool is let in for now, in words; undefined where they are. */
  closed?(): string | undefined;
  /** What that pool's shares are paid now; undefined while the mint has no epoch for it yet. */
  terms(poolId: Uint8Array): Terms | undefined;
  /** That pool's latest blocks, oldest first: told to each link that comes up. */
  blocks(poolId: Uint8Array): Promise<readonly BlockState[]>;
  /** A pool's link says what payouts may take in its coinbases: {@link WorkLinkServer.payoutRooms} has it. */
  onPayoutRoom?(poolId: Uint8Array): void;
  /** A pool shows shares that {@link WorkLinkServer.askForShares} has asked for; it may show anything. */
  onShownShares?(poolId: Uint8Array, shares: readonly ShownShare[]): void;
  /** Gives a server id to an outbox, durably, or renews its lease. @returns false where another outbox has it */
  lease(request: LeaseRequest): Promise<boolean>;
  /**
   * Stores records, durably before it resolves, in the outbox's order, one call at a time for each outbox. The same
   * records may come again; records that would leave a gap are not to be stored: `storedSeq` then says where
   * to go on. No records: only asks. Where it rejects the link is cut, and the pool sends again.
   */
  onWork(
    poolId: Uint8Array,
    outboxId: Uint8Array,
    firstSeq: bigint,
    records: readonly WorkRecord[],
  ): Promise<WorkStored>;
}

export interface WorkLinkServer {
  readonly address: { readonly host: string; readonly port: number };
  /** Pools whose link is up. */
  readonly links: number;
  /** Tells all pools what {@link WorkLinkServerOptions.terms} says now. */
  broadcastTerms(): void;
  /** Tells a pool, on all its links, how a block of its stands. */
  sendBlock(poolId: Uint8Array, block: BlockState): void;
  /** What payouts may take in the coinbases of a pool's links, but of those that make none. */
  payoutRooms(poolId: Uint8Array): PayoutRoom[];
  /** Tells a pool, on all its links that make payouts, what to pay. */
  sendPayouts(poolId: Uint8Array, payouts: CoinbasePayouts): void;
  /** Asks a pool, on all its links, for shares. @param hashesLe 255 at most */
  askForShares(poolId: Uint8Array, hashesLe: readonly Uint8Array[]): void;
  close(): Promise<void>;
}

/**
 * The mint's end of the work link: lets in pools that prove an issuer key of theirs, and takes their work.
 * @throws HashpoolError 'cannot-listen', 'bad-authority-key'
 */
export async function openWorkLinkServer(options: WorkLinkServerOptions): Promise<WorkLinkServer> {
  const signatures = await openSignatureWorker();
  const sessions = new Set<IssuerSession>();
  const house = sessionHouse(options, signatures, sessions);
  const linksOf = (poolId: Uint8Array) =>
    [...sessions].filter(({ identity }) => identity && equalBytes(identity.pool_id, poolId));
  try {
    const listener = await listenSv2({
      ...options,
      protocol: workLinkProtocol,
      frameCap: WORK_LINK_FRAME_CAP,
      accept: (setup) => judgeSetup(setup, { protocol: WORK_LINK_PROTOCOL, supportedFlags: 0 }),
      onConnection: (connection) => new IssuerSession(connection, house),
    });
    return {
      address: listener.address,
      get links() {
        return sessions.size;
      },
      broadcastTerms() {
        for (const session of sessions) session.sendTerms();
      },
      sendBlock(poolId, block) {
        for (const session of linksOf(poolId)) session.sendBlock(block);
      },
      payoutRooms: (poolId) => linksOf(poolId).flatMap(({ payoutRoom }) => payoutRoom ?? []),
      sendPayouts(poolId, payouts) {
        for (const session of linksOf(poolId)) if (session.payoutRoom) session.sendPayouts(payouts);
      },
      askForShares(poolId, hashesLe) {
        for (const session of linksOf(poolId)) session.askForShares(hashesLe);
      },
      async close() {
        await listener.close();
        await signatures.close();
      },
    };
  } catch (error) {
    await signatures.close();
    throw error;
  }
}

function sessionHouse(
  options: WorkLinkServerOptions,
  signatures: SignatureWorker,
  sessions: Set<IssuerSession>,
): SessionHouse {
  return {
    options,
    signatures,
    opened(session) {
      for (const other of sessions) {
        if (sameOutbox(other, session)) other.close('its pool has connected anew');
      }
      sessions.add(session);
    },
    closed: (session) => sessions.delete(session),
  };
}

function sameOutbox(a: IssuerSession, b: IssuerSession): boolean {
  const [first, second] = [a.identity?.outbox_id, b.identity?.outbox_id];
  return first !== undefined && second !== undefined && equalBytes(first, second);
}
