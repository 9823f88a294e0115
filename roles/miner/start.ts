import { DIFFICULTY_ONE_BITS } from '../../protocols/sv1/difficulty.ts';
import { hostAndPort } from '../../runtime/config/address.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import type { RoleContext } from '../../runtime/lifecycle.ts';
import { calibrate } from './calibrate.ts';
import type { MinerConfig } from './config.ts';
import { Fleet } from './fleet.ts';
import { openHashing } from './hashing.ts';
import { HashrateMeter } from './hashrate.ts';
import { profileOf } from './profiles/profiles.ts';
import { Sayings } from './sayings.ts';

const STATUS_INTERVAL_MS = 1000;

/** Ready when its threads are up, whether the pool is there or not. */
export async function start(context: RoleContext<MinerConfig, unknown>): Promise<void> {
  const { config, log } = context;
  const { hash } = await loadCrypto();
  const { scan } = await context.open('threads', () => openHashing(config.threads));
  const possibleHashrate = config.max_hashrate ?? (await calibrate(scan, config.threads));
  const bits = config.suggest_difficulty_bits;
  const sayings = new Sayings();
  const fleet = await context.open(
    'fleet',
    () =>
      new Fleet({
        pool: hostAndPort(config.address),
        user: config.user,
        password: config.password,
        difficulty: bits === undefined ? undefined : 2 ** (bits - DIFFICULTY_ONE_BITS),
        machines: machines(config, possibleHashrate),
        threads: config.threads,
        possibleHashrate,
        hash,
        scan,
        failed: (error) => context.fail(error),
        answered: ({ answer }) => {
          if (answer.kind === 'refused') log.info(`share refused: ${answer.words}`);
        },
        said: (_, words) => {
          if (sayings.isNews(words, performance.now())) log.info(words);
        },
      }),
  );
  const meter = new HashrateMeter();
  const telling = setInterval(() => {
    const { accepted, rejected } = fleet.tally();
    const hashrate = meter.read(performance.now(), fleet.hashes);
    context.status(fleet.words, { hashrate, shares_accepted: accepted, shares_rejected: rejected });
  }, STATUS_INTERVAL_MS);
  await context.open('status', () => ({ close: () => clearInterval(telling) }));
}

/** The machines that the config asks for; together they claim what the threads will make. */
function machines({ profile: name, miners }: MinerConfig, hashrate: number) {
  const profile = profileOf(name);
  if (profile === undefined) throw new RangeError(`profile: the config let ${name} through`);
  return Array.from({ length: miners }, () => ({ profile, claimedHashrate: hashrate / miners }));
}
