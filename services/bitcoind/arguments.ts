import { createHmac, randomBytes } from 'node:crypto';
import type { NetworkName } from '../../protocols/bitcoin/network.ts';
import { HashpoolError } from '../../protocols/errors.ts';

export interface BitcoindSettings {
  readonly datadir: string;
  readonly network: NetworkName;
  readonly rpcPort: number;
  /** `user:password`; bitcoind is given its salted hash, so that the process list shows no password. */
  readonly rpcAuth: string;
  /** bitcoind's own options, e.g. `-blockreservedweight=2000`; they come last. */
  readonly extraArguments?: readonly string[];
}

const CHAIN_FLAG: Record<NetworkName, readonly string[]> = {
  mainnet: [],
  testnet4: ['-testnet4'],
  signet: ['-signet'],
  regtest: ['-regtest'],
};

/** bitcoind's arguments for a node that talks to loopback RPC clients only and takes no peers. */
export function bitcoindArguments(settings: BitcoindSettings): string[] {
  return [
    ...CHAIN_FLAG[settings.network],
    `-datadir=${settings.datadir}`,
    '-server=1',
    '-listen=0',
    '-rpcbind=127.0.0.1',
    '-rpcallowip=127.0.0.1',
    `-rpcport=${settings.rpcPort}`,
    `-rpcauth=${rpcAuthLine(settings.rpcAuth)}`,
    '-printtoconsole=1',
    ...(settings.network === 'regtest' ? ['-fallbackfee=0.0001', '-dnsseed=0'] : []),
    ...(settings.extraArguments ?? []),
  ];
}

/**
 * The value of bitcoind's `rpcauth=`: `user:salt$hash`, HMAC-SHA256 of the password under the salt's hex
 * (bitcoind's share/rpcauth).
 * @throws HashpoolError 'bad-rpc-auth' where `userAndPassword` is not of the form `user:password`
 */
export function rpcAuthLine(userAndPassword: string, salt = randomBytes(16).toString('hex')): string {
  const colon = userAndPassword.indexOf(':');
  if (colon < 1 || colon === userAndPassword.length - 1) {
    throw new HashpoolError('bad-rpc-auth', 'the bitcoind credential must be one line, user:password');
  }
  const password = userAndPassword.slice(colon + 1);
  const hash = createHmac('sha256', salt).update(password, 'utf8').digest('hex');
  return `${userAndPassword.slice(0, colon)}:${salt}$${hash}`;
}
