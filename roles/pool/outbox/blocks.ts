import type { DatabaseSync } from 'node:sqlite';
import type { BlockState } from '../../../protocols/ehash/work-link.ts';
import type { FoundBlock } from '../../../services/template-client/found-block.ts';
import type { BlockFate } from '../../../services/template-client/unseen-blocks.ts';
import { blob } from './row.ts';

/** Blocks of this outbox since it began. */
export interface BlockCounts {
  readonly found: number;
  readonly confirmed: number;
  /** Those that left the chain, and those that were never seen in it. */
  readonly orphaned: number;
}

/** Keeps found blocks until the node is known to have them, and as a record. */
export function blockOperations(db: DatabaseSync) {
  const add = db.prepare(
    'INSERT OR IGNORE INTO blocks (hash, header, template_id, coinbase_tx) VALUES (?, ?, ?, ?)',
  );
  const settle = db.prepare('UPDATE blocks SET fate = ? WHERE hash = ?');
  const stateOf = db.prepare('SELECT state FROM blocks WHERE hash = ?');
  const setState = db.prepare('UPDATE blocks SET state = ?, height = ?, confirmations = ? WHERE hash = ?');
  const count = db.prepare(`
    SELECT count(*) AS found, coalesce(sum(state = 'confirmed'), 0) AS confirmed,
      coalesce(sum(coalesce(state, CASE fate WHEN 'given-up' THEN 'orphaned' END) = 'orphaned'), 0) AS orphaned
    FROM blocks`);
  const unseen = db.prepare('SELECT * FROM blocks WHERE fate IS NULL');

  return {
    addBlock({ hashLe, header, templateId, coinbaseTx }: FoundBlock): void {
      add.run(hashLe, header, String(templateId), coinbaseTx);
    },

    settleBlock({ hashLe, fate }: { hashLe: Uint8Array; fate: BlockFate }): void {
      settle.run(fate, hashLe);
    },

    /** Keeps how a block stands. @returns whether it stood otherwise before; false for a block of another outbox */
    keepBlockState({ hashLe, state, height, confirmations }: BlockState): boolean {
      const before = stateOf.get(hashLe);
      setState.run(state, height, confirmations, hashLe);
      return before !== undefined && before['state'] !== state;
    },

    countBlocks(_: undefined): BlockCounts {
      const { found, confirmed, orphaned } = count.get() ?? {};
      return { found: Number(found), confirmed: Number(confirmed), orphaned: Number(orphaned) };
    },

    /** Blocks that the node is not known to have. */
    unseenBlocks: (_: undefined): FoundBlock[] =>
      unseen.all().map((row) => ({
        hashLe: blob(row['hash']),
        header: blob(row['header']),
        templateId: BigInt(String(row['template_id'])),
        coinbaseTx: blob(row['coinbase_tx']),
      })),
  };
}
