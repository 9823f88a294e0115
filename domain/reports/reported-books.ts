import type { Report, ReportedEpoch, ReportedKeyset } from '../../protocols/ehash/report.ts';
import { priceEpochs, redeemedSats } from '../epochs/price.ts';
import { type Finding, fails } from './finding.ts';

/** What was redeemed of an epoch, as reports say. */
export interface ReportedRedemption {
  readonly ehash: bigint;
  readonly sats: bigint;
  readonly isOver: boolean;
}

/** The unit that ehash is redeemed for. */
const SAT = 'sat';
/** Accounts of the books that nobody is owed: the operator's own, and what has left. */
const OWED_TO_NOBODY: ReadonlySet<string> = new Set(['fees', 'dust', 'expired', 'paid']);
const NOTHING: ReportedRedemption = { ehash: 0n, sats: 0n, isOver: false };

/**
 * A mint's books as its reports tell of them, one after the other, and whatever contradicts itself in them. Nothing here
 * needs more than the reports.
 */
export class ReportedBooks {
  readonly #epochs = new Map<string, ReportedEpoch>();
  /** By id, as the last report that names them has them. */
  readonly #keysets = new Map<string, ReportedKeyset>();
  readonly #redemptions = new Map<string, ReportedRedemption>();
  #sats: Readonly<Record<string, string>> = {};

  get epochs(): readonly ReportedEpoch[] {
    return [...this.#epochs.values()];
  }

  keyset(id: string): ReportedKeyset | undefined {
    return this.#keysets.get(id);
  }

  redemption(unit: string): ReportedRedemption {
    return this.#redemptions.get(unit) ?? NOTHING;
  }

  /** What the mint owes in sats: tokens that are out, ehash that can be redeemed, and what waits for the next reward. */
  get owedSats(): bigint {
    const tokens = [...this.#keysets.values()]
      .filter(({ unit }) => unit === SAT)
      .reduce((sum, keyset) => sum + outstanding(keyset), 0n);
    const booked = Object.entries(this.#sats)
      .filter(([account, sats]) => account !== SAT && !OWED_TO_NOBODY.has(account) && BigInt(sats) > 0n)
      .reduce((sum, [, sats]) => sum + BigInt(sats), 0n);
    return tokens + booked;
  }

  /** Takes the next report. @returns what is wrong with it */
  add(report: Report): Finding[] {
    const found = [
      ...[
        ...Map.groupBy(report.epochs, ({ closed, pool_id }) => `${closed.hash} ${pool_id}`).values(),
      ].flatMap(wrongPrices),
      ...report.epochs.flatMap((epoch) => this.#addEpoch(epoch)),
      ...report.keysets.flatMap((keyset) => this.#addKeyset(keyset)),
      ...report.redemptions.flatMap((part) => this.#addRedemption(part)),
    ];
    this.#sats = report.sats;
    return [...found, ...this.#printed(), ...this.#unbalanced()].map((each) => {
      return { ...each, words: `report ${report.number}: ${each.words}` };
    });
  }

  #addEpoch(epoch: ReportedEpoch): Finding[] {
    const { unit, pool_id, opened, work, shares } = epoch;
    if (this.#epochs.has(unit)) return [fails('epoch-twice', `${unit} has a price already`)];
    this.#epochs.set(unit, epoch);
    const name = `hash_${pool_id}_${opened.height}`;
    return [
      ...(unit === name ? [] : [fails('wrong-unit', `an epoch of ${name} is named ${unit}`)]),
      ...(work === shares.sum
        ? []
        : [fails('wrong-work', `${unit} has its price for ${work} ehash, its shares come to ${shares.sum}`)]),
    ];
  }

  #addKeyset(keyset: ReportedKeyset): Finding[] {
    const { keyset: id, unit } = keyset;
    const before = this.#keysets.get(id);
    this.#keysets.set(id, keyset);
    const found: Finding[] = [];
    for (const tree of ['issued', 'spent'] as const) {
      const [was, is] = [before?.[tree], keyset[tree]];
      if (was && (is.leaves < was.leaves || BigInt(is.sum) < BigInt(was.sum))) {
        found.push(
          fails('tree-shrank', `what was ${tree} of ${unit} is ${is.sum}, and was ${was.sum} before`),
        );
      }
    }
    if (outstanding(keyset) < 0n) {
      found.push(
        fails('more-spent', `${keyset.spent.sum} of ${unit} came back, ${keyset.issued.sum} were signed`),
      );
    }
    return found;
  }

  #addRedemption({ unit, ehash, sats, is_over }: Report['redemptions'][number]): Finding[] {
    const before = this.redemption(unit);
    const part = { ehash: BigInt(ehash), sats: BigInt(sats), isOver: is_over };
    this.#redemptions.set(unit, part);
    const epoch = this.#epochs.get(unit);
    if (!epoch) return [fails('wrong-redemption', `${unit} was redeemed and has no price`)];
    if (part.ehash < before.ehash || part.sats < before.sats) {
      return [fails('wrong-redemption', `less of ${unit} is redeemed than was before`)];
    }
    const most = part.ehash > BigInt(epoch.work) ? undefined : redeemedSats(priceOf(epoch), part.ehash);
    if (most !== undefined && part.sats <= most) return [];
    return [
      fails(
        'wrong-redemption',
        `${sats} sats were given for ${ehash} ehash of ${unit}, more than they are worth`,
      ),
    ];
  }

  /** No more tokens of an epoch may be out, with what was redeemed of it, than it has work. */
  #printed(): Finding[] {
    return [...this.#keysets.values()].flatMap((keyset) => {
      const epoch = this.#epochs.get(keyset.unit);
      const out = outstanding(keyset) + this.redemption(keyset.unit).ehash;
      if (!epoch || out <= BigInt(epoch.work)) return [];
      return [
        fails(
          'ehash-printed',
          `${out} ehash of ${keyset.unit} are out or redeemed, its work is ${epoch.work}`,
        ),
      ];
    });
  }

  /** Whether the books of sats are what epochs and redemptions make of them. */
  #unbalanced(): Finding[] {
    const of = (account: string) => BigInt(this.#sats[account] ?? 0);
    const whole = Object.values(this.#sats).reduce((sum, sats) => sum + BigInt(sats), 0n);
    const fees = this.epochs.reduce((sum, { fee }) => sum + BigInt(fee), 0n);
    const owed = this.epochs.reduce((sum, epoch) => {
      const { sats, isOver } = this.redemption(epoch.unit);
      return isOver ? sum : sum + priceOf(epoch).payableSats - sats;
    }, 0n);
    const wrong = [
      [whole, 0n, 'all accounts together'],
      [of('fees'), fees, 'fees'],
      [of('ehash'), owed, 'what is owed for ehash'],
    ] as const;
    return wrong.flatMap(([is, ought, what]) =>
      is === ought
        ? []
        : [fails('books-unbalanced', `${what}: ${is} sats in the books, ${ought} by the epochs`)],
    );
  }
}

/** What a keyset has signed and not taken back. */
function outstanding({ issued, spent }: ReportedKeyset): bigint {
  return BigInt(issued.sum) - BigInt(spent.sum);
}

/** The price of an epoch, as its report has it. */
function priceOf({ reward, fee, work }: ReportedEpoch) {
  const [rewardSats, feeSats] = [BigInt(reward), BigInt(fee)];
  return { rewardSats, feeSats, payableSats: rewardSats - feeSats, work: BigInt(work) };
}

/** Whether the epochs that one reward backs have divided it by the rules. */
function wrongPrices(epochs: readonly ReportedEpoch[]): Finding[] {
  const sourcesOf = ({ sources }: ReportedEpoch) =>
    Object.values(sources).reduce((sum, sats) => sum + BigInt(sats), 0n);
  const whole = epochs.reduce((sum, epoch) => sum + sourcesOf(epoch), 0n);
  const prices = priced(whole, epochs);
  return epochs.flatMap((epoch, i) => {
    const { unit, reward, fee } = epoch;
    const price = prices[i];
    const found: Finding[] = [];
    if (sourcesOf(epoch) !== BigInt(reward)) {
      found.push(
        fails('wrong-reward', `${unit} has a reward of ${reward} sats from sources of ${sourcesOf(epoch)}`),
      );
    } else if (price && price.rewardSats !== BigInt(reward)) {
      found.push(
        fails('wrong-reward', `${unit} has ${reward} sats of ${whole}, ${price.rewardSats} by its work`),
      );
    }
    if (price && price.feeSats !== BigInt(fee)) {
      found.push(
        fails('wrong-fee', `the fee of ${unit} is ${fee} sats, ${price.feeSats} by the published rate`),
      );
    }
    return found;
  });
}

function priced(whole: bigint, epochs: readonly ReportedEpoch[]) {
  const backed = epochs.map(({ work, minimum_difficulty, fee_ppm }) => {
    return { work: BigInt(work), minimumDifficulty: minimum_difficulty, feePpm: fee_ppm };
  });
  return priceEpochs(whole, backed);
}
