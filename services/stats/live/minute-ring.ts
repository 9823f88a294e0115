import { addWork, NO_WORK, type Work } from '../../../domain/stats/hashrate.ts';

const MINUTE_MS = 60_000;

/** The work of the last minutes, one slot each. */
export class MinuteRing {
  readonly #slots: { minute: number; work: Work }[] = [];
  readonly #minutes: number;

  /** @param minutes whole ones that are asked for; the present one is kept beside them */
  constructor(minutes: number) {
    this.#minutes = minutes;
  }

  add(at: number, work: Work): void {
    const minute = Math.floor(at / MINUTE_MS);
    const last = this.#slots.at(-1);
    const slot = last?.minute === minute ? last : this.#slots.find((each) => each.minute === minute);
    if (slot) slot.work = addWork(slot.work, work);
    else {
      this.#slots.push({ minute, work });
      if (this.#slots.length > this.#minutes + 1) this.#slots.shift();
    }
  }

  /** The last whole minutes and the begun one. */
  sum(now: number): Work & { readonly seconds: number } {
    const present = Math.floor(now / MINUTE_MS);
    const within = this.#slots.filter(({ minute }) => minute <= present && minute >= present - this.#minutes);
    const work = within.reduce<Work>((sum, slot) => addWork(sum, slot.work), NO_WORK);
    return { ...work, seconds: this.#minutes * 60 + Math.floor((now % MINUTE_MS) / 1000) };
  }
}
