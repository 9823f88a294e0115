import type { DatabaseSync } from 'node:sqlite';
import { inTransaction } from '../../runtime/sql/database.ts';
import type { LockKey, WalletSeed } from './seed.ts';

/** A key is asked for at least this often, however long nothing has come for it. */
const LONGEST_PAUSE_MS = 24 * 3_600_000;
/** A key quiet for a time rests for this part of that time, less a minute: one that works is asked at every pass. */
const PAUSE_PART = 16;
const NO_PAUSE_BELOW_MS = 60_000;

/** So many keys in a row that no quote was ever seen for, and a restore looks no further; no more are handed out. */
export const KEY_GAP = 200;
/** Keys that this database does not know and that are derived to find one: a restore notes those with quotes only. */
const KEYS_TRIED = 1000;

/** The lock keys that were handed out, and when the mint was last asked for their quotes. */
export interface LockKeys {
  /**
   * The key of `purpose`, the same one whenever it is asked for; a new one is derived at the first time, or where
   * that would leave a gap that hides it from a restore, the oldest one that no quote was seen for.
   * @param purpose what the key is for, such as a channel and an epoch
   */
  forPurpose(purpose: string, now: number): LockKey;
  /** Notes that there is a quote for `key`; while restoring it may be a key not known yet. */
  used(key: LockKey, now: number): void;
  /** Notes that `key` was handed out, where nothing is known that will always be found for it. */
  known(key: LockKey, now: number): void;
  /** Keys whose turn it is, the longest unasked first, without those asked since `passBegan`; a clock that ran ahead once hides none. */
  due(passBegan: number, limit: number): LockKey[];
  /** The keys with this index and above that are known, the lowest first. */
  from(index: number, limit: number): LockKey[];
  /** Our key with the x of `publicKey` (66 hex digits), which a restored wallet may have handed out before. */
  find(publicKey: string): LockKey | undefined;
  /** Notes whether the mint pays a key's quotes to an address: while it does, it is never `due`. */
  setAutoPaid(key: LockKey, isAutoPaid: boolean, now: number): void;
  isAutoPaid(key: LockKey): boolean;
  asked(indexes: readonly number[], withNews: ReadonlySet<number>, now: number): void;
}

/** @param db opened with `walletSchema` */
export function openLockKeys(db: DatabaseSync, seed: WalletSeed): LockKeys {
  const byPurpose = db.prepare('UPDATE lock_keys SET news_at = ? WHERE purpose = ? RETURNING key_index');
  const next = db.prepare(
    `SELECT coalesce(max(key_index) + 1, 0) AS next, coalesce(max(key_index) FILTER (WHERE is_used), -1) AS last_used
     FROM lock_keys`,
  );
  const insert = db.prepare(
    'INSERT INTO lock_keys (key_index, public_key, purpose, news_at) VALUES (?, ?, ?, ?)',
  );
  const reuse = db.prepare(
    `UPDATE lock_keys SET purpose = ?, news_at = ?
     WHERE key_index = (SELECT key_index FROM lock_keys WHERE NOT is_used ORDER BY news_at, key_index LIMIT 1)
     RETURNING key_index`,
  );
  const noteUsed = db.prepare(
    `INSERT INTO lock_keys (key_index, public_key, is_used, news_at) VALUES (?, ?, 1, ?)
     ON CONFLICT (key_index) DO UPDATE SET is_used = 1`,
  );
  const noteKnown = db.prepare(
    `INSERT INTO lock_keys (key_index, public_key, news_at) VALUES (?, ?, ?) ON CONFLICT (key_index) DO NOTHING`,
  );
  const dueKeys = db.prepare(
    `SELECT key_index FROM lock_keys
     WHERE NOT is_auto_paid AND (asked_at > ?1 + ${LONGEST_PAUSE_MS} OR asked_at < ?1
       AND ?1 - asked_at >= min((?1 - news_at) / ${PAUSE_PART} - ${NO_PAUSE_BELOW_MS}, ${LONGEST_PAUSE_MS}))
     ORDER BY asked_at LIMIT ?2`,
  );
  const knownFrom = db.prepare(
    'SELECT key_index FROM lock_keys WHERE key_index >= ? ORDER BY key_index LIMIT ?',
  );
  const setAutoPaid = db.prepare(
    'UPDATE lock_keys SET is_auto_paid = ?, news_at = ?, asked_at = 0 WHERE key_index = ?',
  );
  const isAutoPaid = db.prepare('SELECT 1 FROM lock_keys WHERE key_index = ? AND is_auto_paid = 1');
  const byPublicKey = db.prepare('SELECT key_index FROM lock_keys WHERE public_key IN (?, ?)');
  const isKnown = db.prepare('SELECT 1 FROM lock_keys WHERE key_index = ?');
  const noteAsked = db.prepare('UPDATE lock_keys SET asked_at = ? WHERE key_index = ?');
  const noteNews = db.prepare('UPDATE lock_keys SET asked_at = ?, news_at = ? WHERE key_index = ?');

  return {
    forPurpose: (purpose, now) =>
      inTransaction(db, () => {
        const known = byPurpose.get(now, purpose);
        if (known) return seed.lockKey(Number(known['key_index']));
        const { next: index, last_used: lastUsed } = next.get() ?? {};
        if (Number(index) - Number(lastUsed) > KEY_GAP) {
          return seed.lockKey(Number(reuse.get(purpose, now)?.['key_index']));
        }
        const key = seed.lockKey(Number(index));
        insert.run(key.index, key.publicKey, purpose, now);
        return key;
      }),
    used: (key, now) => {
      noteUsed.run(key.index, key.publicKey, now);
    },
    known: (key, now) => {
      noteKnown.run(key.index, key.publicKey, now);
    },
    due: (passBegan, limit) =>
      dueKeys.all(passBegan, limit).map((row) => seed.lockKey(Number(row['key_index']))),
    from: (index, limit) => knownFrom.all(index, limit).map((row) => seed.lockKey(Number(row['key_index']))),
    find: (publicKey) => {
      const x = publicKey.slice(2).toLowerCase();
      const known = byPublicKey.get(`02${x}`, `03${x}`);
      if (known) return seed.lockKey(Number(known['key_index']));
      let tried = 0;
      for (
        let index = Number(next.get()?.['next']) + KEY_GAP - 1;
        index >= 0 && tried < KEYS_TRIED;
        index--
      ) {
        if (isKnown.get(index)) continue;
        tried++;
        const key = seed.lockKey(index);
        if (key.publicKey.slice(2) === x) return key;
      }
      return undefined;
    },
    setAutoPaid: (key, isAutoPaid, now) =>
      inTransaction(db, () => {
        noteKnown.run(key.index, key.publicKey, now);
        setAutoPaid.run(isAutoPaid ? 1 : 0, now, key.index);
      }),
    isAutoPaid: ({ index }) => isAutoPaid.get(index) !== undefined,
    asked: (indexes, withNews, now) =>
      inTransaction(db, () => {
        for (const index of indexes) {
          if (withNews.has(index)) noteNews.run(now, now, index);
          else noteAsked.run(now, index);
        }
      }),
  };
}
