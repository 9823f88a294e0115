import { join } from 'node:path';
import { HashpoolError } from '../protocols/errors.ts';
import type { Verdict } from '../roles/mint/payments/bitcoind/by-hand.ts';
import { type Evidence, readEvidence } from '../roles/mint/payments/bitcoind/evidence.ts';
import { operations, schema } from '../roles/mint/payments/bitcoind/payout-store.ts';
import { loadConfig } from '../runtime/config/load.ts';
import { readReference } from '../runtime/config/references.ts';
import { type BitcoinRpc, bitcoinRpc } from '../runtime/rpc/client.ts';
import { inTransaction } from '../runtime/sql/database.ts';
import { openPlace } from '../runtime/sql/open.ts';
import { poolSide } from '../services/shared-config/pool-side.ts';
import { readChain } from '../services/supervisor/regtest-chain.ts';
import { existingState, type StateFolder } from '../services/supervisor/state-folder.ts';
import { readCommandLine, runCommand, usageError } from './appliance/command-line.ts';
import { databasePaths, isThere } from './appliance/databases.ts';
import { openPayouts } from './appliance/payout-list.ts';
import { toJsonLine } from './appliance/summary.ts';
import { formatTable } from './appliance/text-table.ts';

const usage = `npm run payouts -- [--state DIR] [--json]: the mint's payouts on the chain that are under way
npm run payouts -- paid N --tx TXID --block HASH --reason TEXT
npm run payouts -- failed N --tx TXID --block HASH --reason TEXT

The second and third form end transaction N of the list, with all its payouts, where its coins are gone for 100 blocks and the
mint can't tell what became of it. The mint may run meanwhile. They refuse whatever is not certain.

  paid             that transaction has paid them all: the tokens stay spent
  failed           that transaction has taken the coins for something else: the tokens are their owner's again
  --tx, --block    the transaction that shows it, and the block that it is in
  --reason         why, for the record
  --though-it-may-still-be-paid
                   settles without proof that N is never mined. If it is, the mint has paid twice: the loss is yours
  --state DIR      the appliance's folder (default .state)
  --json           JSON, a payout a line`;

const options = {
  tx: { type: 'string' },
  block: { type: 'string' },
  reason: { type: 'string' },
  'though-it-may-still-be-paid': { type: 'boolean', default: false },
  state: { type: 'string', default: '.state' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

type Given = ReturnType<typeof readCommandLine<typeof options>>['values'];

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = readCommandLine(args, options);
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  const wanted = positionals.length > 0 ? verdictOf(positionals, values) : undefined;
  const state = existingState(values.state);
  const place = databasePaths(state).payouts;
  if (!isThere(place))
    throw new HashpoolError('no-payouts', `${place} is not there: this mint has made no payout on the chain`);
  const rpc = nodeOf(state);
  try {
    const { height } = await readChain(rpc);
    const text = wanted
      ? await settle(rpc, place, { ...wanted, height }, values)
      : list(place, height, values.json);
    process.stdout.write(text);
    return 0;
  } finally {
    rpc.close();
  }
}

function verdictOf([end, number = '', ...rest]: readonly string[], { reason, ...given }: Given) {
  if ((end !== 'paid' && end !== 'failed') || !/^[1-9]\d{0,14}$/.test(number) || rest.length > 0)
    throw usageError('say paid or failed, and the number of a transaction; --help says more');
  if (reason === undefined || reason.trim() === '')
    throw usageError('--reason is missing: say why, for the record');
  const isForced = given['though-it-may-still-be-paid'];
  return { end, sending: Number(number), reason, isForced, at: Date.now() } as const;
}

async function settle(
  rpc: BitcoinRpc,
  place: string,
  verdict: Omit<Verdict, 'evidence'>,
  { tx, block }: Given,
): Promise<string> {
  const evidence = await evidenceOf(rpc, tx, block);
  const db = openPlace(place, schema);
  try {
    const { settleByHand } = operations(db);
    const keys = inTransaction(db, () => settleByHand({ ...verdict, evidence }), 'EXCLUSIVE');
    const end = verdict.end === 'paid' ? 'paid' : 'failed: the tokens are free within seconds of the mint';
    return keys.map((key) => `${key} is ${end}\n`).join('');
  } finally {
    db.close();
  }
}

function evidenceOf(
  rpc: BitcoinRpc,
  tx: string | undefined,
  block: string | undefined,
): Promise<Evidence> | undefined {
  if (tx === undefined && block === undefined) return undefined;
  const isHash = (text = '') => /^[0-9a-f]{64}$/.test(text);
  if (isHash(tx) && isHash(block)) return readEvidence(rpc, tx ?? '', block ?? '');
  throw usageError('--tx and --block belong together, 64 hex digits each');
}

function list(place: string, height: number, json: boolean): string {
  const db = openPlace(place, schema);
  try {
    const payouts = openPayouts(db, height);
    if (json) return payouts.map((payout) => `${toJsonLine(payout)}\n`).join('');
    if (payouts.length === 0) return 'no payout is under way\n';
    const rows = payouts.map(({ transaction, sats, txid, ...texts }) => {
      return { transaction: String(transaction ?? ''), sats: String(sats), ...texts, txid: txid ?? '' };
    });
    return `${formatTable(rows)}\n`;
  } finally {
    db.close();
  }
}

function nodeOf(state: StateFolder): BitcoinRpc {
  const { bitcoin } = loadConfig(poolSide, join(state.config, 'shared/pool.toml'));
  const folders = { state: state.root, credentials: state.credentials, published: state.published };
  const auth = readReference(folders, bitcoin.rpc_auth);
  return bitcoinRpc({ url: bitcoin.rpc_url, auth, retry: { attempts: 1 } });
}

await runCommand('npm run payouts', () => main(process.argv.slice(2)));
