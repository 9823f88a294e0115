import { decodeAuthorityPublicKey } from '../../protocols/sv2/authority-key.ts';
import type { MiningUpstream } from '../../services/mining-client/client.ts';
import type { OpenRequest } from '../../services/mining-client/session.ts';
import type { TranslatorConfig } from './config.ts';
import type { ArrivalLimits } from './sv1-server/arrivals.ts';
import type { SessionSettings } from './sv1-server/miner-session.ts';
import { type DifficultySettings, difficultyWish, NOTHING_WANTED } from './sv1-server/wish.ts';

/** A connection that is not subscribed and authorized by then is closed. */
const SUBSCRIBE_DEADLINE_MS = 20_000;

/** What the SV1 sessions go by, out of the config. */
export function sessionSettings(config: TranslatorConfig): SessionSettings {
  const difficulty = config.downstream_difficulty_config;
  return {
    userIdentity: config.user_identity,
    extranonce2Size: config.downstream_extranonce2_size,
    minIndividualMinerHashrate: difficulty.min_individual_miner_hashrate,
    sharesPerMinute: difficulty.shares_per_minute,
    easiestBits: difficulty.easiest_difficulty_bits,
    jobKeepaliveMs: difficulty.job_keepalive_interval_secs * 1000,
    walletTakesUnnamed: config.wallet.wallet_takes_unnamed,
    subscribeDeadlineMs: SUBSCRIBE_DEADLINE_MS,
  };
}

/** A burst is what comes in so many seconds. */
const BURST_SECONDS = 10;

/** What miners may take of the server, out of the config. */
export function arrivalLimits(config: TranslatorConfig): ArrivalLimits {
  const rate = (perSecond: number) => ({ perSecond, burst: BURST_SECONDS * perSecond });
  return {
    maxConnections: config.max_connections,
    maxConnectionsPerAddress: config.max_connections_per_address,
    rates: {
      connection: rate(config.max_bytes_per_second),
      address: rate(config.max_bytes_per_second_per_address),
    },
  };
}

/** What a pool is asked for to see whether it has work: a channel like a miner's, of which nothing is to be resumed. */
export function probeRequest(settings: SessionSettings): OpenRequest {
  const { userIdentity, extranonce2Size: minExtranonceSize } = settings;
  const wish = difficultyWish(NOTHING_WANTED, settings);
  return { userIdentity, ...wish, minExtranonceSize, lockingKey: undefined, resumeToken: undefined };
}

/**
 * The pools to connect to, their keys read.
 * @param read reads a reference of the config
 * @throws HashpoolError 'bad-authority-key', ConfigError
 */
export function upstreamsOf(
  config: TranslatorConfig,
  read: (reference: string) => string,
): [MiningUpstream, ...MiningUpstream[]] {
  const [first, ...others] = config.upstreams.map(({ address, port, authority_pubkey: key, pays_ehash }) => ({
    host: address,
    port,
    authorityKey: key === undefined ? undefined : decodeAuthorityPublicKey(read(key)),
    paysEhash: pays_ehash,
  }));
  if (first === undefined) throw new RangeError('upstreams: the config lets none through without a pool');
  return [first, ...others];
}

/** What is different for miners that come by a further port, out of the config. */
export function listenerDifficulty(
  listener: TranslatorConfig['downstream_listeners'][number],
): Partial<DifficultySettings> {
  const { min_individual_miner_hashrate: hashrate, easiest_difficulty_bits: easiestBits } = listener;
  return {
    leastBits: listener.least_difficulty_bits,
    ...(hashrate !== undefined && { minIndividualMinerHashrate: hashrate }),
    ...(easiestBits !== undefined && { easiestBits }),
  };
}
