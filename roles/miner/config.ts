import { address, type ConfigOf, flag, integer, optional, table, text } from '../../runtime/config/fields.ts';

/** `miner.config.toml` */
export const minerConfig = table({
  address: address('the SV1 port to mine at', { default: '127.0.0.1:34255' }),
  user: text('the user name: your key (hpub1...) or a name, and .WORKER where you like', {
    minLength: 1,
    maxLength: 255,
  }),
  password: text('the password; d=NUMBER in it asks for a difficulty', { default: 'x', maxLength: 255 }),
  threads: integer('threads that hash', { min: 1, max: 256, default: 1 }),
  suggest_difficulty_bits: optional(
    integer('asks for shares that prove 2 to this power of hashes', { min: 0, max: 62 }),
  ),
  max_hashrate: optional(
    integer('hashes per second at most, all threads together', { min: 1000, max: Number.MAX_SAFE_INTEGER }),
  ),
  version_rolling: flag('whether to roll version bits (BIP310), as ASICs do', { default: false }),
});

export type MinerConfig = ConfigOf<typeof minerConfig>;
