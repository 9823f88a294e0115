import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import type { PayoutRoom } from '../../../domain/jobs/payouts.ts';
import type { TransactionOutput } from '../../../protocols/bitcoin/output.ts';
import { segwitScript } from '../../../protocols/bitcoin/script.ts';
import { toHex } from '../../../protocols/bytes.ts';
import type { CoinbasePayouts as ToldPayouts } from '../../../protocols/ehash/work-link.ts';
import type { CoinbasePayoutsConfig } from '../../../roles/mint/coinbase-payouts/config.ts';
import { CoinbasePayouts, type WaitingPayouts } from '../../../roles/mint/coinbase-payouts/payouts.ts';
import type { Engine } from '../../../roles/mint/engine.ts';
import { schema } from '../../../roles/mint/store/schema.ts';
import { inTransaction } from '../../../runtime/sql/database.ts';
import { openPlace } from '../../../runtime/sql/open.ts';
import { epochScene, readRows, SCRIPT } from './epoch-scene.ts';

export const CONFIG: CoinbasePayoutsConfig = { threshold_sats: 1000, max_outputs: 50 };
const POOL_KEEPS = 1_000_000n;

export interface PayoutSceneOptions {
  readonly confirmations?: number;
  readonly keys?: number;
  /** The links of the pool's servers; rooms that the test sets unless given. */
  readonly links?: { rooms(): PayoutRoom[]; send(payouts: ToldPayouts): void };
}

/** A mint on a scripted chain whose pools are a list of what they were told, and keys with balances. */
export async function payoutScene(
  t: TestContext,
  { confirmations = 3, keys = 3, links }: PayoutSceneOptions = {},
) {
  const scene = await epochScene(t, { confirmations });
  const { mint, engine, chain } = scene;
  const outbox = scene.outbox();
  const scripts = Array.from({ length: keys }, (_, i) => segwitScript(0, new Uint8Array(20).fill(i + 1)));
  runSql(mint.path, 'DELETE FROM payout_keys');
  for (const [i, script] of scripts.entries()) {
    runSql(
      mint.path,
      `INSERT INTO payout_keys (payout_key, public_key, counter, address, script, threshold, balance, credited)
       VALUES (?, ?, 1, ?, ?, 1, 0, 0)`,
      i + 1,
      randomBytes(33),
      `address ${i + 1}`,
      script,
    );
  }
  /** By the prev hash that they are for. */
  const told = new Map<string, ToldPayouts>();
  let rooms: PayoutRoom[] = [{ size: 10_000, sigops: 0 }];
  let config: CoinbasePayoutsConfig | undefined = CONFIG;
  let isStopped = false;
  /** Store calls before the mint ends; undefined for ever. */
  let callsLeft: number | undefined;
  const alerts: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void note(JSON.parse(line)) });
  const note = ({ alert }: { alert?: string }) => alert !== undefined && alerts.push(alert);

  const store: Engine['store'] = {
    ...engine.store,
    call(name, input) {
      const hasEnded = callsLeft !== undefined && callsLeft-- <= 0;
      return hasEnded ? Promise.reject(new Error('the mint has ended')) : engine.store.call(name, input);
    },
  };
  const workLink = {
    payoutRooms: () => links?.rooms() ?? rooms,
    sendPayouts: (_poolId: Uint8Array, payouts: ToldPayouts) => {
      const before = told.get(toHex(payouts.prevHashLe));
      if (before) assert.deepEqual(payouts, before, 'a tip has one set, whenever it is told');
      told.set(toHex(payouts.prevHashLe), payouts);
      links?.send(payouts);
    },
  };
  const pools = [{ poolId: mint.poolId, script: SCRIPT }];
  const payouts = () =>
    new CoinbasePayouts({
      ...{ engine: { store }, pools, workLink, config, confirmations, log },
      isStopped: () => isStopped,
    });
  let waiting: WaitingPayouts | undefined;
  const tipHash = () => chain.blocks.at(-1)?.hashLe ?? new Uint8Array(32);

  return {
    ...scene,
    chain,
    told,
    alerts,
    scripts,
    setRooms: (changed: PayoutRoom[]) => {
      rooms = changed;
    },
    setConfig: (changed: CoinbasePayoutsConfig | undefined) => {
      config = changed;
    },
    setStopped: (changed: boolean) => {
      isStopped = changed;
    },
    withdraw: (key: number) =>
      runSql(mint.path, 'UPDATE payout_keys SET address = NULL, script = NULL WHERE payout_key = ?', key),
    credit: (key: number, sats: number) =>
      runSql(
        mint.path,
        'UPDATE payout_keys SET balance = balance + ?, credited = credited + ? WHERE payout_key = ?',
        sats,
        sats,
        key,
      ),
    /** Follows the chain, and lets a mint of its own look at the payouts. @param dies after so many calls of its store */
    async look(dies?: number): Promise<void> {
      await scene.follow();
      callsLeft = dies;
      const looking = payouts();
      await looking.run();
      callsLeft = undefined;
      ({ waiting } = looking);
    },
    /** What was seen to wait for a coinbase at the last look. */
    waiting: () => waiting,
    /** What the pools put into a block on the tip. */
    onTip: (): readonly TransactionOutput[] => told.get(toHex(tipHash()))?.outputs ?? [],
    /** Mines a block of the pool that pays these besides. @returns its hash, header order */
    mine: (outputs: readonly TransactionOutput[]): Uint8Array =>
      chain.mine(1, [{ value: POOL_KEEPS, script: SCRIPT }, ...outputs]),
    /** Delivers a block's share. */
    deliver: (hashLe: Uint8Array) => outbox.block(hashLe),
    /** Each key's free balance, what is held for it, what has left, and what it was credited. */
    books: () =>
      readRows(
        mint.path,
        `SELECT k.payout_key AS key, k.balance, k.credited,
           CAST((SELECT coalesce(sum(sats), 0) FROM payout_holds AS h
              WHERE h.payout_key = k.payout_key AND paid IS NULL) AS BIGINT) AS held,
           CAST((SELECT coalesce(sum(paid), 0) FROM payout_holds AS h
              WHERE h.payout_key = k.payout_key AND purpose = 'coinbase') AS BIGINT) AS paid
         FROM payout_keys AS k ORDER BY k.payout_key`,
      ).map((row) => ({
        key: Number(row['key']),
        free: Number(row['balance']),
        held: Number(row['held']),
        paid: Number(row['paid']),
        credited: Number(row['credited']),
      })),
  };
}

/** Writes to a mint's database beside the mint. */
export function runSql(place: string, statement: string, ...values: (number | string | Uint8Array)[]): void {
  const db = openPlace(place, schema);
  try {
    inTransaction(db, () => db.prepare(statement).run(...values));
  } finally {
    db.close();
  }
}
