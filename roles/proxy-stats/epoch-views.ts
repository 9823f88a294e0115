import { parseJson } from '../../protocols/cashu/json.ts';
import { EPOCH_STATES } from '../../protocols/stats/messages.ts';
import type { WalletView } from '../../services/stats/api/schemas/wallet.ts';

type EpochView = WalletView['balances'][number]['epoch'];

/** Of a wallet that never redeemed, so many of its latest epochs are asked for. */
const MOST_ASKED = 50;
/** Epochs change with blocks: a mint is asked so often at most, however many look. */
const KEPT_MS = 10_000;
const TIMEOUT_MS = 3_000;
const UNIT = /^hash_[0-9a-f]{66}_(\d{1,15})$/;

/** How the epochs of a wallet's ehash stand, as the mint tells anybody. */
export class EpochViews {
  readonly #mintUrl: string;
  /** Milliseconds. */
  readonly #clock: () => number;
  readonly #kept = new Map<string, { readonly at: number; readonly view: Promise<EpochView> }>();

  constructor(mintUrl: string, clock: () => number) {
    this.#mintUrl = mintUrl.replace(/\/$/, '');
    this.#clock = clock;
  }

  /** By unit, the latest epochs; those that the mint tells nothing of are null. Never rejects. */
  async of(units: readonly string[]): Promise<ReadonlyMap<string, EpochView>> {
    const now = this.#clock();
    for (const [unit, { at }] of this.#kept) if (now - at >= KEPT_MS) this.#kept.delete(unit);
    const asked = units.filter((unit) => UNIT.test(unit)).toSorted((a, b) => heightOf(b) - heightOf(a));
    const views = asked
      .slice(0, MOST_ASKED)
      .map(async (unit) => [unit, await this.#view(unit, now)] as const);
    return new Map(await Promise.all(views));
  }

  #view(unit: string, now: number): Promise<EpochView> {
    const kept = this.#kept.get(unit);
    if (kept) return kept.view;
    const view = askEpoch(`${this.#mintUrl}/v1/ehash/epochs/${unit}`);
    this.#kept.set(unit, { at: now, view });
    return view;
  }
}

/** A mint that is away, or answers rubbish, is told by its own light: here the epoch is then not known. */
async function askEpoch(url: string): Promise<EpochView> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    return response.ok ? viewOf(parseJson(await response.text())) : null;
  } catch {
    return null;
  }
}

function viewOf(answer: unknown): EpochView {
  if (typeof answer !== 'object' || answer === null) return null;
  const { redeemable_from, redeemable_before, ...sums } = answer as Readonly<Record<string, unknown>>;
  const state = EPOCH_STATES.find((known) => known === sums['state']);
  if (state === undefined) return null;
  const [reward, fee, work] = [sums['reward'], sums['fee'], sums['work']].map(integerOf);
  const isPriced = reward !== undefined && fee !== undefined && work !== undefined && fee <= reward;
  return {
    state,
    redeemable_from: heightIn(redeemable_from),
    redeemable_before: heightIn(redeemable_before),
    price: isPriced ? { payable_sat: String(reward - fee), work: String(work) } : null,
  };
}

function heightOf(unit: string): number {
  return Number(UNIT.exec(unit)?.[1] ?? 0);
}

function heightIn(value: unknown): number | null {
  const height = integerOf(value);
  return height === undefined ? null : Number(height);
}

function integerOf(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value >= 0n ? value : undefined;
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? BigInt(value) : undefined;
}
