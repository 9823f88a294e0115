import type { Fleet } from './fleet.ts';
import type { Machine } from './machine.ts';
import type { Profile } from './profiles/profile.ts';
import { Tally } from './tally.ts';

/** What machines came to so far. Rates are hashes per second since the start. */
export interface Results {
  readonly profile: string;
  readonly machines: number;
  readonly mining: number;
  readonly sent: number;
  readonly accepted: number;
  /** The stale ones among them. */
  readonly rejected: number;
  readonly stale: number;
  readonly unanswered: number;
  readonly dropped: number;
  readonly connections: number;
  readonly reconnects: number;
  readonly reconnectsAsked: number;
  readonly extranoncesSet: number;
  readonly unreachable: number;
  /** What the machines pretend to make, what was really hashed for them, and what the accepted shares prove of that. */
  readonly claimedHashrate: number;
  readonly realHashrate: number;
  readonly creditedHashrate: number;
  readonly rejections: Readonly<Record<string, number>>;
  readonly endings: Readonly<Record<string, number>>;
  readonly refusals: Readonly<Record<string, number>>;
}

export interface Report {
  readonly seconds: number;
  readonly profiles: readonly Results[];
  readonly total: Results;
}

/** @param seconds since the fleet was started */
export function reportOf(fleet: Fleet, seconds: number): Report {
  const profiles = [...new Set(fleet.machines.map(({ profile }) => profile))];
  const results = (name: string, machines: readonly Machine[]) => resultsOf(name, machines, seconds);
  const of = (profile: Profile) => fleet.machines.filter((machine) => machine.profile === profile);
  return {
    seconds: Math.round(10 * seconds) / 10,
    profiles: profiles.map((profile) => results(profile.name, of(profile))),
    total: results('total', fleet.machines),
  };
}

function resultsOf(profile: string, machines: readonly Machine[], seconds: number): Results {
  const tally = new Tally();
  for (const machine of machines) tally.add(machine.tally);
  const sum = (of: (machine: Machine) => number) => machines.reduce((total, each) => total + of(each), 0);
  const { rejections, endings, refusals, credited, ...counts } = tally;
  return {
    profile,
    machines: machines.length,
    mining: machines.filter(({ isMining }) => isMining).length,
    ...counts,
    claimedHashrate: Math.round(sum(({ claimedHashrate }) => claimedHashrate)),
    realHashrate: Math.round(sum(({ hashes }) => hashes) / seconds),
    creditedHashrate: Math.round(Number(credited) / seconds),
    rejections: Object.fromEntries(rejections),
    endings: Object.fromEntries(endings),
    refusals: Object.fromEntries(refusals),
  };
}
