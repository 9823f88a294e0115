import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { type AnsweredShare, Fleet, type FleetOptions } from '../../roles/miner/fleet.ts';
import type { Scanner } from '../../roles/miner/floor.ts';
import { openHashing } from '../../roles/miner/hashing.ts';
import type { Machine } from '../../roles/miner/machine.ts';
import type { Profile } from '../../roles/miner/profiles/profile.ts';
import { Tally } from '../../roles/miner/tally.ts';
import { loadCrypto } from '../../runtime/crypto.ts';

export interface TestFleetOptions
  extends Partial<Pick<FleetOptions, 'answered' | 'said' | 'random' | 'password' | 'threads'>> {
  readonly port: number;
  readonly user: string;
  /** A machine for each. */
  readonly profiles: readonly Profile[];
  /** Hashes per second of all together. */
  readonly hashrate: number;
  readonly difficulty?: number;
  /** Hashes on a thread of its own, so that the test's has time for sockets. */
  readonly onThread?: boolean;
}

/** A fleet of simulated machines on this process, and all its answers; it ends with the test. */
export async function testFleet(t: Pick<TestContext, 'after'>, options: TestFleetOptions) {
  const { port, profiles, hashrate, onThread = false, ...rest } = options;
  const { hash } = await loadCrypto();
  const hashing = onThread ? await openHashing(rest.threads ?? 1) : undefined;
  const here: Scanner = async ({ header, first, count, bits }) => hash.scanNonces(header, first, count, bits);
  const answers: AnsweredShare[] = [];
  const fleet = new Fleet({
    pool: { host: '127.0.0.1', port },
    machines: profiles.map((profile) => ({ profile, claimedHashrate: hashrate / profiles.length })),
    threads: 1,
    possibleHashrate: hashrate,
    hash,
    scan: hashing?.scan ?? here,
    failed: (error) => assert.fail(error),
    ...rest,
    answered: (share) => {
      answers.push(share);
      rest.answered?.(share);
    },
  });
  t.after(async () => {
    await fleet.close();
    await hashing?.close();
  });
  return { fleet, answers };
}

/** Shares that the pool called accepted, by hash in the header's order, in hex. */
export function grantedHashes(answers: readonly AnsweredShare[]): string[] {
  return answers.filter(({ answer }) => answer.kind === 'granted').map(({ hashLe }) => hashLe);
}

/**
 * Whether a machine was dropped: it lost a connection though it can be told another extranonce, or for another reason
 * than that the pool asked it to connect again.
 * @param from what it had counted before
 */
export function isDropped(machine: Machine, from = new Tally()): boolean {
  const { profile, tally } = machine;
  const reconnects = tally.reconnects - from.reconnects;
  if (isTold(machine)) return reconnects > 0;
  // Who does not obey is hung up on.
  const asked = profile.obeysReconnect ? 'the pool asked to connect again' : 'the pool closed the connection';
  const others = [...tally.endings].filter(([reason, times]) => times > (from.endings.get(reason) ?? 0));
  const isOther = others.some(([reason]) => reason !== asked);
  return isOther || reconnects > tally.reconnectsAsked - from.reconnectsAsked;
}

/** Whether a machine, as its firmware comes, can be told another extranonce while it is connected. */
export function isTold({ profile }: Pick<Machine, 'profile'>): boolean {
  const asks = profile.greeting.some(({ send }) => send === 'extranonce');
  return asks || JSON.stringify(profile.configure)?.includes('subscribe-extranonce') === true;
}
