import { readFile } from 'node:fs/promises';
import { HashpoolError, messageOf } from '../protocols/errors.ts';
import { loadCrypto } from '../runtime/crypto.ts';
import { existingState } from '../services/supervisor/state-folder.ts';
import { auditAppliance } from './appliance/audit-sums.ts';
import { readOrHelp, refuseWords, runCommand, usageError } from './appliance/command-line.ts';
import { toJsonLine } from './appliance/summary.ts';
import { auditMint } from './audit/audit-mint.ts';
import { httpMint } from './audit/http-mint.ts';
import { nodeOption } from './audit/node-option.ts';
import { rpcNode } from './audit/rpc-node.ts';
import { applianceReport, exitCodeOf, mintReport } from './audit/words.ts';

const usage = `npm run audit -- URL [--node URL --node-auth TEXT] [--proofs FILE] [--shares FILE] [--json]: checks a mint by what it publishes
npm run audit -- [--state DIR] [--json]: compares the books of this appliance's pool, mint and wallet

The first form needs nothing of the operator's: the mint's address, and for blocks and reserve a bitcoind of your own.
It says what holds, what does not, and what can't be proven. Exit code 0 where all of it holds, 1 where something does
not, 2 where something can't be proven.

  --node URL       a bitcoind, as http://127.0.0.1:8332; it needs neither wallet nor index
  --node-auth TEXT user:password, or the path of its cookie file; HASHPOOL_NODE_AUTH in the environment does as well
  --proofs FILE    your own tokens, one in each line: are they counted? They are shown to nobody; a mint that is asked
                   learns which points are yours
  --shares FILE    your own shares, as npm run wallet -- shares FILE writes them: is each counted, with your key? Nobody
                   else's income is told, and yours to nobody but the mint, which knows it
  --mint-key HEX   the key that you know the mint by; what it says itself unless given
  --known HASH     the hash of a report that you have seen before: it must be among them

The second form reads the folder of an appliance (default .state). Stop it first: a running one always has something on
its way. Exit code 0 where all of it holds, else 1.`;

const options = {
  state: { type: 'string' },
  node: { type: 'string' },
  'node-auth': { type: 'string' },
  proofs: { type: 'string' },
  shares: { type: 'string' },
  'mint-key': { type: 'string' },
  known: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

type Given = ReturnType<typeof readOrHelp<typeof options>>['values'];

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = readOrHelp(usage, args, options);
  const [url, ...rest] = positionals;
  refuseWords(rest);
  return url === undefined ? auditHere(values) : auditThere(url, values);
}

function auditHere(values: Given): number {
  for (const name of ['node', 'node-auth', 'proofs', 'shares', 'mint-key', 'known'] as const) {
    if (values[name] !== undefined)
      throw usageError(`--${name} is for the audit of a mint: name its address`);
  }
  const audit = auditAppliance(existingState(values.state ?? '.state'));
  process.stdout.write(values.json ? `${toJsonLine(audit)}\n` : applianceReport(audit));
  return audit.agree ? 0 : 1;
}

async function auditThere(url: string, values: Given): Promise<number> {
  if (!/^https?:\/\/[^\s/]/.test(url))
    throw usageError(`${url} is no address of a mint, as https://mint.example`);
  if (values.state !== undefined)
    throw usageError('--state is for the audit of an appliance: leave the address out');
  checkHex(values, 'mint-key', /^0[23][0-9a-f]{64}$/);
  checkHex(values, 'known', /^[0-9a-f]{64}$/);
  const { curve } = await loadCrypto();
  const rpc = nodeOption(values);
  try {
    const findings = await auditMint({
      mint: httpMint(url),
      node: rpc && rpcNode(rpc),
      curve,
      identity: values['mint-key'],
      known: values.known,
      tokens: await contentOf('--proofs', values.proofs),
      shares: await contentOf('--shares', values.shares),
      say: (words) => void process.stderr.write(`${words}\n`),
    });
    process.stdout.write(
      values.json ? `${toJsonLine({ mint: url, findings })}\n` : mintReport(url, findings),
    );
    return exitCodeOf(findings);
  } finally {
    rpc?.close();
  }
}

function checkHex(values: Given, name: 'mint-key' | 'known', form: RegExp): void {
  const value = values[name];
  if (value !== undefined && !form.test(value)) throw usageError(`--${name} is no such hex in small letters`);
}

async function contentOf(option: string, path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new HashpoolError('file-unreadable', `${option}: ${messageOf(cause)}`, { cause });
  }
}

await runCommand('npm run audit', () => main(process.argv.slice(2)));
