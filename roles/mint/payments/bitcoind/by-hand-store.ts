import { HashpoolError } from '../../../../protocols/errors.ts';
import type { Database } from '../../../../runtime/sql/database.ts';
import { bigInteger, integer } from '../../store/row.ts';
import { checkVerdict, type Verdict } from './by-hand.ts';
import type { Sending } from './payout-store.ts';

/** What wallets are told of a payout that an operator calls failed; his own words are kept beside it. */
const FAILURE = 'the mint could not make it; take a new quote';

/**
 * How an operator ends a transaction that stays pending.
 * @param sendingOf an OPEN sending, by its row
 */
export function byHandOperations(db: Database, sendingOf: (sending: number) => Sending | undefined) {
  const end = db.prepare(
    "UPDATE onchain_sendings SET state = ?, final_txid = ?, settled = ? WHERE sending = ? AND state = 'OPEN'",
  );
  const fail = db.prepare('UPDATE onchain_payouts SET failure = ? WHERE sending = ? AND failure IS NULL');
  const freeInputs = db.prepare('DELETE FROM onchain_inputs WHERE sending = ?');
  const versionOf = db.prepare('SELECT sending FROM onchain_versions WHERE txid = ?');
  const addVersion = db.prepare(`
    INSERT INTO onchain_versions (sending, number, txid, hex, rate, fee, is_sent) VALUES (?, ?, ?, ?, 0, 0, 1)
    RETURNING version`);
  addVersion.setReadBigInts(true);
  const addPlace = db.prepare('INSERT INTO onchain_places (version, payout, vout) VALUES (?, ?, ?)');

  return {
    /**
     * Ends a sending as its operator says: its payouts are paid by the evidence, or have failed and are never sent again.
     * Precondition: it is OPEN, and `checkVerdict` has nothing against it.
     * @returns the payouts' keys
     * @throws HashpoolError 'payout-not-open' and those of `checkVerdict`
     */
    settleByHand: (verdict: Verdict): string[] => {
      const sending = sendingOf(verdict.sending);
      if (!sending) throw notOpen(verdict.sending);
      const places = checkVerdict(sending, verdict);
      const { evidence, reason, at } = verdict;
      const record = JSON.stringify({ at, reason, isForced: verdict.isForced, txid: evidence?.txid ?? null });
      const isFailed = verdict.end === 'failed';
      const known = evidence && versionOf.get(evidence.txid);
      if (known && integer(known, 'sending') !== sending.sending) throw ofOthers(verdict.sending);
      if (evidence && !isFailed && !known) {
        const number = 1 + Math.max(...sending.versions.map((version) => version.number));
        const row = addVersion.get(sending.sending, number, evidence.txid, evidence.hex) ?? {};
        const version = bigInteger(row, 'version');
        for (const [payout, vout] of places) addPlace.run(version, payout, vout);
      }
      const txid = isFailed ? null : (evidence?.txid ?? null);
      end.run(isFailed ? 'DEAD' : 'DONE', txid, record, sending.sending);
      if (isFailed) {
        fail.run(FAILURE, sending.sending);
        freeInputs.run(sending.sending);
      }
      return sending.payouts.map(({ key }) => key);
    },
  };
}

function notOpen(sending: number): HashpoolError {
  return new HashpoolError(
    'payout-not-open',
    `not settled: transaction ${sending} is not among those under way`,
  );
}

/** One output pays one payout. */
function ofOthers(sending: number): HashpoolError {
  return new HashpoolError(
    'evidence-refutes',
    `not settled: that transaction pays other payouts, and not those of transaction ${sending}`,
  );
}
