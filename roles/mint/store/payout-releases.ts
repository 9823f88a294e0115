import { equalBytes, toHex } from '../../../protocols/bytes.ts';
import { HashpoolError } from '../../../protocols/errors.ts';
import type { Database } from '../../../runtime/sql/database.ts';
import type { Evidence } from '../payments/bitcoind/evidence.ts';
import { GONE_DEPTH } from '../payments/bitcoind/sendings.ts';
import { bigInteger, blob, type Row, text } from './row.ts';

/** A balance that was held back when a loss was accepted. */
export interface LostHold {
  /** Names it to the operator. */
  readonly number: number;
  readonly payoutKey: number;
  /** 33 bytes. */
  readonly publicKey: Uint8Array;
  /** Undefined where its registration was withdrawn. */
  readonly address: string | undefined;
  readonly script: Uint8Array | undefined;
  readonly sats: bigint;
  /** That of the loss. */
  readonly reference: Uint8Array;
  /** Milliseconds since 1970. */
  readonly heldSince: number;
  /** The mint was asked to end it. */
  readonly isAsked: boolean;
}

/** How such a hold ends. */
export interface LostRelease {
  readonly payoutKey: number;
  readonly reference: Uint8Array;
  /** Sats that were paid since the loss; the rest is owed again. */
  readonly paid: bigint;
  /** The outpoint that paid them. */
  readonly proof: string | undefined;
}

/** What an operator says became of a hold. */
export interface ReleaseWish {
  readonly number: number;
  /** A transaction that paid the key since. */
  readonly evidence: Evidence | undefined;
  /** He answers for whatever no evidence shows. */
  readonly isForced: boolean;
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Ends holds of a loss, as their operator has asked. */
export function payoutReleaseOperations(db: Database) {
  const wanted = db.prepare(`
    SELECT r.payout_key, r.reference, r.paid, r.proof FROM payout_releases AS r
      JOIN payout_holds AS h ON h.purpose = 'lost' AND h.reference = r.reference AND h.payout_key = r.payout_key
    WHERE h.paid IS NULL ORDER BY h.hold`);
  wanted.setReadBigInts(true);
  const open = db.prepare(`
    SELECT hold, sats FROM payout_holds
    WHERE purpose = 'lost' AND reference = ? AND payout_key = ? AND paid IS NULL`);
  open.setReadBigInts(true);
  const drop = db.prepare('DELETE FROM payout_holds WHERE hold = ?');
  const settle = db.prepare('UPDATE payout_holds SET paid = ?, proof = ? WHERE hold = ?');
  const give = db.prepare('UPDATE payout_keys SET balance = balance + ? WHERE payout_key = ?');

  return {
    /** What was asked for and is not done. */
    wantedReleases: (_: null): LostRelease[] =>
      wanted.all().map((row) => ({
        payoutKey: Number(bigInteger(row, 'payout_key')),
        reference: blob(row, 'reference'),
        paid: bigInteger(row, 'paid'),
        proof: row['proof'] === null ? undefined : text(row, 'proof'),
      })),

    /** Ends a hold: what was paid has left, the rest is in the balance. @returns sats that are owed again; undefined where it has ended */
    releaseLost: ({ payoutKey, reference, paid, proof }: LostRelease): bigint | undefined => {
      const row = open.get(reference, payoutKey);
      if (!row) return undefined;
      const [hold, sats] = [bigInteger(row, 'hold'), bigInteger(row, 'sats')];
      if (paid === 0n) drop.run(hold);
      else settle.run(paid, proof ?? null, hold);
      give.run(sats - paid, payoutKey);
      return sats - paid;
    },
  };
}

/** All holds of losses that have not ended, oldest first. */
export function lostHolds(db: Database): LostHold[] {
  const rows = db.prepare(`
    SELECT h.hold, h.payout_key, h.reference, h.sats, k.public_key, k.address, k.script, r.asked_at AS asked FROM payout_holds AS h
      JOIN payout_keys AS k USING (payout_key)
      LEFT JOIN payout_releases AS r ON r.payout_key = h.payout_key AND r.reference = h.reference
    WHERE h.purpose = 'lost' AND h.paid IS NULL ORDER BY h.hold`);
  rows.setReadBigInts(true);
  const accepted = db.prepare('SELECT accepted_at FROM losses WHERE loss = ?');
  return rows.all().map((row) => {
    const reference = blob(row, 'reference');
    const loss = new DataView(reference.buffer, reference.byteOffset).getUint32(0);
    return { ...lostHoldOf(row, reference), heldSince: Number(accepted.get(loss)?.['accepted_at'] ?? 0) };
  });
}

/**
 * Asks the mint to end a hold of a loss, which it does within seconds, or when it is started.
 * @throws HashpoolError 'bad-release' where that is not certain
 */
export function askRelease(
  db: Database,
  { number, evidence, isForced, reason, now }: ReleaseWish,
): LostRelease {
  const hold = lostHolds(db).find((each) => each.number === number);
  if (!hold) throw refused(`nothing is held back by number ${number}; npm run payouts -- lost has what is`);
  if (hold.isAsked) throw refused(`the mint was asked to release ${number} already: it does so when it runs`);
  if (!evidence && !isForced) {
    throw refused(
      'name the transaction that has paid it since by --tx and --block; where you have looked, in the wallet and in the chain, and none has, say --though-it-may-have-been-paid',
    );
  }
  const { payoutKey, reference } = hold;
  const release = {
    payoutKey,
    reference,
    ...(evidence ? paidBy(evidence, hold) : { paid: 0n, proof: undefined }),
  };
  const ask = db.prepare(`
    INSERT INTO payout_releases (payout_key, reference, paid, proof, reason, asked_at) VALUES (?, ?, ?, ?, ?, ?)`);
  ask.run(payoutKey, reference, release.paid, release.proof ?? null, reason, now);
  return release;
}

/** What a transaction has paid of a hold; what it paid beyond is another balance's. */
function paidBy({ txid, confirmations, outputs }: Evidence, { script, address, sats, publicKey }: LostHold) {
  if (script === undefined)
    throw refused(
      `key ${toHex(publicKey)} has no address any more, so that nothing shows what was paid to it`,
    );
  if (confirmations < GONE_DEPTH)
    throw refused(`${txid} has ${confirmations} confirmations; from ${GONE_DEPTH} on it is certain`);
  const own = outputs.filter((output) => equalBytes(output.script, script));
  const [first] = own;
  if (!first) throw refused(`${txid} pays nothing to ${address}`);
  const sum = own.reduce((total, { amount }) => total + amount, 0n);
  return { paid: sum < sats ? sum : sats, proof: `${txid}:${first.vout}` };
}

function lostHoldOf(row: Row, reference: Uint8Array): Omit<LostHold, 'heldSince'> {
  return {
    number: Number(bigInteger(row, 'hold')),
    payoutKey: Number(bigInteger(row, 'payout_key')),
    publicKey: blob(row, 'public_key'),
    address: row['address'] === null ? undefined : text(row, 'address'),
    script: row['script'] === null ? undefined : blob(row, 'script'),
    sats: bigInteger(row, 'sats'),
    reference,
    isAsked: row['asked'] !== null,
  };
}

function refused(why: string): HashpoolError {
  return new HashpoolError('bad-release', `not released: ${why}`);
}
