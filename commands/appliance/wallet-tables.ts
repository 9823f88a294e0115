import type {
  Balance,
  EpochBalance,
  HistoryEntry,
  Redeemed,
  SentToken,
  Troubles,
} from '../../services/wallet/wallet.ts';
import { formatTable } from './text-table.ts';

const ESTIMATED =
  'about: as the latest epochs of the pool paid, the worst and the best in brackets; what a closed one is worth moves little more';

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
    ...(epochs.length > 0 ? epochCells(epochs.find((epoch) => epoch.unit === unit)) : {}),
  }));
  const unclaimed = `${sent.length} sent and not claimed: --json shows the tokens, receive takes one back`;
  return [
    rows.length === 0 ? 'the wallet is empty' : formatTable(rows),
    ...(epochs.some(({ estimate }) => estimate) ? [ESTIMATED] : []),
    ...(sent.length > 0 ? [unclaimed] : []),
    ...refusedQuotes.map(({ id, reason }) => `quote ${id} is not minted: ${reason}`),
    ...stuck.map(({ reason }) => `an operation hangs and is tried again: ${reason}`),
  ].join('\n\n');
}

function epochCells(epoch: EpochBalance | undefined) {
  return { 'worth sat': worthWords(epoch), epoch: epochWords(epoch) };
}

function epochWords(epoch: EpochBalance | undefined): string {
  if (!epoch) return '';
  const { state, unpaid } = epoch;
  // Of a provisional one nothing is paid.
  const isTold = unpaid > 0n && state !== 'provisional';
  return isTold ? `${standingWords(epoch)}; ${unpaid} not paid yet, their block waits` : standingWords(epoch);
}

/** How an epoch stands, in a few words. */
function standingWords({ state, redeemableFrom, redeemableBefore }: EpochBalance): string {
  if (state === 'open') return 'open: no block has closed it';
  if (state === 'provisional') return 'provisional: its block is not deep enough';
  if (state === 'maturing') return `redeemable from height ${redeemableFrom}`;
  if (state === 'expired') return `not redeemed before height ${redeemableBefore}`;
  if (state === 'stranded') return "stranded: its block is gone, the mint's operator has to merge it";
  if (state === 'dissolved') return 'dissolved: its block is gone';
  if (state !== 'redeemable') return state;
  return `redeem before height ${redeemableBefore}`;
}

/** What is not certain yet says within which bounds it lies. */
function worthWords({ sats, estimate }: Partial<EpochBalance> = {}): string {
  if (sats !== undefined) return `${sats}`;
  if (!estimate) return '';
  const { sats: likely, low, high } = estimate;
  return low === high ? `about ${likely}` : `about ${likely} (${low} to ${high})`;
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

/** A unit names its pool by a key of 66 digits, of which some tell pools apart; the height is what `--unit` and `redeem` take. */
function shortUnit(unit: string): string {
  const height = unit.lastIndexOf('_');
  return unit.length > 24 && height > 0 ? `${unit.slice(0, 13)}…${unit.slice(height)}` : unit;
}

/** A note may come from somebody else's payment request: it steers no terminal. */
function printable(note: string): string {
  return note.replaceAll(/\p{C}/gu, ' ');
}
