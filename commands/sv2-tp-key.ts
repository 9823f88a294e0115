import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeAuthoritySecretKey } from '../protocols/sv2/authority-key.ts';
import { readReference, roleFolders } from '../runtime/config/references.ts';
import { readOrHelp, refuseWords, runCommand, usageError } from './appliance/command-line.ts';

const usage = `node commands/sv2-tp-key.ts --to DIR --network NETWORK: gives sv2-tp our authority key

Writes the credential template-provider-authority as sv2-tp keeps its key, into sv2-tp's folder DIR, so that the pool
knows it by the key that this appliance publishes.`;

/** Folders of chains below a data folder, as Bitcoin Core names them. */
const CHAIN_FOLDERS = new Map([
  ['mainnet', ''],
  ['testnet4', 'testnet4'],
  ['signet', 'signet'],
  ['regtest', 'regtest'],
]);
/** sv2-tp's form of a secret key: whether its public key is compressed, then 32 bytes. */
const COMPRESSED = 1;

function main(args: readonly string[]): number {
  const { values, positionals } = readOrHelp(usage, args, {
    to: { type: 'string' },
    network: { type: 'string' },
  });
  refuseWords(positionals);
  const chain = CHAIN_FOLDERS.get(values.network ?? '');
  if (values.to === undefined || chain === undefined)
    throw usageError(`--to DIR and --network ${[...CHAIN_FOLDERS.keys()].join('|')} are wanted`);
  const secret = decodeAuthoritySecretKey(
    readReference(roleFolders(process.env), 'credential:template-provider-authority'),
  );
  const folder = join(values.to, chain);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, 'sv2_authority_key'), Uint8Array.of(COMPRESSED, ...secret), { mode: 0o600 });
  return 0;
}

await runCommand('sv2-tp-key', () => main(process.argv.slice(2)));
