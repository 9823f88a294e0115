import { feeShares } from '../../../../domain/payments/fee-shares.ts';
import { HashpoolError } from '../../../../protocols/errors.ts';
import type { Database, Row } from '../../../../runtime/sql/database.ts';
import { bigInteger, blob, text } from '../../store/row.ts';
import type { PaymentState } from '../backend.ts';
import { adoptionOperations } from './adoption-store.ts';
import type { Built, Wanted } from './build.ts';
import { byHandOperations } from './by-hand-store.ts';
import { schema } from './payout-schema.ts';
import { undoneOperations } from './undone-store.ts';
import { walletOperations } from './wallet-store.ts';

export { schema };

/** A payout that is wanted. */
export interface NewPayout extends Wanted {
  readonly key: string;
  readonly reserve: bigint;
  /** Sats for 1,000 virtual bytes. */
  readonly rate: bigint;
  readonly blocks: number;
  /** Milliseconds since 1970. */
  readonly addedAt: number;
}

export interface Payout extends NewPayout {
  /** Its row. */
  readonly payout: number;
}

/** One transaction of several that pay the same with the same coins. */
export interface Version {
  readonly number: number;
  readonly txid: string;
  readonly hex: string;
  readonly rate: bigint;
  readonly fee: bigint;
  readonly isSent: boolean;
}

export interface Sending {
  /** Its row. */
  readonly sending: number;
  readonly blocks: number;
  readonly height: number;
  readonly missingSince: number | undefined;
  /** The newest last. */
  readonly versions: readonly Version[];
  readonly payouts: readonly Payout[];
  /** The first version's coins, which all versions spend. */
  readonly inputs: readonly string[];
}

export interface NewSending {
  readonly payouts: readonly Payout[];
  readonly blocks: number;
  readonly height: number;
  readonly built: Built;
}

export interface NewVersion {
  readonly sending: number;
  readonly number: number;
  readonly height: number;
  readonly payouts: readonly Payout[];
  readonly built: Built;
}

/** The payouts of one mint, in a database of their own or beside the mint's tables; see payout-schema.ts. */
export function operations(db: Database) {
  const addPayout = db.prepare(`
    INSERT INTO onchain_payouts (key, address, script, amount, reserve, rate, blocks, added_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING`);
  const byKey = bigRows(db, 'SELECT * FROM onchain_payouts WHERE key = ?');
  const waiting = bigRows(
    db,
    'SELECT * FROM onchain_payouts WHERE sending IS NULL AND failure IS NULL ORDER BY payout LIMIT ?',
  );
  const isWaiting = db.prepare(
    'SELECT 1 FROM onchain_payouts WHERE payout = ? AND sending IS NULL AND failure IS NULL',
  );
  const fail = db.prepare(
    'UPDATE onchain_payouts SET failure = ? WHERE payout = ? AND sending IS NULL AND failure IS NULL',
  );
  const assign = db.prepare('UPDATE onchain_payouts SET sending = ? WHERE payout = ?');
  const addSending = bigRows(
    db,
    "INSERT INTO onchain_sendings (state, blocks, height) VALUES ('OPEN', ?, ?) RETURNING sending",
  );
  const renew = db.prepare(`
    UPDATE onchain_sendings SET height = ?
    WHERE sending = ? AND state = 'OPEN' AND NOT EXISTS (SELECT 1 FROM onchain_versions WHERE sending = ? AND number = ?)`);
  const addVersion = bigRows(
    db,
    `INSERT INTO onchain_versions (sending, number, txid, hex, rate, fee, is_sent)
    VALUES (?, ?, ?, ?, ?, ?, 0) RETURNING version`,
  );
  const addInput = db.prepare(`
    INSERT INTO onchain_inputs (outpoint, sending, number) VALUES (?, ?, ?) ON CONFLICT (outpoint) DO NOTHING`);
  const inputHolder = bigRows(db, 'SELECT sending FROM onchain_inputs WHERE outpoint = ?');
  const addPlace = db.prepare('INSERT INTO onchain_places (version, payout, vout) VALUES (?, ?, ?)');
  const open = bigRows(
    db,
    "SELECT * FROM onchain_sendings WHERE state = 'OPEN' AND sending > ? ORDER BY sending LIMIT ?",
  );
  const openOne = bigRows(db, "SELECT * FROM onchain_sendings WHERE sending = ? AND state = 'OPEN'");
  const sendingOf = bigRows(db, 'SELECT * FROM onchain_sendings WHERE sending = ?');
  const versions = bigRows(db, 'SELECT * FROM onchain_versions WHERE sending = ? ORDER BY number');
  const payoutsOf = bigRows(db, 'SELECT * FROM onchain_payouts WHERE sending = ? ORDER BY payout');
  const inputs = db.prepare(
    'SELECT outpoint FROM onchain_inputs WHERE sending = ? AND number = 1 ORDER BY outpoint',
  );
  const place = bigRows(
    db,
    `SELECT vout FROM onchain_places JOIN onchain_versions USING (version) WHERE txid = ? AND payout = ?`,
  );
  const noteSent = db.prepare('UPDATE onchain_versions SET is_sent = 1 WHERE txid = ? AND is_sent = 0');
  const noteMissing = db.prepare(
    "UPDATE onchain_sendings SET missing_since = ? WHERE sending = ? AND state = 'OPEN'",
  );
  const finish = db.prepare(
    "UPDATE onchain_sendings SET state = 'DONE', final_txid = ? WHERE sending = ? AND state = 'OPEN'",
  );
  const kill = db.prepare("UPDATE onchain_sendings SET state = 'DEAD' WHERE sending = ? AND state = 'OPEN'");
  const freePayouts = db.prepare('UPDATE onchain_payouts SET sending = NULL WHERE sending = ?');
  const freeInputs = db.prepare('DELETE FROM onchain_inputs WHERE sending = ?');

  /** @returns coins of it that another sending has */
  function takenInputs({ inputs: coins }: Built, sending?: bigint): string[] {
    return coins.filter((coin) => {
      const holder = inputHolder.get(coin);
      return holder !== undefined && bigInteger(holder, 'sending') !== sending;
    });
  }

  function storeVersion(sending: bigint, number: number, payouts: readonly Payout[], built: Built): void {
    const { txid, hex, rate, fee, places } = built;
    const version = bigInteger(addVersion.get(sending, number, txid, hex, rate, fee) ?? {}, 'version');
    for (const coin of built.inputs) addInput.run(coin, sending, number);
    for (const [i, { payout }] of payouts.entries()) addPlace.run(version, payout, places[i] ?? 0);
  }

  function outpoint(txid: string, payout: bigint): string {
    return `${txid}:${bigInteger(place.get(txid, payout) ?? {}, 'vout')}`;
  }

  function fullSending(row: Row): Sending {
    const key = bigInteger(row, 'sending');
    return {
      sending: Number(key),
      blocks: Number(bigInteger(row, 'blocks')),
      height: Number(bigInteger(row, 'height')),
      missingSince: row['missing_since'] === null ? undefined : Number(bigInteger(row, 'missing_since')),
      versions: versions.all(key).map(versionOf),
      payouts: payoutsOf.all(key).map(payoutOf),
      inputs: inputs.all(key).map((each) => text(each, 'outpoint')),
    };
  }

  /** A payout whose transaction is known. */
  function stateInSending(payout: bigint, sending: bigint): PaymentState {
    const row = sendingOf.get(sending) ?? {};
    const all = versions.all(sending).map(versionOf);
    if (text(row, 'state') !== 'DONE') {
      const sent = all.findLast(({ isSent }) => isSent);
      return sent ? { state: 'pending', proof: outpoint(sent.txid, payout) } : { state: 'pending' };
    }
    const txid = text(row, 'final_txid');
    const payouts = payoutsOf.all(sending).map(payoutOf);
    const fee = all.find((version) => version.txid === txid)?.fee ?? 0n;
    const shares = feeShares(
      fee,
      payouts.map(({ reserve }) => reserve),
    );
    const share = shares[payouts.findIndex((each) => BigInt(each.payout) === payout)] ?? 0n;
    return { state: 'paid', proof: outpoint(txid, payout), fee: share };
  }

  return {
    ...undoneOperations(db),
    ...walletOperations(db),
    ...adoptionOperations(db),
    ...byHandOperations(db, (sending) => {
      const row = openOne.get(sending);
      return row && fullSending(row);
    }),

    /** Step 1; nothing where the key is known. */
    addPayout: ({ key, address, script, amount, reserve, rate, blocks, addedAt }: NewPayout): void => {
      addPayout.run(key, address, script, amount, reserve, rate, blocks, addedAt);
    },

    payoutState: (key: string): PaymentState => {
      const row = byKey.get(key);
      if (!row) return { state: 'unknown' };
      if (row['failure'] !== null) return { state: 'failed', reason: text(row, 'failure') };
      if (row['sending'] === null) return { state: 'pending' };
      return stateInSending(bigInteger(row, 'payout'), bigInteger(row, 'sending'));
    },

    /** The oldest payouts that no transaction makes yet. */
    waitingPayouts: (limit: number): Payout[] => waiting.all(limit).map(payoutOf),

    /** Gives a payout up for good. Precondition: no transaction makes it. */
    failPayout: ({ payout, reason }: { payout: number; reason: string }): void => {
      fail.run(reason, payout);
    },

    /**
     * Step 3. Preconditions: the payouts wait, and no other sending has its coins.
     * @returns the coins that another has; none where it is stored
     * @throws HashpoolError 'payouts-taken' where another process was quicker
     */
    addSending: ({ payouts, blocks, height, built }: NewSending): string[] => {
      if (!payouts.every(({ payout }) => isWaiting.get(payout))) throw payoutsTaken();
      const taken = takenInputs(built);
      if (taken.length > 0) return taken;
      const sending = bigInteger(addSending.get(blocks, height) ?? {}, 'sending');
      for (const { payout } of payouts) assign.run(sending, payout);
      storeVersion(sending, 1, payouts, built);
      return [];
    },

    /**
     * Step 3 for another version. Preconditions: the sending is OPEN, has no such version, and no other has its coins.
     * @returns as addSending
     */
    addVersion: ({ sending, number, height, payouts, built }: NewVersion): string[] => {
      const key = BigInt(sending);
      const taken = takenInputs(built, key);
      if (taken.length > 0) return taken;
      if (renew.run(height, sending, sending, number).changes !== 1) throw payoutsTaken();
      storeVersion(key, number, payouts, built);
      return [];
    },

    /** The oldest that are not final, of those whose row comes after this one. */
    openSendings: ({ after, limit }: { after: number; limit: number }): Sending[] =>
      open.all(after, limit).map(fullSending),

    /** Step 5. @returns whether that is new */
    noteSent: (txid: string): boolean => Number(noteSent.run(txid).changes) === 1,

    /** Since which height one of the coins is gone; undefined for not at all. */
    noteMissing: ({ sending, since }: { sending: number; since: number | undefined }): void => {
      noteMissing.run(since ?? null, sending);
    },

    /** Step 6. */
    finishSending: ({ sending, txid }: { sending: number; txid: string }): void => {
      finish.run(txid, sending);
    },

    /** Its coins are gone for good: its payouts wait for another transaction. Precondition: it is OPEN. */
    killSending: (sending: number): void => {
      if (kill.run(sending).changes !== 1) return;
      freePayouts.run(sending);
      freeInputs.run(sending);
    },
  };
}

export type PayoutOperations = ReturnType<typeof operations>;

function bigRows(db: Database, sql: string) {
  const statement = db.prepare(sql);
  statement.setReadBigInts(true);
  return statement;
}

function payoutsTaken(): HashpoolError {
  return new HashpoolError('payouts-taken', 'another process of the mint makes these payouts');
}

function payoutOf(row: Row): Payout {
  return {
    payout: Number(bigInteger(row, 'payout')),
    key: text(row, 'key'),
    address: text(row, 'address'),
    script: blob(row, 'script'),
    amount: bigInteger(row, 'amount'),
    reserve: bigInteger(row, 'reserve'),
    rate: bigInteger(row, 'rate'),
    blocks: Number(bigInteger(row, 'blocks')),
    addedAt: Number(bigInteger(row, 'added_at')),
  };
}

function versionOf(row: Row): Version {
  return {
    number: Number(bigInteger(row, 'number')),
    txid: text(row, 'txid'),
    hex: text(row, 'hex'),
    rate: bigInteger(row, 'rate'),
    fee: bigInteger(row, 'fee'),
    isSent: bigInteger(row, 'is_sent') === 1n,
  };
}
