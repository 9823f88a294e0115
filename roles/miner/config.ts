import {
  address,
  type ConfigOf,
  choice,
  integer,
  optional,
  table,
  text,
} from '../../runtime/config/fields.ts';
import { profiles } from './profiles/profiles.ts';

/** `miner.config.toml` */
export const minerConfig = table({
  address: address('the SV1 port to mine at', { default: '127.0.0.1:34255' }),
  user: text('the user name: your key (hpub1...) or a name, and .WORKER where you like', {
    minLength: 1,
    maxLength: 255,
  }),
  password: optional(text("the password in place of the firmware's own", { maxLength: 255 })),
  profile: choice(
    'the firmware that it behaves like',
    profiles.map(({ name }) => name),
    { default: 'hashpool' },
  ),
  miners: integer('simulated machines, each with a connection of its own', {
    min: 1,
    max: 10_000,
    default: 1,
  }),
  threads: integer('threads that hash', { min: 1, max: 256, default: 1 }),
  suggest_difficulty_bits: optional(
    integer('asks for shares that prove 2 to this power of hashes', { min: 0, max: 62 }),
  ),
  max_hashrate: optional(
    integer('hashes per second at most, all machines together', { min: 1000, max: Number.MAX_SAFE_INTEGER }),
  ),
});

export type MinerConfig = ConfigOf<typeof minerConfig>;
