import { fromHex, reversed, toHex } from '../../../protocols/bytes.ts';
import { HashpoolError } from '../../../protocols/errors.ts';
import type { Database } from '../../../runtime/sql/database.ts';
import type { ChainPoint } from './chain.ts';
import { coinbaseNotes, type PaidOutput } from './coinbase-payments.ts';
import { payoutBalanceOperations } from './payout-balances.ts';
import { bigInteger, blob, integer, type Row } from './row.ts';

/** Blocks for which it is kept what pools were told to pay on them: reorganizations that are deeper are an operator's matter. */
const KEPT_SETS = 1008;

/** An output that pools are told of. */
export interface OfferedOutput {
  readonly payoutKey: number;
  readonly script: Uint8Array;
  readonly sats: bigint;
}

/** What pools are to pay in blocks on one prev hash. */
export interface PayoutSet {
  readonly id: bigint;
  readonly prevHashLe: Uint8Array;
  readonly outputs: readonly OfferedOutput[];
}

/** A new one, for the tip. */
export interface PayoutOffer {
  readonly tip: ChainPoint;
  /** Precondition: the sats of each are all that its key has held for coinbases. */
  readonly outputs: readonly OfferedOutput[];
}

/** A key with sats that are held for coinbases. */
export interface HeldPayout {
  readonly payoutKey: number;
  /** Undefined where its registration was withdrawn. */
  readonly script: Uint8Array | undefined;
  readonly sats: bigint;
  /** The names of its holds, oldest first. */
  readonly references: readonly Uint8Array[];
  /** The highest block on which a block may pay it. */
  readonly lastHeight: number;
  /** The chain's height when it was last credited of an epoch that got its price. */
  readonly creditedHeight: number;
}

/** What balances a coinbase may pay. */
export interface PayableByCoinbase {
  /** Sats. */
  readonly least: bigint;
  readonly limit: number;
  /** The chain's height at which, or above, it was last credited; 0 for any. */
  readonly creditedSince: number;
}

/** A payment by a coinbase. */
export interface CoinbasePayment {
  readonly payoutKey: number;
  readonly sats: bigint;
  /** `txid:vout` */
  readonly outpoint: string;
}

export interface PayingBlock extends ChainPoint {
  readonly payments: readonly CoinbasePayment[];
}

/** What the chain as it was followed asks of the balances. */
export interface PayoutCourse {
  readonly tip: ChainPoint | undefined;
  /** What pools were told for the tip. */
  readonly told: PayoutSet | undefined;
  readonly held: readonly HeldPayout[];
  /** Final blocks whose payments are still held, lowest first. */
  readonly due: readonly PayingBlock[];
  /** Blocks whose payments have left the balances, and which the chain has left. */
  readonly undone: readonly PayingBlock[];
  /** Keys that a block of the chain pays which is not final, or may pay, where the node has pruned it. */
  readonly underWay: ReadonlySet<number>;
}

/** What has left the balances by a block. */
export interface SettledBlock {
  readonly paid: bigint;
  /** What it paid of balances that were paid otherwise: an operator's loss. */
  readonly unowed: bigint;
}

/** The name of a hold: a key has one for each height at which something was held. */
export function holdReference(height: number, payoutKey: number): Uint8Array {
  const reference = new Uint8Array(8);
  const view = new DataView(reference.buffer);
  view.setUint32(0, height);
  view.setUint32(4, payoutKey);
  return reference;
}

function heldAt(reference: Uint8Array): number {
  return new DataView(reference.buffer, reference.byteOffset).getUint32(0);
}

/** How balances are paid by coinbases: told to pools for one prev hash, found in a block of it, settled once that is final. */
export function coinbasePayoutOperations(db: Database) {
  const { settleHeld } = payoutBalanceOperations(db);
  const note = coinbaseNotes(db);
  const tipOf = db.prepare('SELECT height, hash FROM chain ORDER BY height DESC LIMIT 1');
  const setOn = db.prepare('SELECT payout_set FROM payout_sets WHERE prev_hash = ?');
  const outputsOf = db.prepare(
    'SELECT payout_key, sats, script FROM payout_set_outputs WHERE payout_set = ? ORDER BY position',
  );
  outputsOf.setReadBigInts(true);
  const addSet = db.prepare(`
    INSERT INTO payout_sets (payout_set, prev_hash, height)
    VALUES ((SELECT coalesce(max(payout_set), 0) + 1 FROM payout_sets), ?, ?) RETURNING payout_set`);
  const addOutput = db.prepare(
    'INSERT INTO payout_set_outputs (payout_set, position, payout_key, sats, script) VALUES (?, ?, ?, ?, ?)',
  );
  const dropOutputs = db.prepare(
    'DELETE FROM payout_set_outputs WHERE payout_set IN (SELECT payout_set FROM payout_sets WHERE height < ?)',
  );
  const dropSets = db.prepare('DELETE FROM payout_sets WHERE height < ?');
  const open = db.prepare(`
    SELECT h.payout_key, h.reference, h.sats, k.script FROM payout_holds AS h JOIN payout_keys AS k USING (payout_key)
    WHERE h.purpose = 'coinbase' AND h.paid IS NULL ORDER BY h.payout_key, h.hold`);
  open.setReadBigInts(true);
  const openOfKey = db.prepare(`
    SELECT reference, sats FROM payout_holds
    WHERE purpose = 'coinbase' AND paid IS NULL AND payout_key = ? ORDER BY hold`);
  openOfKey.setReadBigInts(true);
  const lastTold = db.prepare(
    'SELECT max(height) AS height FROM payout_set_outputs JOIN payout_sets USING (payout_set) WHERE payout_key = ?',
  );
  const lastCredit = db.prepare(
    'SELECT max(priced_height) AS height FROM payout_credits JOIN epochs USING (epoch) WHERE payout_key = ?',
  );
  const payable = db.prepare(`
    SELECT payout_key, script, balance AS sats FROM payout_keys AS k
    WHERE address IS NOT NULL AND balance >= ? AND balance >= threshold AND (CAST(? AS INTEGER) = 0 OR EXISTS (
      SELECT 1 FROM payout_credits AS c JOIN epochs AS e ON e.epoch = c.epoch
      WHERE c.payout_key = k.payout_key AND e.priced_height >= ?))
    ORDER BY balance DESC, payout_key LIMIT ?`);
  payable.setReadBigInts(true);
  // Either the chain has it and it is not settled, or the other way round; the rest stands as it should.
  const blocks = db.prepare(`
    SELECT b.hash, b.height, b.txid, (SELECT max(height) FROM chain) - b.height + 1 AS confirmations,
      CASE WHEN c.hash IS NULL THEN 0 ELSE 1 END AS is_active
    FROM paying_coinbases AS b LEFT JOIN chain AS c ON c.hash = b.hash LEFT JOIN settled_coinbases AS s ON s.hash = b.hash
    WHERE (c.hash IS NULL AND s.hash IS NOT NULL) OR (c.hash IS NOT NULL AND s.hash IS NULL) ORDER BY b.height`);
  const unread = db.prepare(`
    SELECT DISTINCT o.payout_key FROM chain AS c JOIN chain AS p ON p.height = c.height - 1
      JOIN payout_sets AS s ON s.prev_hash = p.hash JOIN payout_set_outputs AS o ON o.payout_set = s.payout_set
    WHERE c.is_read = 0`);
  const paymentsOf = db.prepare(
    'SELECT vout, payout_key, sats FROM coinbase_payments WHERE hash = ? ORDER BY vout',
  );
  paymentsOf.setReadBigInts(true);
  const addSettled = db.prepare(`
    INSERT INTO settled_coinbases (hash, height, paid, unowed) VALUES (?, ?, ?, ?)
    ON CONFLICT (hash) DO NOTHING RETURNING height`);
  const noteSettled = db.prepare('UPDATE settled_coinbases SET paid = ?, unowed = ? WHERE hash = ?');
  const dropSettled = db.prepare('DELETE FROM settled_coinbases WHERE hash = ? RETURNING paid');
  dropSettled.setReadBigInts(true);
  const reopen = db.prepare(`
    UPDATE payout_holds SET sats = paid, paid = NULL, proof = NULL
    WHERE purpose = 'coinbase' AND payout_key = ? AND proof = ? AND paid > 0`);

  function heldPayouts(): HeldPayout[] {
    const byKey = Map.groupBy(open.all(), (row) => Number(bigInteger(row, 'payout_key')));
    return [...byKey].map(([payoutKey, rows]) => {
      const references = rows.map((row) => blob(row, 'reference'));
      const told = lastTold.get(payoutKey)?.['height'];
      return {
        payoutKey,
        script: rows[0]?.['script'] instanceof Uint8Array ? rows[0]['script'] : undefined,
        sats: sumOf(rows),
        references,
        lastHeight: Math.max(Number(told ?? 0), ...references.map(heldAt)),
        creditedHeight: Number(lastCredit.get(payoutKey)?.['height'] ?? 0),
      };
    });
  }

  function toldOn({ hashLe }: ChainPoint): PayoutSet | undefined {
    const row = setOn.get(hashLe);
    if (!row) return undefined;
    const id = integer(row, 'payout_set');
    return { id: BigInt(id), prevHashLe: hashLe, outputs: outputsOf.all(id).map(offeredOf) };
  }

  function payingBlock(row: Row): PayingBlock {
    const hashLe = blob(row, 'hash');
    const txid = toHex(reversed(blob(row, 'txid')));
    const payments = paymentsOf.all(hashLe).map((payment) => ({
      payoutKey: Number(bigInteger(payment, 'payout_key')),
      sats: bigInteger(payment, 'sats'),
      outpoint: `${txid}:${bigInteger(payment, 'vout')}`,
    }));
    return { hashLe, height: integer(row, 'height'), payments };
  }

  /** @returns what the key's holds did not cover */
  function settle({ payoutKey, sats, outpoint }: CoinbasePayment): bigint {
    let unpaid = sats;
    for (const row of openOfKey.all(payoutKey)) {
      if (unpaid === 0n) break;
      const held = bigInteger(row, 'sats');
      const left = held > unpaid ? held - unpaid : 0n;
      const name = { purpose: 'coinbase', reference: blob(row, 'reference') } as const;
      unpaid -= settleHeld({ ...name, proof: outpoint, left });
    }
    return unpaid;
  }

  return {
    /** How coinbases, balances and what pools were told stand. @param confirmations make a block final */
    payoutCourse: ({ confirmations }: { confirmations: number }): PayoutCourse => {
      const row = tipOf.get();
      const tip = row && { height: integer(row, 'height'), hashLe: blob(row, 'hash') };
      const found = blocks.all();
      const active = found.filter((each) => integer(each, 'is_active') === 1);
      const isFinal = (each: Row) => integer(each, 'confirmations') >= confirmations;
      return {
        tip,
        told: tip && toldOn(tip),
        held: heldPayouts(),
        due: active.filter(isFinal).map(payingBlock),
        // A chain that ends below a block says nothing of it.
        undone: found
          .filter((each) => integer(each, 'is_active') === 0 && integer(each, 'confirmations') > 0)
          .map(payingBlock),
        underWay: new Set([
          ...active.flatMap((each) => payingBlock(each).payments.map(({ payoutKey }) => payoutKey)),
          ...unread.all().map((each) => integer(each, 'payout_key')),
        ]),
      };
    },

    /** Free balances that have reached their own threshold and the least, the largest first. */
    payableByCoinbase: ({ least, limit, creditedSince: since }: PayableByCoinbase): OfferedOutput[] =>
      payable.all(least, since, since, limit).map(offeredOf),

    /**
     * Notes what pools are told to pay in blocks on the tip, before they are; what was noted for that tip before stays.
     * @throws HashpoolError 'balance-changed' where something else is held: look again
     */
    offerPayouts: ({ tip, outputs }: PayoutOffer): PayoutSet => {
      const told = toldOn(tip);
      if (told) return told;
      for (const { payoutKey, sats } of outputs) {
        const held = sumOf(openOfKey.all(payoutKey));
        if (held !== sats) {
          const words = `auto-payout key ${payoutKey} has ${held} sats held for coinbases, not ${sats}`;
          throw new HashpoolError('balance-changed', `${words}; look at the balances again`);
        }
      }
      const set = addSet.get(tip.hashLe, tip.height);
      const id = integer(set ?? {}, 'payout_set');
      for (const [position, { payoutKey, sats, script }] of outputs.entries()) {
        addOutput.run(id, position, payoutKey, sats, script);
      }
      dropOutputs.run(tip.height - KEPT_SETS);
      dropSets.run(tip.height - KEPT_SETS);
      return { id: BigInt(id), prevHashLe: tip.hashLe, outputs };
    },

    /**
     * What a final block pays has left the balances. The same block again changes nothing. What it pays is kept with it: a
     * mint that a journal brings up to date has not followed it, and is to know it where the chain has left it meanwhile.
     * @returns undefined where it was settled before
     */
    settleCoinbase: ({ hashLe, height, payments }: PayingBlock): SettledBlock | undefined => {
      if (!addSettled.get(hashLe, height, 0, 0)) return undefined;
      const [txid = ''] = payments[0]?.outpoint.split(':') ?? [];
      note({ hashLe, height }, reversed(fromHex(txid)), payments.map(paidOutput));
      const unowed = payments.reduce((sum, payment) => sum + settle(payment), 0n);
      const paid = payments.reduce((sum, { sats }) => sum + sats, 0n) - unowed;
      noteSettled.run(paid, unowed, hashLe);
      return { paid, unowed };
    },

    /** The chain has left a block that was settled: what it paid is owed again, and held for coinbases. @returns sats */
    undoCoinbase: ({ hashLe, payments }: PayingBlock): bigint => {
      const row = dropSettled.get(hashLe);
      if (!row) return 0n;
      for (const { payoutKey, outpoint } of payments) reopen.run(payoutKey, outpoint);
      return bigInteger(row, 'paid');
    },
  };
}

function paidOutput({ payoutKey, sats, outpoint }: CoinbasePayment): PaidOutput {
  return { vout: Number(outpoint.split(':')[1]), payoutKey, sats };
}

function offeredOf(row: Row): OfferedOutput {
  return {
    payoutKey: Number(bigInteger(row, 'payout_key')),
    script: blob(row, 'script'),
    sats: bigInteger(row, 'sats'),
  };
}

function sumOf(rows: readonly Row[]): bigint {
  return rows.reduce((sum, row) => sum + bigInteger(row, 'sats'), 0n);
}
