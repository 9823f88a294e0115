import { sha256 } from '@noble/hashes/sha2.js';
import { bech32, bech32m, createBase58check } from '@scure/base';
import { quoted } from '../bytes.ts';
import { HashpoolError } from '../errors.ts';
import { type NetworkName, networks } from './network.ts';
import { p2pkhScript, p2shScript, segwitScript } from './script.ts';

const base58check = createBase58check(sha256);

/**
 * The output script of an address: base58check (P2PKH, P2SH), bech32 (BIP173) or bech32m (BIP350).
 * @throws HashpoolError 'bad-address' for what is no address, 'wrong-network' for one of another chain
 */
export function scriptFromAddress(address: string, network: NetworkName): Uint8Array {
  const segwit = decodeSegwit(address);
  if (segwit !== undefined) {
    if (segwit.prefix !== networks[network].bech32) throw wrongNetwork(address, network);
    return segwitScript(segwit.version, segwit.program);
  }
  const { version, hash } = decodeBase58(address);
  if (version === networks[network].publicKeyHash) return p2pkhScript(hash);
  if (version === networks[network].scriptHash) return p2shScript(hash);
  throw isKnownVersion(version)
    ? wrongNetwork(address, network)
    : badAddress(address, `its version ${version} is unknown`);
}

/** Version and program of a segwit address; undefined where the text is not meant as one. */
function decodeSegwit(address: string): { prefix: string; version: number; program: Uint8Array } | undefined {
  const lower = address.toLowerCase();
  const prefix = Object.values(networks).find(({ bech32 }) => lower.startsWith(`${bech32}1`))?.bech32;
  if (prefix === undefined) return undefined;
  const decoded = bech32.decodeUnsafe(address) ?? bech32m.decodeUnsafe(address);
  if (decoded === undefined)
    throw badAddress(address, 'its checksum does not fit: a letter is wrong or missing');
  const [version = 0, ...words] = decoded.words;
  const program = bech32.fromWordsUnsafe(words);
  // BIP350: version 0 has bech32's checksum, all others bech32m's.
  const encoding = version === 0 ? bech32 : bech32m;
  if (program === undefined || encoding.decodeUnsafe(address) === undefined) {
    throw badAddress(address, 'it has the checksum of another witness version');
  }
  const isRightLength =
    version === 0 ? [20, 32].includes(program.length) : program.length >= 2 && program.length <= 40;
  if (version > 16 || !isRightLength)
    throw badAddress(address, 'its witness program has a wrong version or length');
  return { prefix, version, program };
}

function decodeBase58(address: string): { version: number; hash: Uint8Array } {
  try {
    const payload = base58check.decode(address);
    const version = payload[0];
    if (version === undefined || payload.length !== 21)
      throw new Error(`${payload.length} bytes instead of 21`);
    return { version, hash: payload.subarray(1) };
  } catch (cause) {
    throw badAddress(address, 'it is neither base58check nor bech32', cause);
  }
}

function isKnownVersion(version: number): boolean {
  return Object.values(networks).some(
    (known) => known.publicKeyHash === version || known.scriptHash === version,
  );
}

function wrongNetwork(address: string, network: NetworkName): HashpoolError {
  return new HashpoolError(
    'wrong-network',
    `address ${quoted(address)} is not one of ${network}; give one of that network`,
  );
}

function badAddress(address: string, trouble: string, cause?: unknown): HashpoolError {
  return new HashpoolError('bad-address', `${quoted(address)} is no Bitcoin address: ${trouble}`, { cause });
}
