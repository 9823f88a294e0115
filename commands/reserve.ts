import { readFile } from 'node:fs/promises';
import { challengeCoin, proofTransaction } from '../protocols/bitcoin/bip322.ts';
import { encodePsbt } from '../protocols/bitcoin/psbt.ts';
import { fromHex, reversed, toHex } from '../protocols/bytes.ts';
import { reserveMessage, reserveText } from '../protocols/ehash/reserve.ts';
import { HashpoolError, messageOf } from '../protocols/errors.ts';
import { asObject, numberOf } from '../roles/mint/chain/answers.ts';
import { listOf, satsOf, textOf } from '../roles/mint/payments/bitcoind/answers.ts';
import { type ReportRow, reportOperations } from '../roles/mint/store/reports.ts';
import type { BitcoinRpc } from '../runtime/rpc/client.ts';
import { type Database, inTransaction } from '../runtime/sql/database.ts';
import { readOrHelp, runCommand, usageError } from './appliance/command-line.ts';
import { openMintDatabase } from './appliance/mint-database.ts';
import { countProof } from './audit/check-reserve.ts';
import { nodeOption } from './audit/node-option.ts';
import { rpcNode } from './audit/rpc-node.ts';

const usage = `npm run reserve -- prepare SCRIPT --node URL --node-auth TEXT: what is to be signed to prove cold coins
npm run reserve -- add FILE --node URL --node-auth TEXT: publishes the proof that was signed

The mint proves the coins of its own wallet by itself. Coins whose keys are elsewhere are proven by whoever has the keys:
prepare writes a PSBT that spends all coins of a script to nobody (BIP322: no chain can ever have it), for the last
report. Sign it where the keys are, put it into a file, and add it. A new report needs a new proof.

  SCRIPT           the output script of the coins in hex, as coinbase_reward_script makes it: a SegWit one
  --node URL       a bitcoind, which looks through its coins for a minute or so; --node-auth as with npm run audit
  --state DIR      the appliance's folder (default .state)
  --database PLACE the mint's database instead: a SQLite file or a PostgreSQL URL`;

const options = {
  node: { type: 'string' },
  'node-auth': { type: 'string' },
  state: { type: 'string', default: '.state' },
  database: { type: 'string' },
} as const;

/** The scan of all coins takes a minute or two on mainnet. */
const SCAN_MS = 600_000;

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = readOrHelp(usage, args, options);
  const [verb, what = '', ...rest] = positionals;
  if ((verb !== 'prepare' && verb !== 'add') || what === '' || rest.length > 0)
    throw usageError('say prepare SCRIPT or add FILE; --help says more');
  const rpc = nodeOption(values);
  if (!rpc) throw usageError('--node is missing: the address of a bitcoind, as http://127.0.0.1:8332');
  const db = openMintDatabase(values, { readOnly: verb === 'prepare' });
  try {
    const report = reportOperations(db).lastReport(null);
    if (!report)
      throw new HashpoolError('no-report', 'the mint has signed no report yet: there is nothing to prove');
    const text = verb === 'prepare' ? await prepare(report, what, rpc) : await add(db, report, what, rpc);
    process.stdout.write(`${text}\n`);
    return 0;
  } finally {
    db.close();
    rpc.close();
  }
}

async function prepare({ hash }: ReportRow, scriptHex: string, rpc: BitcoinRpc): Promise<string> {
  const script = fromHex(scriptHex, 'SCRIPT');
  const scan = asObject(
    await rpc.call('scantxoutset', ['start', [`raw(${scriptHex})`]], { timeoutMs: SCAN_MS }),
  );
  const coins = listOf(scan, 'unspents').map((coin) => ({
    txidLe: reversed(fromHex(textOf(coin, 'txid'), 'txid', 32)),
    vout: numberOf(coin, 'vout'),
    value: satsOf(coin, 'amount'),
    script,
  }));
  if (coins.length === 0)
    throw new HashpoolError('no-coins', `the node's chain has no coin of script ${scriptHex}`);
  const challenge = challengeCoin(reserveMessage(toHex(hash)), script);
  const psbt = encodePsbt(proofTransaction(challenge, coins), [challenge, ...coins], 1);
  return Buffer.from(psbt).toString('base64');
}

async function add(db: Database, report: ReportRow, file: string, rpc: BitcoinRpc): Promise<string> {
  const node = rpcNode(rpc);
  const { hex } = asObject(await rpc.call('finalizepsbt', [await contentOf(file), true]));
  if (typeof hex !== 'string') throw new HashpoolError('not-signed', `${file}: not all inputs are signed`);
  const [, ...inputs] = listOf(asObject(await rpc.call('decoderawtransaction', [hex])), 'vin');
  const coins = [];
  for (const input of inputs) {
    const outpoint = { txid: textOf(input, 'txid'), vout: numberOf(input, 'vout') };
    const output = await node.coin(outpoint);
    if (!output)
      throw new HashpoolError('coin-spent', `${outpoint.txid}:${outpoint.vout} is spent: prepare anew`);
    coins.push({ ...outpoint, ...output });
  }
  const transaction = fromHex(hex);
  const counted = await countProof(toHex(report.hash), { coins, transaction }, node);
  if (typeof counted === 'string')
    throw new HashpoolError('wrong-reserve', `${file} does not hold: ${counted}`);
  const proven = coins.map((coin) => ({ ...coin, txidLe: reversed(fromHex(coin.txid)) }));
  const body = reserveText({ coins: proven, transaction });
  const { addReserveProof } = reportOperations(db);
  inTransaction(db, () => addReserveProof({ number: report.number, body }));
  const sats = coins.reduce((sum, { value }) => sum + value, 0n);
  return `report ${report.number}: ${coins.length} coins of ${sats} sats are proven`;
}

async function contentOf(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (cause) {
    throw new HashpoolError('file-unreadable', messageOf(cause), { cause });
  }
}

await runCommand('npm run reserve', () => main(process.argv.slice(2)));
