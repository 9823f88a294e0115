import { reversed, toHex } from '../../../protocols/bytes.ts';
import {
  REPORT_FORMAT,
  type Report,
  type ReportedEpoch,
  type ReportedKeyset,
  rootText,
} from '../../../protocols/ehash/report.ts';
import type { SumRoot } from '../../../protocols/ehash/sum-tree.ts';
import { HashpoolError } from '../../../protocols/errors.ts';
import type { BooksNow, PricedEpoch, ReportRow } from '../store/reports.ts';

/** What a report is made of. */
export interface ReportParts {
  /** 33 bytes. */
  readonly mint: Uint8Array;
  readonly before: Pick<ReportRow, 'number' | 'hash'> | undefined;
  readonly tip: { readonly height: number; readonly hashBe: string };
  readonly epochs: readonly { readonly priced: PricedEpoch; readonly shares: SumRoot | undefined }[];
  readonly keysets: readonly {
    readonly id: string;
    readonly unit: string;
    readonly issued: SumRoot | undefined;
    readonly spent: SumRoot | undefined;
  }[];
  readonly books: BooksNow;
  /** What the blocks of a pool pay; undefined where they pay an upstream of its. */
  readonly scriptOf: (poolId: Uint8Array) => Uint8Array | undefined;
}

/** The content of a report (protocols/ehash/report.ts). @throws HashpoolError 'no-price' */
export function composeReport({ mint, before, tip, epochs, keysets, books, scriptOf }: ReportParts): Report {
  return {
    format: REPORT_FORMAT,
    mint: toHex(mint),
    number: (before?.number ?? 0) + 1,
    previous: before ? toHex(before.hash) : null,
    chain: { height: tip.height, hash: tip.hashBe },
    epochs: epochs.map(({ priced, shares }) => epochText(priced, shares, scriptOf)),
    keysets: keysets.map(({ id, unit, issued, spent }): ReportedKeyset => {
      return { keyset: id, unit, issued: rootText(issued), spent: rootText(spent) };
    }),
    redemptions: books.redeemed.map(({ unit, ehash, sats, isOver }) => {
      return { unit, ehash: String(ehash), sats: String(sats), is_over: isOver };
    }),
    sats: balances(books),
  };
}

function epochText(
  { epoch, heir, sources, gifts }: PricedEpoch,
  shares: SumRoot | undefined,
  scriptOf: ReportParts['scriptOf'],
): ReportedEpoch {
  const { price, pricedHeight, openedHashLe } = epoch;
  const closing = (heir ?? epoch).closing;
  if (!price || !closing || pricedHeight === undefined) {
    throw new HashpoolError(
      'no-price',
      `${epoch.unit} has no price that could be reported; restore a backup`,
    );
  }
  const script = scriptOf(epoch.poolId);
  return {
    unit: epoch.unit,
    keyset: epoch.keysetId,
    pool_id: toHex(epoch.poolId),
    reward_script: script ? toHex(script) : null,
    opened: { height: epoch.openedHeight, hash: openedHashLe ? blockText(openedHashLe) : null },
    closed: { height: closing.height, hash: blockText(closing.hashLe) },
    merged_into: heir?.unit ?? null,
    priced_height: pricedHeight,
    policy: epoch.policy,
    minimum_difficulty: epoch.minimumDifficulty,
    fee_ppm: epoch.feePpm,
    window_blocks: epoch.windowBlocks,
    sources: Object.fromEntries([...sources].map(([account, sats]) => [account, String(sats)])),
    gifts: gifts.map(({ hashLe, sats }) => ({ hash: blockText(hashLe), sats: String(sats) })),
    reward: String(price.rewardSats),
    fee: String(price.feeSats),
    work: String(price.work),
    shares: rootText(shares),
  };
}

function balances({ postings }: BooksNow): Record<string, string> {
  const sums = new Map<string, bigint>();
  for (const { giver, taker, sats } of postings) {
    sums.set(giver, (sums.get(giver) ?? 0n) - sats);
    sums.set(taker, (sums.get(taker) ?? 0n) + sats);
  }
  return Object.fromEntries([...sums].sort().map(([account, sats]) => [account, String(sats)]));
}

function blockText(hashLe: Uint8Array): string {
  return toHex(reversed(hashLe));
}
