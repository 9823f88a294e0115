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
import { type readCommandLine, readOrHelp, runCommand, usageError } from './appliance/command-line.ts';
import { databasePaths, isThere } from './appliance/databases.ts';
import { listLost, releaseLost } from './appliance/lost-payouts.ts';
import { openPayouts } from './appliance/payout-list.ts';
import { toJsonLine } from './appliance/summary.ts';
import { formatTable } from './appliance/text-table.ts';

const usage = `npm run payouts -- [--state DIR] [--json]: the mint's payouts on the chain that are under way
npm run payouts -- paid N --tx TXID --block HASH --reason TEXT
npm run payouts -- failed N --tx TXID --block HASH --reason TEXT
npm run payouts -- lost: balances of miners without a wallet that were held back when a loss was accepted
npm run payouts -- release N [--tx TXID --block HASH] --reason TEXT

The second and third form end transaction N of the list, with all its payouts, where its coins are gone for 100 blocks and the
mint can't tell what became of it. The mint may run meanwhile. They refuse whatever is not certain.

  paid             that transaction has paid them all: the tokens stay spent
  failed           that transaction has taken the coins for something else: the tokens are their owner's again
  release          ends number N of the list of lost: what that transaction has paid to the key's address was paid since, and
                   the rest is owed again; the mint does it within seconds, or when it is started
  --tx, --block    the transaction that shows it, and the block that it is in
  --reason         why, for the record
  --though-it-may-still-be-paid
                   settles without proof that N is never mined. If it is, the mint has paid twice: the loss is yours
  --though-it-may-have-been-paid
                   releases all of N without a transaction. If any was paid since, the mint has paid twice: the loss is yours
  --state DIR      the appliance's folder (default .state)
  --json           JSON, a payout a line`;

const options = {
  tx: { type: 'string' },
  block: { type: 'string' },
  reason: { type: 'string' },
  'though-it-may-still-be-paid': { type: 'boolean', default: false },
  'though-it-may-have-been-paid': { type: 'boolean', default: false },
  state: { type: 'string', default: '.state' },
  json: { type: 'boolean', default: false },
} as const;

type Given = ReturnType<typeof readCommandLine<typeof options>>['values'];

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = readOrHelp(usage, args, options);
  if (positionals[0] === 'lost' || positionals[0] === 'release') {
    process.stdout.write(await ofLoss(positionals, values));
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

/** What is held back since a loss: lists it, or has some of it released. */
async function ofLoss([verb, ...rest]: readonly string[], given: Given): Promise<string> {
  if (verb === 'lost' && rest.length === 0) return listLost(given);
  if (verb === 'lost') throw usageError('lost takes no number; --help says more');
  const { number, reason } = numbered(rest, given);
  const isForced = given['though-it-may-have-been-paid'];
  const evidence = await ofTheNode(given);
  return releaseLost(given, { number, reason, evidence, isForced, now: Date.now() });
}

/** The transaction that is named, where one is. */
async function ofTheNode({ state, tx, block }: Given): Promise<Evidence | undefined> {
  if (tx === undefined && block === undefined) return undefined;
  const rpc = nodeOf(existingState(state));
  try {
    return await evidenceOf(rpc, tx, block);
  } finally {
    rpc.close();
  }
}

function verdictOf([end, ...rest]: readonly string[], given: Given) {
  if (end !== 'paid' && end !== 'failed')
    throw usageError('say paid, failed, lost or release, and a number of the list; --help says more');
  const { number: sending, reason } = numbered(rest, given);
  return { end, sending, reason, isForced: given['though-it-may-still-be-paid'], at: Date.now() } as const;
}

/** The number that is named, and why. */
function numbered([number = '', ...rest]: readonly string[], { reason }: Given) {
  if (!/^[1-9]\d{0,14}$/.test(number) || rest.length > 0)
    throw usageError('say one number of the list; --help says more');
  if (reason === undefined || reason.trim() === '')
    throw usageError('--reason is missing: say why, for the record');
  return { number: Number(number), reason };
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
