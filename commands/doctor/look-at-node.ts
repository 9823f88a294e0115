import type { NetworkName } from '../../protocols/bitcoin/network.ts';
import { messageOf } from '../../protocols/errors.ts';
import type { BitcoinRpc } from '../../runtime/rpc/client.ts';
import { isRpcError } from '../../runtime/rpc/errors.ts';
import { bad, type Finding, ok, warn } from './finding.ts';

const CHAIN_NAMES: Record<NetworkName, string> = {
  mainnet: 'main',
  testnet4: 'testnet4',
  signet: 'signet',
  regtest: 'regtest',
};
/** Blocks further apart than this happen, but rarely. */
const OLD_TIP_HOURS = 3;
/** What consensus lets a block's time be ahead: who finds one further ahead has a clock that is behind. */
const FUTURE_SECONDS = 7_200;
const LEAST_VERSION = 280_000;

interface Answers {
  readonly chain: Record<string, unknown>;
  readonly network: Record<string, unknown>;
}

/** The node: whether it answers, is on the right chain, has peers, and is no older than what works. */
export async function lookAtNode(
  rpc: BitcoinRpc,
  wanted: NetworkName,
  now: number,
): Promise<{ findings: Finding[]; version: number | undefined }> {
  let answers: Answers;
  try {
    answers = {
      chain: objectOf(await rpc.call('getblockchaininfo', [], { retry: { attempts: 1 } })),
      network: objectOf(await rpc.call('getnetworkinfo', [], { retry: { attempts: 1 } })),
    };
  } catch (error) {
    return { findings: [bad('rpc', messageOf(error), remedyOf(error))], version: undefined };
  }
  const version = Number(answers.network['version']);
  const findings = [
    ok('rpc', `the node answers at ${rpc.url}`),
    ...judgeChain(answers.chain, wanted, now),
    ...judgeNetwork(answers.network, wanted),
  ];
  return { findings, version };
}

function remedyOf(error: unknown): string {
  if (isRpcError(error, 'rpc-unauthorized'))
    return 'the node has not read the password that the roles have: systemctl restart bitcoind; elsewhere put its user:password into credentials/bitcoin-rpc';
  if (isRpcError(error, 'rpc-warming-up')) return 'wait: journalctl -u bitcoind -f shows how far it is';
  if (isRpcError(error, 'rpc-refused'))
    return 'rpcwhitelist of bitcoin.conf must have getblockchaininfo and getnetworkinfo';
  return 'systemctl status bitcoind, journalctl -u bitcoind; rpc_url stands in shared/pool.toml';
}

function judgeChain(chain: Record<string, unknown>, wanted: NetworkName, now: number): Finding[] {
  const name = String(chain['chain']);
  if (name !== CHAIN_NAMES[wanted]) {
    return [
      bad(
        'chain',
        `the node is on ${name}, the appliance on ${wanted}`,
        'correct [bitcoin] network or rpc_url in shared/pool.toml',
      ),
    ];
  }
  const blocks = Number(chain['blocks']);
  const headers = Number(chain['headers']);
  if (chain['initialblockdownload'] === true && wanted !== 'regtest') {
    const percent = (100 * Number(chain['verificationprogress'])).toFixed(1);
    return [
      warn(
        'chain',
        `the node catches up: block ${blocks} of ${headers}, ${percent} %`,
        'wait: nobody can mine before it is there',
      ),
    ];
  }
  const age = now / 1000 - Number(chain['time']);
  const hours = Math.floor(age / 3600);
  if (age < -FUTURE_SECONDS)
    return [
      bad(
        'clock',
        `the newest block is ${Math.round(-age)} s ahead of this machine's clock`,
        'set the clock: timedatectl set-ntp true',
      ),
    ];
  if (wanted !== 'regtest' && hours >= OLD_TIP_HOURS)
    return [
      warn(
        'chain',
        `the newest block, ${blocks}, is ${hours} hours old`,
        'see whether the node has peers, and whether the clock is right',
      ),
    ];
  return [ok('chain', `on ${name}, at block ${blocks}`)];
}

function judgeNetwork(network: Record<string, unknown>, wanted: NetworkName): Finding[] {
  const version = Number(network['version']);
  const peers = Number(network['connections']);
  const findings = [
    version < LEAST_VERSION
      ? bad(
          'versions',
          `the node is ${String(network['subversion'])}`,
          'take Bitcoin Core or Knots 28 or later',
        )
      : ok('versions', `the node is ${String(network['subversion'])}`),
  ];
  if (wanted !== 'regtest') {
    findings.push(
      peers === 0
        ? bad(
            'chain',
            'the node has no peers',
            'see whether this machine reaches the network: bitcoin-cli getpeerinfo',
          )
        : ok('chain', `${peers} peers`),
    );
  }
  return findings;
}

/** Core 31 changed the interface that sv2-tp speaks: sv2-tp 1.1 wants it, 1.0 wants what was before. */
export function judgeFit(coreVersion: number, sv2tp: string): Finding {
  const core = Math.floor(coreVersion / 10_000);
  const [, major = '0', minor = '0'] = /(\d+)\.(\d+)/.exec(sv2tp) ?? [];
  const isNew = Number(major) > 1 || (major === '1' && Number(minor) >= 1);
  const words = `Bitcoin Core ${core} with sv2-tp ${major}.${minor}`;
  if (isNew === core >= 31) return ok('versions', words);
  return bad(
    'versions',
    `${words} do not fit`,
    isNew ? 'take Bitcoin Core 31 or later' : 'take sv2-tp 1.1 or later',
  );
}

function objectOf(answer: unknown): Record<string, unknown> {
  return typeof answer === 'object' && answer !== null ? Object.fromEntries(Object.entries(answer)) : {};
}
