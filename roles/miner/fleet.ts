import { setTimeout as sleep } from 'node:timers/promises';
import { toHex } from '../../protocols/bytes.ts';
import type { Hash } from '../../protocols/crypto/hash.ts';
import { Floor, type Scanner } from './floor.ts';
import { Machine } from './machine.ts';
import type { Answer } from './pool-connection.ts';
import type { Profile } from './profiles/profile.ts';
import type { Account } from './session.ts';
import { Tally } from './tally.ts';

/** Machines that connect in a second at first: a fleet comes up like this after a power cut. */
const STARTS_PER_SECOND = 500;
const TICK_MS = 1000;

export interface FleetOptions {
  readonly pool: { readonly host: string; readonly port: number };
  /** The account; each machine's worker name is made from it as its profile has it. */
  readonly user: string;
  /** In place of the profiles' own. */
  readonly password?: string | undefined;
  /** The difficulty that every machine asks for, in place of what it would ask for of itself. */
  readonly difficulty?: number | undefined;
  /** One for each machine; their rates add up to what the fleet claims. */
  readonly machines: readonly { readonly profile: Profile; readonly claimedHashrate: number }[];
  readonly threads: number;
  /** What the threads can do by `calibrate`, and what they may, in hashes per second. */
  readonly possibleHashrate: number;
  readonly maxHashrate?: number | undefined;
  readonly hash: Hash;
  readonly scan: Scanner;
  /** A hashing thread can't go on. */
  readonly failed: (error: Error) => void;
  /** What the pool said of a share. */
  readonly answered?: (share: AnsweredShare) => void;
  /** A machine's words for the log. */
  readonly said?: (machine: Machine, words: string) => void;
  readonly random?: () => number;
}

export interface AnsweredShare {
  readonly machine: Machine;
  /** 32 bytes, as sha256d puts them out, in hex. */
  readonly hashLe: string;
  readonly answer: Answer;
}

/** Simulated machines of any profiles that share the hashing of a few threads. */
export class Fleet {
  readonly machines: readonly Machine[];
  /** Hashes per second: what is claimed, and what of it the threads will make. */
  readonly claimedHashrate: number;
  readonly hashrate: number;
  readonly #options: FleetOptions;
  readonly #floor: Floor;
  readonly #stop = new AbortController();
  readonly #running: Promise<unknown>;
  readonly #ticking: NodeJS.Timeout;

  constructor(options: FleetOptions) {
    const { machines, threads, possibleHashrate, maxHashrate = Infinity, hash, scan, failed } = options;
    this.#options = options;
    this.claimedHashrate = machines.reduce((sum, { claimedHashrate }) => sum + claimedHashrate, 0);
    const wanted = Math.min(this.claimedHashrate, maxHashrate);
    this.hashrate = Math.min(wanted, possibleHashrate);
    this.#floor = new Floor({ threads, maxHashrate: wanted, hash, scan, failed });
    this.machines = machines.map((_, index) => this.#machine(index));
    this.#running = Promise.all(this.machines.map((machine, index) => this.#run(machine, index)));
    this.#ticking = setInterval(() => {
      for (const machine of this.machines) machine.tick(performance.now());
    }, TICK_MS);
  }

  /** Hashes tried since the start. */
  get hashes(): number {
    return this.#floor.hashes;
  }

  /** What the machines are doing, in words. */
  get words(): string {
    const [first] = this.machines;
    if (first !== undefined && this.machines.length === 1) return first.words;
    const mining = this.machines.filter(({ isMining }) => isMining).length;
    const other = this.machines.find(({ isMining }) => !isMining);
    const rest = other === undefined ? '' : `; one of the others: ${other.words}`;
    return `${mining} of ${this.machines.length} machines are mining${rest}`;
  }

  /** What all machines have counted, together or those of one profile. */
  tally(profile?: Profile): Tally {
    const sum = new Tally();
    for (const machine of this.machines)
      if (profile === undefined || machine.profile === profile) sum.add(machine.tally);
    return sum;
  }

  /** Disconnects all. */
  async close(): Promise<void> {
    clearInterval(this.#ticking);
    this.#stop.abort();
    await Promise.all([this.#running, this.#floor.close()]);
  }

  #machine(index: number): Machine {
    const { pool, random = Math.random, answered, said, machines } = this.#options;
    const { signal } = this.#stop;
    const asked = machines[index];
    if (asked === undefined) throw new RangeError(`the fleet has no machine ${index}`);
    const { profile, claimedHashrate } = asked;
    return new Machine({
      profile,
      claimedHashrate,
      pool,
      account: this.#account(profile, claimedHashrate, index),
      signal,
      random,
      // An abort ends the wait, and the machine looks at the signal itself.
      pause: (ms) => sleep(ms, undefined, { signal }).catch(() => undefined),
      answered: (machine, hashLe, answer) => {
        this.#floor.wake();
        answered?.({ machine, hashLe: toHex(hashLe), answer });
      },
      said: (words) => said?.(this.#at(index), words),
    });
  }

  #account(profile: Profile, claimed: number, index: number): Account {
    const { pool, user, difficulty, machines } = this.#options;
    const asked = profile.greeting.some(({ send }) => send === 'suggest');
    const password = this.#options.password ?? profile.password;
    return {
      user: workerName(user, profile, index, machines.length),
      password: difficulty === undefined || asked ? password : withDifficulty(password, difficulty),
      difficulty: difficulty ?? this.#scaledSuggestion(profile, claimed),
      address: `${pool.host.includes(':') ? `[${pool.host}]` : pool.host}:${pool.port}`,
    };
  }

  /** What the firmware asks for at its nominal rate, for the rate that there is. */
  #scaledSuggestion({ suggests, nominalHashrate }: Profile, claimed: number): number | undefined {
    const real = claimed * (this.hashrate / this.claimedHashrate);
    return suggests === undefined ? undefined : (suggests * real) / nominalHashrate;
  }

  async #run(machine: Machine, index: number): Promise<void> {
    const { signal } = this.#stop;
    const place = this.#floor.place({
      weight: (machine.claimedHashrate * this.machines.length) / this.claimedHashrate,
      layout: machine.profile,
      hasRoom: () => machine.hasRoom,
      found: (unit, nonce, hashLe) => machine.submit(unit, nonce, hashLe),
    });
    await sleep((1000 * index) / STARTS_PER_SECOND, undefined, { signal }).catch(() => undefined);
    await machine.run(place);
  }

  #at(index: number): Machine {
    const machine = this.machines[index];
    if (machine === undefined) throw new RangeError(`the fleet has no machine ${index}`);
    return machine;
  }
}

/** NAME or NAME.WORKER; one machine alone goes by the name as it was given. */
function workerName(user: string, { worker }: Profile, index: number, count: number): string {
  if (count === 1 || worker === undefined) return user;
  return `${user}${user.includes('.') ? '' : `.${worker}`}${index + 1}`;
}

/** As one who can set nothing but a password asks for a difficulty. */
function withDifficulty(password: string, difficulty: number): string {
  return [...(password === '' ? [] : [password]), `d=${plain(difficulty)}`].join(',');
}

/** A number in digits alone, with no exponent. */
function plain(value: number): string {
  return value.toFixed(32).replace(/\.?0+$/, '');
}
