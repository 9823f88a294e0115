import type { TransactionOutput } from '../../../protocols/bitcoin/output.ts';
import { equalBytes } from '../../../protocols/bytes.ts';
import { BLOCK_STATES, type BlockState } from '../../../protocols/ehash/work-link.ts';
import { HashpoolError } from '../../../protocols/errors.ts';
import type { Database } from '../../../runtime/sql/database.ts';
import { coinbasePayments } from './coinbase-payments.ts';
import { blob, integer, type Row } from './row.ts';

/** A block's place. */
export interface ChainPoint {
  readonly height: number;
  /** 32 bytes, header order. */
  readonly hashLe: Uint8Array;
}

/** How far the chain was followed. */
export interface Followed {
  /** Undefined both before the first block. */
  readonly first: ChainPoint | undefined;
  readonly last: ChainPoint | undefined;
  /** Height of the first epoch of all pools; undefined before one is open. */
  readonly firstEpoch: number | undefined;
}

/** What a coinbase pays to a pool's script. */
export interface Payment {
  /** 33 bytes. */
  readonly poolId: Uint8Array;
  /** Satoshis. */
  readonly value: bigint;
  /** All that the coinbase pays, to whomever. */
  readonly coinbaseValue: bigint;
}

/** A coinbase that pays a pool. */
export interface Coinbase {
  /** 32 bytes, as hashed. */
  readonly txidLe: Uint8Array;
  readonly outputs: readonly TransactionOutput[];
}

/** A block of the active chain, as it was read. */
export interface FollowedBlock extends ChainPoint {
  /** False where the node has pruned it: then nobody knows what it pays. */
  readonly isRead: boolean;
  readonly payments: readonly Payment[];
  /** What else its coinbase pays, where it pays a pool. */
  readonly coinbase?: Coinbase | undefined;
}

/** A block with what links it to the one before. */
export interface LinkedBlock extends FollowedBlock {
  /** 32 bytes, header order. */
  readonly prevHashLe: Uint8Array;
}

/** A block that pays a pool's script or that the pool has mined. */
export interface PoolBlock extends BlockState {
  readonly poolId: Uint8Array;
  /** Satoshis to the pool's script; undefined where the block could not be read. */
  readonly value: bigint | undefined;
  /** Whether its hash is a share of that pool, which else is given something by a stranger. */
  readonly isShare: boolean;
  /** The state that was told last. */
  readonly told: BlockState['state'] | undefined;
}

/** What is to be told, and whether more may be, without a new block. */
export interface Untold {
  readonly blocks: readonly PoolBlock[];
  /** There are blocks that pay a pool and are no share of it: the share may be on its way. */
  readonly isShareMissing: boolean;
}

/** Blocks that are looked at for a share that came later than they, where they do not pay its pool. */
const LATE_SHARE_REACH = 144;
/** News in one answer. */
const MOST_NEWS = 500;

/** Its parameter: the confirmations that make a block final. */
const select = `
  SELECT b.hash, b.pool_id, b.height, b.value, b.told,
    CASE WHEN c.hash IS NULL THEN 0 ELSE (SELECT max(height) FROM chain) - b.height + 1 END AS confirmations,
    CASE WHEN c.hash IS NULL THEN 'orphaned'
      WHEN (SELECT max(height) FROM chain) - b.height + 1 >= ? THEN 'confirmed' ELSE 'found' END AS state,
    CASE WHEN EXISTS (
      SELECT 1 FROM quotes JOIN segments USING (segment) JOIN epochs USING (epoch)
      WHERE share_hash = b.hash AND epochs.pool_id = b.pool_id) THEN 1 ELSE 0 END AS is_share
  FROM pool_blocks AS b LEFT JOIN chain AS c ON c.hash = b.hash`;

/** Keeps the chain as it was followed, and the blocks in it that concern a pool. */
export function chainOperations(db: Database) {
  const first = db.prepare('SELECT height, hash FROM chain ORDER BY height LIMIT 1');
  const last = db.prepare('SELECT height, hash FROM chain ORDER BY height DESC LIMIT 1');
  const firstEpoch = db.prepare('SELECT opened_height AS height FROM epochs ORDER BY opened_height LIMIT 1');
  const at = db.prepare('SELECT height, hash FROM chain WHERE height = ?');
  const add = db.prepare('INSERT INTO chain (height, hash, is_read) VALUES (?, ?, ?)');
  const cut = db.prepare('DELETE FROM chain WHERE height > ?');
  const addPayment = db.prepare(`
    INSERT INTO pool_blocks (hash, pool_id, height, value, coinbase_value) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (hash, pool_id) DO UPDATE SET value = excluded.value, coinbase_value = excluded.coinbase_value`);
  const addMined = db.prepare(`
    INSERT INTO pool_blocks (hash, pool_id, height, value)
    SELECT chain.hash, epochs.pool_id, chain.height, CASE WHEN chain.is_read = 1 THEN 0 END
    FROM chain JOIN quotes ON share_hash = chain.hash JOIN segments USING (segment) JOIN epochs USING (epoch)
    WHERE chain.height > ? ON CONFLICT (hash, pool_id) DO NOTHING`);
  const unread = db.prepare('SELECT height, hash FROM chain WHERE is_read = 0 ORDER BY height DESC LIMIT ?');
  const markRead = db.prepare('UPDATE chain SET is_read = 1 WHERE height = ? AND hash = ?');
  const paysNothing = db.prepare('UPDATE pool_blocks SET value = 0 WHERE hash = ? AND value IS NULL');
  const changed = db.prepare(`
    SELECT * FROM (${select}) AS news WHERE (told IS NULL OR told <> state) AND is_share = 1
    ORDER BY height LIMIT ${MOST_NEWS}`);
  const missing = db.prepare('SELECT 1 AS one FROM pool_blocks WHERE told IS NULL LIMIT 1');
  const tell = db.prepare('UPDATE pool_blocks SET told = ? WHERE hash = ? AND pool_id = ?');
  const ofPool = db.prepare(`
    SELECT * FROM (${select} WHERE b.pool_id = ?) AS mined WHERE is_share = 1 ORDER BY height DESC LIMIT ?`);
  const count = db.prepare(
    'SELECT told, count(*) AS n FROM pool_blocks WHERE told IS NOT NULL GROUP BY told',
  );

  const keepCoinbase = coinbasePayments(db);

  function keepPayments(block: LinkedBlock): void {
    const { height, hashLe, payments } = block;
    for (const { poolId, value, coinbaseValue } of payments) {
      addPayment.run(hashLe, poolId, height, value, coinbaseValue);
    }
    keepCoinbase(block);
  }

  return {
    followed: (_: null): Followed => ({
      first: pointOf(first.get()),
      last: pointOf(last.get()),
      firstEpoch: heightOf(firstEpoch.get()),
    }),

    /** The block that was followed at a height, if any. */
    followedAt: (height: number): ChainPoint | undefined => pointOf(at.get(height)),

    /**
     * Goes on with blocks. Precondition: each follows the last one; one that another process has added stays as it is.
     * @throws HashpoolError 'chain-moved' where one does not: the chain moved while it was read, or another process
     * has followed it elsewhere meanwhile
     */
    follow: (blocks: readonly LinkedBlock[]): void => {
      for (const block of blocks) {
        if (isSame(pointOf(at.get(block.height)), block)) continue;
        const before = pointOf(last.get());
        if (before && !isSame(before, { height: block.height - 1, hashLe: block.prevHashLe })) {
          throw new HashpoolError(
            'chain-moved',
            `block ${block.height} does not follow the one before: the chain moved`,
          );
        }
        add.run(block.height, block.hashLe, block.isRead ? 1 : 0);
        keepPayments(block);
      }
    },

    /** Takes back what was followed above a height; the pools' blocks in it stay, and are orphaned by that. */
    rollBack: (height: number): void => {
      cut.run(height);
    },

    /** Blocks that could not be read when they were followed, newest first. */
    unreadBlocks: (limit: number): ChainPoint[] => unread.all(limit).flatMap((row) => pointOf(row) ?? []),

    /** Adds what a block pays that could not be read before. */
    readLate: (block: LinkedBlock): void => {
      markRead.run(block.height, block.hashLe);
      keepPayments(block);
      paysNothing.run(block.hashLe);
    },

    /** The pools' blocks whose state is another than was told, lowest first. @param confirmations make a block final */
    untold: (confirmations: number): Untold => {
      addMined.run((pointOf(last.get())?.height ?? 0) - LATE_SHARE_REACH);
      const blocks = changed.all(confirmations).map(poolBlockOf);
      return { blocks, isShareMissing: missing.get() !== undefined };
    },

    /** Notes states as told. */
    blocksTold: (blocks: readonly Pick<PoolBlock, 'hashLe' | 'poolId' | 'state'>[]): void => {
      for (const { hashLe, poolId, state } of blocks) tell.run(state, hashLe, poolId);
    },

    /** A pool's latest blocks that are shares of its, lowest first. */
    blocksOfPool: ({
      poolId,
      confirmations,
      limit,
    }: {
      poolId: Uint8Array;
      confirmations: number;
      limit: number;
    }): PoolBlock[] => ofPool.all(confirmations, poolId, limit).map(poolBlockOf).reverse(),

    /** How many blocks of all pools were told last as being in each state. */
    toldStates: (_: null): Partial<Record<BlockState['state'], number>> =>
      Object.fromEntries(count.all().map((row) => [row['told'], integer(row, 'n')])),
  };
}

export type ChainOperations = ReturnType<typeof chainOperations>;

function isSame(a: ChainPoint | undefined, b: ChainPoint): boolean {
  return a?.height === b.height && equalBytes(a.hashLe, b.hashLe);
}

function heightOf(row: Row | undefined): number | undefined {
  return row && integer(row, 'height');
}

function pointOf(row: Row | undefined): ChainPoint | undefined {
  return row && { height: integer(row, 'height'), hashLe: blob(row, 'hash') };
}

function poolBlockOf(row: Row): PoolBlock {
  return {
    hashLe: blob(row, 'hash'),
    poolId: blob(row, 'pool_id'),
    height: integer(row, 'height'),
    value: row['value'] === null ? undefined : BigInt(integer(row, 'value')),
    isShare: integer(row, 'is_share') === 1,
    told: row['told'] === null ? undefined : stateOf(row['told']),
    state: stateOf(row['state']),
    confirmations: integer(row, 'confirmations'),
  };
}

function stateOf(text: unknown): BlockState['state'] {
  const state = BLOCK_STATES.find((known) => known === text);
  if (state) return state;
  throw new HashpoolError('bad-row', "column told of the mint's database holds no state; restore a backup");
}
