import { setTimeout as delay } from 'node:timers/promises';
import { fromHex, toHex } from '../protocols/bytes.ts';
import { HashpoolError } from '../protocols/errors.ts';
import { askRewardInvoice, type ListedReward, listRewards } from '../roles/mint/store/lightning-rewards.ts';
import { type Database, inTransaction } from '../runtime/sql/database.ts';
import { readOrHelp, runCommand, usageError } from './appliance/command-line.ts';
import { openMintDatabase } from './appliance/mint-database.ts';
import { toJsonLine } from './appliance/summary.ts';
import { formatTable } from './appliance/text-table.ts';

const usage = `npm run rewards -- invoice SATS [--pool ID] [--memo TEXT]: an invoice for the upstream of a pool
npm run rewards -- list: invoices that were asked for, and what was paid

  What an upstream pays on these invoices backs the pool's open epoch (rewards = "lightning" in the mint's [[pool]]).

  --pool ID        the pool's pool_id, where the mint has several
  --memo TEXT      what the payer is shown
  --state DIR      the appliance's folder (default .state)
  --database PLACE the mint's database instead: a SQLite file or a PostgreSQL URL
  --json           JSON, an invoice a line`;

const options = {
  pool: { type: 'string' },
  memo: { type: 'string', default: 'reward' },
  state: { type: 'string', default: '.state' },
  database: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

const MOST_LISTED = 1_000;
const MAX_MEMO = 200;
const WAIT_MS = 20_000;
const LOOK_MS = 200;

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = readOrHelp(usage, args, options);
  const [verb = 'list', ...words] = positionals;
  const wanted = { list: 0, invoice: 1 }[verb];
  if (wanted === undefined || words.length !== wanted)
    throw usageError('say list or invoice SATS; --help says more');
  const db = openMintDatabase(values, { readOnly: verb !== 'invoice' });
  try {
    process.stdout.write(verb === 'list' ? list(db, values.json) : await invoice(db, words[0] ?? '', values));
    return 0;
  } finally {
    db.close();
  }
}

function list(db: Database, json: boolean): string {
  const rewards = listRewards(db, { limit: MOST_LISTED });
  if (json) return rewards.map((reward) => `${toJsonLine(asJson(reward))}\n`).join('');
  if (rewards.length === 0) return 'no invoice was asked for yet\n';
  const rows = rewards.map(({ request, poolId, sats, askedAt, paid, unit, trouble, invoice: made }) => ({
    number: String(request),
    pool: toHex(poolId).slice(0, 10),
    asked: new Date(askedAt).toISOString().slice(0, 16),
    sats: String(sats),
    paid: String(paid ?? ''),
    backs: paid === undefined ? '' : (unit?.replace(/^.*_/, 'epoch ') ?? 'the open epoch'),
    '': made === undefined ? (trouble ?? 'is not made yet') : '',
  }));
  return `${formatTable(rows)}\n`;
}

async function invoice(
  db: Database,
  text: string,
  { pool, memo, json }: { pool?: string | undefined; memo: string; json: boolean },
): Promise<string> {
  if (!/^[1-9]\d{0,15}$/.test(text)) throw usageError(`${text} is no number of sats`);
  if (memo.length > MAX_MEMO) throw usageError(`--memo has more than ${MAX_MEMO} characters`);
  const asked = { poolId: poolOf(db, pool), sats: BigInt(text), memo, now: Date.now() };
  const request = inTransaction(db, () => askRewardInvoice(db, asked));
  const [made] = await untilMade(db, request);
  if (made?.invoice === undefined) {
    const why = made?.trouble ?? 'the mint is not running, and makes it when it is started';
    throw new HashpoolError(
      'no-invoice-yet',
      `request ${request} is kept, and has no invoice yet: ${why}; npm run rewards -- list --json has it then`,
    );
  }
  return json ? `${toJsonLine(asJson(made))}\n` : `${made.invoice}\n`;
}

async function untilMade(db: Database, request: number): Promise<ListedReward[]> {
  for (const end = Date.now() + WAIT_MS; ; await delay(LOOK_MS)) {
    const found = listRewards(db, { limit: 1, request });
    const isOver = found[0]?.invoice !== undefined || found[0]?.trouble !== undefined;
    if (isOver || Date.now() > end) return found;
  }
}

function poolOf(db: Database, wanted: string | undefined): Uint8Array {
  const known = db
    .prepare('SELECT DISTINCT pool_id FROM epochs ORDER BY pool_id')
    .all()
    .flatMap(({ pool_id: id }) => (id instanceof Uint8Array ? [toHex(id)] : []));
  const found = known.filter((id) => wanted === undefined || id === wanted.toLowerCase());
  const [one] = found;
  if (one !== undefined && found.length === 1) return fromHex(one);
  throw new HashpoolError(
    'unknown-pool',
    wanted === undefined
      ? `the mint has ${known.length} pools: name one by --pool${known.map((id) => `\n  ${id}`).join('')}`
      : `the mint has no pool ${wanted}`,
  );
}

function asJson({ request, poolId, sats, memo, askedAt, invoice: made, ...rest }: ListedReward) {
  return {
    number: request,
    pool_id: toHex(poolId),
    sats,
    memo,
    asked_at: new Date(askedAt).toISOString(),
    invoice: made ?? null,
    expiry: rest.expiry ?? null,
    paid_sats: rest.paid ?? null,
    unit: rest.unit ?? null,
    trouble: rest.trouble ?? null,
  };
}

await runCommand('npm run rewards', () => main(process.argv.slice(2)));
