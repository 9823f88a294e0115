import type { Refusal, Terms } from '../../protocols/ehash/work-link.ts';
import type { ShareSink } from '../../services/mining-server/share-commits.ts';
import {
  openWorkLinkClient,
  type WorkLinkClient,
  type WorkLinkClientOptions,
} from '../../services/work-link/client.ts';
import { OTHER_REWARD_SCRIPT } from '../../services/work-link/issuer-session.ts';
import type { Outbox } from './outbox/outbox.ts';

const SERVER_ID_IN_USE = 'server-id-in-use';

/** The stations of a share on its way to a quote; numbers are the outbox's. Logs and statistics hang on them. */
export interface QuotePathEvents {
  /** Shares are durable here and will be answered as accepted. */
  created(first: number, last: number): void;
  /** Shares could not be made durable: nobody is answered, and their channels close. */
  unstored(error: unknown): void;
  /** Shares went to the mint, perhaps again. */
  sent(first: number, last: number): void;
  /** The mint has all shares up to this one. */
  answered(last: number): void;
  /** The mint has looked at so many shares. @param unplaced of these build on a block that its node does not know */
  judged(count: number, unplaced: number): void;
  /** The mint does not pay these. */
  failed(refusals: readonly Refusal[]): void;
}

export interface QuotePath extends ShareSink {
  close(): Promise<void>;
}

export interface QuotePathOptions {
  readonly outbox: Outbox;
  readonly link: Omit<
    WorkLinkClientOptions,
    'source' | 'onTerms' | 'onLease' | 'onRefused' | 'onSent' | 'onShowShares' | 'onAck'
  >;
  readonly events: QuotePathEvents;
  /** The mint's terms, kept already; also where they have not changed. */
  onTerms(terms: Terms): void;
  /** The server id that the mint leases to this pool, kept already; also where it has not changed. */
  onLease(serverId: number): void;
  /** The mint has leased the pool's server id to another one. */
  onLeaseLost(): void;
  /** The mint has another coinbase_reward_script for this pool. @param reason names both */
  onOtherScript(reason: string): void;
}

/** From an accepted share to its quote: outbox first, answer then, mint as soon as it listens. */
export async function openQuotePath({
  outbox,
  link,
  events,
  onTerms,
  onLease,
  onLeaseLost,
  onOtherScript,
}: QuotePathOptions): Promise<QuotePath> {
  const client: WorkLinkClient = await openWorkLinkClient({
    ...link,
    source: outbox,
    async onTerms(terms) {
      await outbox.keepTerms(terms);
      onTerms(terms);
    },
    async onLease(serverId) {
      await outbox.keepServerId(serverId);
      onLease(serverId);
    },
    onRefused(errorCode, reason) {
      if (errorCode === SERVER_ID_IN_USE) onLeaseLost();
      if (errorCode === OTHER_REWARD_SCRIPT) onOtherScript(reason);
    },
    onSent: events.sent,
    onShowShares: (hashesLe) => outbox.shown(hashesLe),
    onAck({ storedSeq, refusals, count, unplaced }) {
      events.answered(storedSeq);
      events.judged(count, unplaced);
      if (refusals.length > 0) events.failed(refusals);
    },
  });
  return {
    async commit(records, count, origins) {
      try {
        const { first, last } = await outbox.append(records, count, origins);
        events.created(first, last);
        client.wake();
      } catch (error) {
        events.unstored(error);
        throw error;
      }
    },
    close: () => client.close(),
  };
}
