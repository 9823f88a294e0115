import { bitaxe } from './bitaxe.ts';
import { braiins } from './braiins.ts';
import { cgminer } from './cgminer.ts';
import { hashpool } from './hashpool.ts';
import { nerdminer } from './nerdminer.ts';
import type { Profile } from './profile.ts';
import { s19 } from './s19.ts';

/** Every profile, in the order in which they are listed. */
export const profiles: readonly Profile[] = [hashpool, bitaxe, s19, braiins, cgminer, nerdminer];

/** @returns undefined for a name that is none */
export function profileOf(name: string): Profile | undefined {
  return profiles.find((profile) => profile.name === name);
}
