import { Alarm, changeOf, type Verdict } from './alarm.ts';

/**
 * Difficulty of a channel in powers of two. Shares arrive as a Poisson process, and the exponent aims at once to
 * twice the wanted rate. Alarms watch for rates outside of that, a quick and a patient one on each side: a great
 * change shows within a few shares, a small one in its time. What they let pass spans more than a factor of two,
 * so that between two neighbouring powers a channel comes to rest. docs/vardiff.md has the figures.
 */
const CHANGES = [changeOf(2.2, 12, 9), changeOf(2.2, 3.8, 7), changeOf(0.8, 0.1, 6), changeOf(0.92, 0.5, 6)];
/** After so many shares, wanted or found, a new exponent is looked at once; rates between these are let be. */
const SETTLED = { shares: 24, low: 0.8, high: 2.6 };
/** Steps at most towards easier at once, by silence or by the client's own word: whoever is back must not flood. */
const MAX_EASING = 3;
/**
 * A client of which nobody knows anything and that finds nothing is eased by so many times as many steps with each silence:
 * its start was wrong, be it by 2^39. One that is eased too far is heard at once.
 */
const PLUNGING = 3;
/** Steps below its proven exponent to which silence eases a channel quickly. */
const QUICK_DEPTH = 10;
/** Shares to be wanted in silence before each step below that. */
const SLOW_SHARES = 48;
/** Shares at one exponent that prove it. */
const PROOF = 8;
/** A client that wants to stay where it is may bring so many times the wanted shares, as a power of two, and no more. */
const FLOOD_STEPS = 6;
/** Wanted shares after which its rate is looked at anew. */
const FLOOD_WINDOW = 8;
/** A client that is back after a cut may bring so many times the shares wanted for the time away, at once. */
const BACKLOG_RATE = 4;
/** For so long after it is back its shares may be of the time away. */
const BACKLOG_MS = 10_000;
/** Shares since the last look that don't wait for the next. */
const URGENT = 12;

/** The range in which a channel's exponent must stay. */
export interface ExponentRange {
  readonly floor: number;
  readonly ceiling: number;
}

export function within({ floor, ceiling }: ExponentRange, k: number): number {
  return Math.max(floor, Math.min(ceiling, k));
}

/**
 * The largest exponent at which a miner of that hash rate finds at least `sharesPerMinute`, within `range`.
 * @param hashesPerSecond 0 where it isn't known
 */
export function exponentFor(hashesPerSecond: number, sharesPerMinute: number, range: ExponentRange): number {
  const hashesPerShare = (hashesPerSecond * 60) / sharesPerMinute;
  return within(range, hashesPerShare <= 1 ? 0 : Math.floor(Math.log2(hashesPerShare)));
}

/**
 * What a client's word of its rate brings: it hardens without a limit, but eases by a few steps at most below what
 * shares have proved. Else a client could open or update channels to flood.
 * @param claimed the exponent by the client's word
 * @param proven the exponent that its shares proved, here or on an earlier connection
 */
export function trustedExponent(claimed: number, proven: number | undefined): number {
  return proven === undefined ? claimed : Math.max(claimed, proven - MAX_EASING);
}

/**
 * The exponent that a channel opens with.
 * @param hashesPerSecond by the client's word, 0 where it isn't known
 * @param proven the exponent that the same client's shares proved on an earlier connection
 */
export function startingExponent(
  hashesPerSecond: number,
  sharesPerMinute: number,
  range: ExponentRange,
  proven: number | undefined,
): number {
  if (hashesPerSecond === 0 && proven !== undefined) return within(range, proven);
  return within(range, trustedExponent(exponentFor(hashesPerSecond, sharesPerMinute, range), proven));
}

/**
 * The exponent of a client that wants to stay at its maximum target: that, the smallest in its range, unless its shares
 * proved before that it would flood.
 */
export function fixedExponent(range: ExponentRange, proven: number | undefined): number {
  return within(range, Math.max(range.floor, (proven ?? 0) - FLOOD_STEPS));
}

export class Vardiff {
  readonly #sharesPerMinute: number;
  readonly #alarms = CHANGES.map((change) => new Alarm(change));
  #k: number;
  #proven: number | undefined;
  #looked: number;
  /** Shares since the last look. */
  #fresh = 0;
  /** Shares, found and wanted, since the exponent was set. */
  #found = 0;
  #wanted = 0;
  #settled = false;
  /** Whether any share ever came. */
  #heard = false;
  /** Steps that the next silence eases by until then. */
  #plunge = MAX_EASING;
  /** Shares that may still come of a time in which the client was away, and until when. */
  #backlog = 0;
  #backlogUntil = 0;

  /**
   * @param k the exponent to start with
   * @param now milliseconds, of a clock that only goes forward
   * @param proven the exponent that the same client's shares proved earlier
   */
  constructor(sharesPerMinute: number, k: number, now: number, proven?: number) {
    this.#sharesPerMinute = sharesPerMinute;
    this.#k = k;
    this.#looked = now;
    this.#proven = proven;
    // The word of a client of which nothing is known is half doubted.
    if (proven === undefined) this.#doubt();
  }

  /** 2^(256-k) - 1 is the channel's target. */
  get k(): number {
    return this.#k;
  }

  /**
   * The exponent that shares proved last, whatever silence or the client's word have made of it since; undefined until
   * this channel has had a share.
   */
  get proven(): number | undefined {
    return this.#heard ? this.#proven : undefined;
  }

  /**
   * Counts a share that was accepted for a job of exponent `k`. One for an older, easier target counts for less;
   * one for a harder target only as one, since it may just be late.
   * @returns whether so many came that `evaluate` should not wait for its time
   */
  accepted(k: number): boolean {
    this.#heard = true;
    const weight = k < this.#k ? 2 ** (k - this.#k) : 1;
    const late = Math.min(weight, this.#backlog);
    this.#backlog -= late;
    this.#fresh += weight - late;
    return this.#fresh >= URGENT;
  }

  /**
   * The client is back after a cut and hands in what it found meanwhile. As many shares as it may have found then, and
   * no more, say nothing of its rate from now on.
   * @param awayMs milliseconds for which it was away
   */
  resumed(now: number, awayMs: number, miners = 1): void {
    this.set(this.#k, now);
    this.#backlog = (awayMs / 60_000) * this.#sharesPerMinute * miners * BACKLOG_RATE;
    this.#backlogUntil = now + BACKLOG_MS;
  }

  /** Sets the exponent from outside, as a range may; counting begins anew. */
  set(k: number, now: number): void {
    this.#k = k;
    this.#looked = now;
    this.#fresh = 0;
    this.#found = 0;
    this.#wanted = 0;
    this.#settled = false;
    for (const alarm of this.#alarms) alarm.restart();
  }

  /** The exponent to be set where a client says that it would be `claimed`. */
  follow(claimed: number): number {
    return claimed >= this.#k ? claimed : Math.min(this.#k, trustedExponent(claimed, this.#proven));
  }

  /**
   * Moves the target if the shares say so. To be called every few seconds, and when `accepted` asks for it.
   * @param isFixed whether the client wants to stay at the smallest exponent of the range: it is moved for a flood alone
   * @param miners how many share the channel, each of which may find the wanted shares
   * @returns the new exponent, or undefined where it stays
   */
  evaluate(now: number, range: ExponentRange, isFixed = false, miners = 1): number | undefined {
    const before = this.#k;
    const verdict = this.#judge(now, miners);
    if (isFixed && verdict?.hardens) this.#stopFlood(verdict, now, range);
    else if (verdict?.hardens) this.#harden(verdict, now, range);
    else if (verdict) this.#ease(verdict, now, range);
    return this.#k === before ? undefined : this.#k;
  }

  #judge(now: number, miners: number): Verdict | undefined {
    if (now > this.#backlogUntil) this.#backlog = 0;
    const found = this.#fresh;
    const wanted = ((now - this.#looked) / 60_000) * this.#sharesPerMinute * miners;
    this.#looked = now;
    this.#fresh = 0;
    this.#found += found;
    this.#wanted += wanted;
    if (this.#found >= PROOF) this.#proven = this.#k;
    for (const alarm of this.#alarms) alarm.add(found, wanted);
    return this.#alarms.find((alarm) => alarm.isOff) ?? this.#settle();
  }

  /** The one look at a new exponent that sees a small mistake sooner than the patient alarms. */
  #settle(): Verdict | undefined {
    if (this.#settled || Math.max(this.#found, this.#wanted) < SETTLED.shares) return undefined;
    this.#settled = true;
    const ratio = this.#found / this.#wanted;
    if (ratio > SETTLED.low && ratio < SETTLED.high) return undefined;
    return { hardens: ratio > 1, found: this.#found, wanted: this.#wanted };
  }

  #harden(verdict: Verdict, now: number, range: ExponentRange): void {
    this.set(within(range, this.#k + Math.max(1, stepsOff(verdict))), now);
    this.#proven = this.#k;
  }

  /** Just so hard that no more shares come than a client may bring that wants to stay. */
  #stopFlood({ found, wanted }: Verdict, now: number, range: ExponentRange): void {
    const steps = Math.floor(Math.log2(found / Math.max(wanted, 1))) - FLOOD_STEPS;
    if (steps > 0) {
      this.set(within(range, this.#k + steps), now);
      this.#proven = this.#k + FLOOD_STEPS;
    } else if (wanted > FLOOD_WINDOW) this.set(this.#k, now);
  }

  #ease(verdict: Verdict, now: number, range: ExponentRange): void {
    const silent = verdict.found === 0;
    const steps = this.#easing(verdict);
    const deep = silent && this.#heard && this.#k + steps < (this.#proven ?? this.#k) - QUICK_DEPTH;
    if (deep && verdict.wanted < SLOW_SHARES) return;
    this.set(within(range, this.#k + (deep ? -1 : steps)), now);
    // Silence that goes on need not be shown twice in full.
    if (silent) this.#doubt();
  }

  /** Half of what shows that the exponent is too large need not be shown again. */
  #doubt(): void {
    for (const alarm of this.#alarms) if (!alarm.hardens) alarm.restart(0.5);
  }

  /** By how many steps, as a negative number. */
  #easing(verdict: Verdict): number {
    if (this.#heard || this.#proven !== undefined)
      return Math.max(-MAX_EASING, Math.min(-1, stepsOff(verdict)));
    const steps = -this.#plunge;
    this.#plunge *= PLUNGING;
    return steps;
  }
}

/** By how many powers of two the exponent is too small. */
function stepsOff({ found, wanted }: Verdict): number {
  return Math.floor(Math.log2((found + 0.5) / Math.max(wanted, Number.EPSILON)));
}
