import type {
  Balance,
  EpochBalance,
  HistoryEntry,
  Redeemed,
  SentToken,
  Troubles,
} from '../../services/wallet/wallet.ts';
import { formatTable } from './text-table.ts';

/** What a wallet holds by unit, and what needs a person's eye. */
export function balanceTable(
  balance: readonly Balance[],
  sent: readonly SentToken[],
  { refusedQuotes, stuck }: Troubles,
  epochs: readonly EpochBalance[] = [],
): string {
  const rows = balance.map(({ unit, amount, waiting, reserved, sent }) => ({
    unit: shortUnit(unit),
    amount: `${amount}`,
    waiting: `${waiting}`,
    'in flight': `${reserved}`,
    'sent, not claimed': `${sent}`,
    ...(epochs.length > 0 ? { epoch: epochWords(epochs.find((epoch) => epoch.unit === unit)) } : {}),
  }));
  const unclaimed = `${sent.length} sent and not claimed: --json shows the tokens, receive takes one back`;
  return [
    rows.length === 0 ? 'the wallet is empty' : formatTable(rows),
    ...(sent.length > 0 ? [unclaimed] : []),
    ...refusedQuotes.map(({ id, reason }) => `quote ${id} is not minted: ${reason}`),
    ...stuck.map(({ reason }) => `an operation hangs and is tried again: ${reason}`),
  ].join('\n\n');
}

/** How an epoch stands, in a few words. */
function epochWords(epoch: EpochBalance | undefined): string {
  if (!epoch) return '';
  const { state, sats, redeemableFrom, redeemableBefore } = epoch;
  if (state === 'open') return 'open: no block has closed it';
  if (state === 'maturing') return `redeemable from height ${redeemableFrom}`;
  if (state === 'expired') return `not redeemed before height ${redeemableBefore}`;
  if (state !== 'redeemable') return state;
  return `worth ${sats ?? 'unknown'} sat, redeem before height ${redeemableBefore}`;
}

/** What was redeemed. */
export function redeemedTable(redeemed: readonly Redeemed[]): string {
  if (redeemed.length === 0) return 'nothing can be redeemed yet';
  return formatTable(
    redeemed.map(({ unit, ehash, sats }) => ({
      unit: shortUnit(unit),
      redeemed: `${ehash}`,
      sat: `${sats}`,
    })),
  );
}

/** What came and went, times in UTC. */
export function historyTable(lines: readonly HistoryEntry[]): string {
  if (lines.length === 0) return 'nothing has happened yet';
  return formatTable(
    lines.map(({ id, at, kind, unit, amount, fee, operations, note }) => ({
      id: String(id),
      time: new Date(at).toISOString().slice(0, 19).replace('T', ' '),
      what: operations > 1 ? `${kind} (${operations})` : kind,
      amount: amount > 0n ? `+${amount}` : `${amount}`,
      fee: `${fee}`,
      unit: shortUnit(unit),
      'what for': printable(note),
    })),
  );
}

/** A unit names its pool by a key of 66 digits: the table shows enough to tell units apart. */
function shortUnit(unit: string): string {
  return unit.length > 24 ? `${unit.slice(0, 12)}…${unit.slice(-8)}` : unit;
}

/** A note may come from somebody else's payment request: it steers no terminal. */
function printable(note: string): string {
  return note.replaceAll(/\p{C}/gu, ' ');
}
