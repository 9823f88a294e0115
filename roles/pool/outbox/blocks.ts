import type { DatabaseSync } from 'node:sqlite';
import type { FoundBlock } from '../block.ts';
import type { BlockFate } from '../found-blocks.ts';
import { blob } from './row.ts';

/** Keeps found blocks until the node is known to have them, and as a record. */
export function blockOperations(db: DatabaseSync) {
  const add = db.prepare(
    'INSERT OR IGNORE INTO blocks (hash, header, template_id, coinbase_tx) VALUES (?, ?, ?, ?)',
  );
  const settle = db.prepare('UPDATE blocks SET fate = ? WHERE hash = ?');
  const unseen = db.prepare('SELECT * FROM blocks WHERE fate IS NULL');

  return {
    addBlock({ hashLe, header, templateId, coinbaseTx }: FoundBlock): void {
      add.run(hashLe, header, String(templateId), coinbaseTx);
    },

    settleBlock({ hashLe, fate }: { hashLe: Uint8Array; fate: BlockFate }): void {
      settle.run(fate, hashLe);
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
