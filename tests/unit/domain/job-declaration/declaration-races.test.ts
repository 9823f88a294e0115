import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Declarations } from '../../../../domain/job-declaration/declarations.ts';

const RUNS = 1000;
const RUN_MS = 60_000;
/** No node is so far behind another. */
const MOST_SKEW_MS = 2_500;
const TICK_MS = 250;
/** As the jd-server and the pool wait for their own tips. */
const JD_PATIENCE_MS = 10_000;
const POOL_PATIENCE_MS = 5_000;
/** After the last tip all must be answered. */
const SETTLING_MS = 60_000;

/** Seeded numbers from 0 to 1 (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What happens when, in one thread and in order. */
class Clock {
  now = 0;
  #order = 0;
  readonly #events: { at: number; order: number; act: () => void }[] = [];

  after(ms: number, act: () => void): void {
    this.#events.push({ at: this.now + ms, order: this.#order++, act });
  }

  run(until: number): void {
    for (;;) {
      this.#events.sort((a, b) => b.at - a.at || b.order - a.order);
      const next = this.#events.at(-1);
      if (!next || next.at > until) return;
      this.#events.pop();
      this.now = next.at;
      next.act();
    }
  }
}

interface Job {
  readonly height: number;
  waiting: number;
  isAccepted: boolean;
}

/** A miner's node, a jd-server and a pool that see the same chain at different times, and the words between them. */
class World {
  readonly clock = new Clock();
  readonly random: () => number;
  readonly faults: string[] = [];
  paid = 0;
  stale = 0;
  found = 0;
  #miner = 0;
  #jdServer = 0;
  #pool = 0;
  readonly #jobs = new Map<number, Job>();
  readonly #declarations: Declarations;
  /** Height of each job token that is not used. */
  readonly #tokens = new Map<number, number>();
  #lastToken = 0;
  #queue: (() => void)[] = [];
  #isServing = false;
  readonly #lossRate: number;

  constructor(seed: number, lossRate: number) {
    this.random = seeded(seed);
    this.#lossRate = lossRate;
    this.#declarations = new Declarations(true, {
      allocate: (requestId) =>
        this.#toJdServer((answer) =>
          answer(() => this.#declarations.allocated(requestId, Uint8Array.of(0), this.clock.now)),
        ),
      declare: (job, requestId) => this.#toJdServer((answer) => this.#judge(job, requestId, answer)),
      set: (job, requestId, token) => this.#word(() => this.#set(job, requestId, token[0] ?? 0)),
      accepted: (number) => this.#accepted(number),
      refused: (number, code) => this.#refused(number, code),
      leave: (code) => this.faults.push(`left for ${code} at ${this.clock.now}`),
      reconnect: () => this.#reconnect(),
    });
    this.#declarations.linkUp(0);
    this.#declarations.channelUp(0);
  }

  get waiting(): number {
    return [...this.#jobs.values()].reduce((sum, { waiting }) => sum + waiting, 0);
  }

  run(): void {
    for (let at = 0; at < RUN_MS; at += this.#between(200, 15_000)) this.clock.after(at, () => this.#block());
    for (let at = 0; at < RUN_MS; at += this.#between(5, 1500)) this.clock.after(at, () => this.#share());
    for (let at = 0; at < RUN_MS; at += this.#between(100, 5000))
      this.clock.after(at, () => this.#template());
    for (let at = 0; at < RUN_MS + SETTLING_MS; at += TICK_MS)
      this.clock.after(at, () => this.#declarations.tick(this.clock.now));
    this.clock.run(RUN_MS + SETTLING_MS);
  }

  #between(low: number, high: number): number {
    return low + this.random() * (high - low);
  }

  /** Words take their time, some of them long; words between the same two keep their order but for those that are lost. */
  #word(act: () => void): void {
    if (this.random() < this.#lossRate) return;
    this.clock.after(this.random() < 0.1 ? this.#between(100, 2000) : this.#between(1, 100), act);
  }

  #block(): void {
    const skew = () => this.#between(0, MOST_SKEW_MS);
    this.clock.after(skew(), () => {
      this.#miner++;
      this.#declarations.tipIs(String(this.#miner), this.clock.now);
      this.#job();
    });
    this.clock.after(skew(), () => this.#jdServer++);
    this.clock.after(skew(), () => this.#pool++);
  }

  #template(): void {
    if (this.#miner > 0 && !this.#declarations.isBusy) this.#job();
  }

  #job(): void {
    const number = this.#jobs.size + 1;
    this.#jobs.set(number, { height: this.#miner, waiting: 0, isAccepted: false });
    this.#declarations.add(number, this.clock.now);
    this.clock.after(this.#between(1, 300), () => this.#declarations.gathered(number, this.clock.now));
  }

  #share(): void {
    const number = this.#jobs.size;
    const job = this.#jobs.get(number);
    if (!job) return;
    this.found++;
    if (job.isAccepted) this.#submit(job);
    else if (!this.#declarations.pending.includes(number)) this.stale++;
    else {
      job.waiting++;
      this.#declarations.want(number);
    }
  }

  #submit({ height }: Job): void {
    this.clock.after(this.#between(1, 100), () => {
      if (height === this.#pool) this.paid++;
      else if (height < this.#pool) this.stale++;
      else this.faults.push('a share came before the pool had its tip');
    });
  }

  #accepted(number: number): void {
    const job = this.#jobs.get(number);
    if (!job) return;
    job.isAccepted = true;
    for (; job.waiting > 0; job.waiting--) this.#submit(job);
  }

  #refused(number: number, code: string): void {
    const job = this.#jobs.get(number);
    if (!job) return;
    const isGone = job.height < this.#pool || job.height < this.#jdServer;
    // Where words are lost a tip may go before they are said again.
    if (job.waiting > 0 && !isGone && this.#lossRate === 0)
      this.faults.push(`${job.waiting} good shares were refused with ${code}`);
    this.stale += job.waiting;
    job.waiting = 0;
  }

  /** The jd-server looks at one thing after the other. */
  #toJdServer(serve: (answer: (act: () => void) => void) => void): void {
    this.#word(() => {
      this.#queue.push(() => {
        this.#isServing = true;
        serve((act) => {
          this.#word(act);
          this.#isServing = false;
          this.#queue.shift()?.();
        });
      });
      if (!this.#isServing) this.#queue.shift()?.();
    });
  }

  #judge(number: number, requestId: number, answer: (act: () => void) => void): void {
    const height = this.#jobs.get(number)?.height ?? 0;
    const refuse = () =>
      answer(() => this.#declarations.notDeclared(requestId, 'stale-chain-tip', this.clock.now));
    this.#when(
      () => this.#jdServer >= height,
      JD_PATIENCE_MS,
      () => {
        if (this.#jdServer !== height) return refuse();
        // It may ask for transactions that were evicted here, and its node takes its time.
        const looking = this.random() < 0.3 ? this.#between(50, 3000) : this.#between(5, 300);
        this.clock.after(looking, () => {
          if (this.#jdServer !== height) return refuse();
          this.#lastToken = (this.#lastToken + 1) % 256;
          const token = this.#lastToken;
          this.#tokens.set(token, height);
          answer(() => this.#declarations.declared(requestId, Uint8Array.of(token), this.clock.now));
        });
      },
    );
  }

  #set(number: number, requestId: number, token: number): void {
    const height = this.#jobs.get(number)?.height ?? 0;
    const refuse = (code: string) =>
      this.#word(() => this.#declarations.wasNotSet(requestId, code, this.clock.now));
    if (this.#tokens.get(token) !== height) {
      refuse('invalid-mining-job-token');
      return;
    }
    this.#when(
      () => this.#pool >= height,
      POOL_PATIENCE_MS,
      () => {
        if (this.#pool !== height) refuse('stale-chain-tip');
        else if (!this.#tokens.delete(token)) refuse('invalid-mining-job-token');
        else this.#word(() => this.#declarations.wasSet(requestId, number));
      },
    );
  }

  #when(isSo: () => boolean, patienceMs: number, then: () => void): void {
    const until = this.clock.now + patienceMs;
    const look = (): void => {
      if (isSo() || this.clock.now >= until) then();
      else this.clock.after(50, look);
    };
    look();
  }

  #reconnect(): void {
    this.#declarations.linkDown();
    this.#queue = [];
    this.#isServing = false;
    this.clock.after(300, () => this.#declarations.linkUp(this.clock.now));
  }
}

test('tips that change between any two words are no reason to leave, and no good share goes unpaid', () => {
  assert(paidPart(0) > 0.5);
});

test('words that are lost are no reason to leave, and every share is answered', () => {
  assert(paidPart(0.01) > 0.4);
});

/** The part of all shares that is paid in all runs, none of which has a fault. */
function paidPart(lossRate: number): number {
  let found = 0;
  let paid = 0;
  for (let seed = 1; seed <= RUNS; seed++) {
    const world = new World(seed, lossRate);
    world.run();
    assert.deepEqual(world.faults, [], `seed ${seed}`);
    assert.equal(world.waiting, 0, `seed ${seed}: shares wait for ever`);
    assert.equal(world.paid + world.stale, world.found, `seed ${seed}`);
    found += world.found;
    paid += world.paid;
  }
  return paid / found;
}
