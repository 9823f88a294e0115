import { randomBytes } from 'node:crypto';
import { toHex } from '../../../protocols/bytes.ts';
import {
  type BlockState,
  OUTBOX_ID_BYTES,
  type Refusal,
  type ShownShare,
  type Terms,
} from '../../../protocols/ehash/work-link.ts';
import { openStore, type Store } from '../../../runtime/sql/store.ts';
import type { ShareOrigin } from '../../../services/mining-server/share-commits.ts';
import type { FoundBlock } from '../../../services/template-client/found-block.ts';
import type { BlockFate } from '../../../services/template-client/unseen-blocks.ts';
import type { WorkSource } from '../../../services/work-link/client.ts';
import type { BlockCounts } from './blocks.ts';
import type { OutboxOperations, OutboxState } from './operations.ts';
import { Origins } from './origins.ts';
import { shownShares } from './shown-shares.ts';

/** Shares that are read at once for who works on each of them: a few milliseconds' work. */
const PORTION = 2048;

/** Accepted shares on the disk, until the mint has them and beyond. */
export class Outbox implements WorkSource {
  readonly #path: string;
  readonly #store: Store<OutboxOperations>;
  readonly #outboxId: Uint8Array;
  readonly #origins: Origins;
  /** Prev hashes on which an earlier run stored shares, and the number of its last share. */
  readonly #earlier: { readonly prevHashes: ReadonlySet<string>; readonly lastSeq: number };
  #lastSeq: number;
  #storedSeq: number;
  #terms: Terms | undefined;
  /** The server id that the mint leased last: the pool's until the mint says otherwise. */
  readonly leasedEarlier: number | undefined;

  private constructor(path: string, store: Store<OutboxOperations>, state: OutboxState) {
    this.#path = path;
    this.#store = store;
    this.#outboxId = state.outboxId;
    this.#origins = new Origins(state.lastJob);
    this.#lastSeq = state.lastSeq;
    this.#storedSeq = state.storedSeq;
    this.#terms = state.terms;
    this.leasedEarlier = state.serverId;
    this.#earlier = { prevHashes: new Set(state.prevHashes.map(toHex)), lastSeq: state.lastSeq };
  }

  /**
   * Opens the outbox, or begins one.
   * @throws HashpoolError 'database-open', 'database-newer'
   */
  static async open(path: string): Promise<Outbox> {
    const store = await openStore<OutboxOperations>({
      module: new URL('./operations.ts', import.meta.url),
      path,
      name: 'outbox',
      data: { newOutboxId: Uint8Array.from(randomBytes(OUTBOX_ID_BYTES)) },
    });
    return new Outbox(path, store, await store.call('load', undefined));
  }

  /** As `openStore` has it. */
  get died(): Promise<Error> {
    return this.#store.died;
  }

  /** 16 bytes that name this outbox to the mint. */
  get outboxId(): Uint8Array {
    return this.#outboxId;
  }

  /** The last share's number, which is also their count. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  get storedSeq(): number {
    return this.#storedSeq;
  }

  /** Calls that wait for the store. */
  get pending(): number {
    return this.#store.pending;
  }

  /** What the mint said last that it pays for. */
  get terms(): Terms | undefined {
    return this.#terms;
  }

  /**
   * Appends a commit's packed records; resolves once they are on the disk.
   * @param origins of what each was made; left out where nobody is to be shown them
   * @returns the numbers of the first and the last
   */
  async append(
    records: Uint8Array,
    count: number,
    origins: readonly ShareOrigin[] = [],
  ): Promise<{ first: number; last: number }> {
    const last = await this.#origins.store(origins, (packed) =>
      this.#store.call('append', { records, count, ...packed }),
    );
    this.#lastSeq = last;
    return { first: last - count + 1, last };
  }

  read(firstSeq: number, limit: number): Promise<Uint8Array> {
    return this.#store.call('read', { firstSeq, limit });
  }

  /**
   * Packed records in portions, those that an earlier run stored on this prev hash among them; without a call to the
   * store where there are none.
   */
  async *storedEarlier(prevHashLe: Uint8Array): AsyncGenerator<Uint8Array> {
    const { prevHashes, lastSeq } = this.#earlier;
    if (!prevHashes.has(toHex(prevHashLe))) return;
    const first = await this.#store.call('firstOn', { prevHashLe });
    for (let seq = first ?? lastSeq + 1; seq <= lastSeq; seq += PORTION) {
      yield await this.read(seq, Math.min(PORTION, lastSeq - seq + 1));
    }
  }

  /** Shares by their hashes, as they are shown to whoever checks a report. */
  shown(hashesLe: readonly Uint8Array[]): Promise<ShownShare[]> {
    return shownShares(this.#path, hashesLe);
  }

  async acknowledged(ack: {
    storedSeq: number;
    backedUpSeq: number;
    refusals: readonly Refusal[];
  }): Promise<void> {
    await this.#store.call('acknowledge', ack);
    this.#storedSeq = ack.storedSeq;
  }

  async keepTerms(terms: Terms): Promise<void> {
    await this.#store.call('keepTerms', terms);
    this.#terms = terms;
  }

  async keepServerId(serverId: number): Promise<void> {
    await this.#store.call('keepServerId', serverId);
  }

  /** Keeps a found block; resolves once it is on the disk. */
  async addBlock(block: FoundBlock): Promise<void> {
    await this.#store.call('addBlock', block);
  }

  async settleBlock(hashLe: Uint8Array, fate: BlockFate): Promise<void> {
    await this.#store.call('settleBlock', { hashLe, fate });
  }

  /** Keeps how the mint says that a block stands; gives whether it stood otherwise before. */
  keepBlockState(block: BlockState): Promise<boolean> {
    return this.#store.call('keepBlockState', block);
  }

  countBlocks(): Promise<BlockCounts> {
    return this.#store.call('countBlocks', undefined);
  }

  /** Found blocks that the node is not known to have. */
  unseenBlocks(): Promise<FoundBlock[]> {
    return this.#store.call('unseenBlocks', undefined);
  }

  /** Resolves while the store's thread answers. */
  async ping(): Promise<void> {
    await this.#store.call('ping', undefined);
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
