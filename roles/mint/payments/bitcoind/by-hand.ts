import { HashpoolError } from '../../../../protocols/errors.ts';
import type { Evidence } from './evidence.ts';
import type { Payout, Sending } from './payout-store.ts';
import { GONE_DEPTH } from './sendings.ts';

/** What an operator says of a transaction whose end the mint can't tell. */
export interface Verdict {
  /** The sending's row. */
  readonly sending: number;
  readonly end: 'paid' | 'failed';
  readonly reason: string;
  /** A transaction that has paid or, of what has failed, one that took its coins; none is the operator's word alone. */
  readonly evidence: Evidence | undefined;
  /** The operator takes it on himself that it may be paid all the same. */
  readonly isForced: boolean;
  /** Of the chain. */
  readonly height: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Which output pays which payout, where one does. */
export type Places = ReadonlyMap<number, number>;

/**
 * Whether a verdict can be carried out. Nothing is ever settled while the mint itself may still bring it to an end, or
 * against what the evidence shows. Without being forced it must be certain besides that no version is mined any more:
 * the evidence spends a coin that each of them spends, so deep that no reorganization takes it back.
 * @returns where the evidence pays each payout
 * @throws HashpoolError 'payout-under-way', 'evidence-missing', 'evidence-refutes', 'payout-may-confirm'
 */
export function checkVerdict(sending: Sending, verdict: Verdict): Places {
  const { evidence, end, height, isForced } = verdict;
  const { missingSince, payouts } = sending;
  if (missingSince === undefined || height - missingSince < GONE_DEPTH)
    throw refusal(
      'payout-under-way',
      missingSince === undefined
        ? 'its coins are there, and the mint sends it again and again: nothing is to be settled'
        : `its coins are gone for ${height - missingSince} blocks; the mint may settle it by itself until there are ${GONE_DEPTH}`,
    );
  const places = evidence ? placesOf(payouts, evidence) : new Map<number, number>();
  const isOwn = sending.versions.some(({ txid }) => txid === evidence?.txid);
  if (end === 'paid') checkPaid(places, payouts, evidence);
  else if (isOwn || places.size > 0)
    throw refusal(
      'evidence-refutes',
      `${evidence?.txid} pays ${places.size} of its ${payouts.length} payouts: it has not failed`,
    );
  if (isForced) return places;
  const isFinal = isOwn || sending.inputs.some((coin) => evidence?.inputs.includes(coin));
  if (evidence && isFinal && evidence.confirmations >= GONE_DEPTH) return places;
  throw refusal('payout-may-confirm', whyUncertain(evidence, isFinal));
}

function checkPaid(places: Places, payouts: readonly Payout[], evidence: Evidence | undefined): void {
  if (!evidence)
    throw refusal(
      'evidence-missing',
      'nothing counts as paid without its transaction: name it by --tx and --block',
    );
  const unpaid = payouts.find(({ payout }) => !places.has(payout));
  if (!unpaid) return;
  throw refusal(
    'evidence-refutes',
    `${evidence.txid} has no output of ${unpaid.amount} sats to ${unpaid.address}`,
  );
}

function whyUncertain(evidence: Evidence | undefined, isFinal: boolean): string {
  if (!evidence)
    return 'nothing shows that it can never be mined: name by --tx and --block what took its coins';
  if (!isFinal)
    return `${evidence.txid} spends none of the coins that all its versions spend: one may still be mined`;
  return `${evidence.txid} has ${evidence.confirmations} confirmations; from ${GONE_DEPTH} on it is certain`;
}

/** Each payout has an output of its own. */
function placesOf(payouts: readonly Payout[], { outputs }: Evidence): Places {
  const free = [...outputs];
  const places = new Map<number, number>();
  for (const { payout, script, amount } of payouts) {
    const at = free.findIndex(
      (output) => output.amount === amount && Buffer.compare(output.script, script) === 0,
    );
    const [found] = at < 0 ? [] : free.splice(at, 1);
    if (found) places.set(payout, found.vout);
  }
  return places;
}

function refusal(code: string, why: string): HashpoolError {
  return new HashpoolError(code, `not settled: ${why}`);
}
