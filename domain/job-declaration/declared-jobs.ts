import { equalBytes } from '../../protocols/bytes.ts';
import { HashpoolError } from '../../protocols/errors.ts';
import type { DeclaredBlock } from './declared-block.ts';
import { HeldBuffers } from './held-buffers.ts';

/** Jobs of one connection: found blocks are looked for among so many, the newest first. */
export const MAX_JOBS = 4;
/** What one address may hold of all the room, as a divisor of it. */
export const ADDRESS_SHARE = 8;

/** The jobs of one connection. */
export interface JobShelf {
  /** The newest first. All on one tip, so that what went with a tip is not kept. */
  readonly jobs: readonly DeclaredBlock[];
  /**
   * Keeps a job of the node's tip, in the place of the oldest where there are {@link MAX_JOBS}.
   * @throws HashpoolError 'too-many-declarations' where there is no room for its transactions; the others are kept
   */
  keep(job: DeclaredBlock): void;
  /** Forgets the jobs, and keeps none from then on. */
  close(): void;
}

/** What the connections of one address hold. */
interface Holder {
  readonly held: HeldBuffers;
  readonly shelves: Set<Shelf>;
}

/**
 * The jobs that all clients have declared, up to a number of bytes of memory. A transaction takes room once, however many
 * jobs have it; of one address, once in its share. Jobs of another tip make room where there is none left.
 */
export class DeclaredJobs {
  readonly #maxBytes: number;
  readonly #held = new HeldBuffers();
  readonly #holders = new Map<string, Holder>();

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#held.bytes;
  }

  /** @param client address of the connection, as limits count it */
  open(client: string): JobShelf {
    const holder = this.#holders.get(client) ?? { held: new HeldBuffers(), shelves: new Set() };
    this.#holders.set(client, holder);
    const shelf = new Shelf({
      all: this.#held,
      ofAddress: holder.held,
      makeRoom: (job) => this.#makeRoom(holder, job),
      closed: () => {
        holder.shelves.delete(shelf);
        if (holder.shelves.size === 0) this.#holders.delete(client);
      },
    });
    holder.shelves.add(shelf);
    return shelf;
  }

  /** What is full with this job in it, in words; undefined where there is room, which jobs of other tips may have made. */
  #makeRoom(holder: Holder, { prevHashLe }: DeclaredBlock): string | undefined {
    const share = Math.floor(this.#maxBytes / ADDRESS_SHARE);
    if (holder.held.bytes > share) for (const shelf of holder.shelves) shelf.leave(prevHashLe);
    if (holder.held.bytes > share) return `jobs of one address may hold ${share} bytes of transactions`;
    if (this.#held.bytes > this.#maxBytes)
      for (const { shelves } of this.#holders.values()) for (const shelf of shelves) shelf.leave(prevHashLe);
    if (this.#held.bytes > this.#maxBytes)
      return `jobs of all clients may hold ${this.#maxBytes} bytes of transactions`;
    return undefined;
  }
}

interface ShelfParts {
  readonly all: HeldBuffers;
  readonly ofAddress: HeldBuffers;
  makeRoom(job: DeclaredBlock): string | undefined;
  closed(): void;
}

class Shelf implements JobShelf {
  readonly #parts: ShelfParts;
  #jobs: readonly DeclaredBlock[] = [];
  #isOpen = true;

  constructor(parts: ShelfParts) {
    this.#parts = parts;
  }

  get jobs(): readonly DeclaredBlock[] {
    return this.#jobs;
  }

  keep(job: DeclaredBlock): void {
    if (!this.#isOpen) return;
    const earlier = this.#jobs;
    this.#put([job, ...onTip(earlier, job.prevHashLe)].slice(0, MAX_JOBS));
    const full = this.#parts.makeRoom(job);
    if (full === undefined) return;
    this.#put(earlier);
    throw new HashpoolError(
      'too-many-declarations',
      `no room for this job: ${full}. Try again with the next block`,
    );
  }

  /** Forgets the jobs that are not on this tip. */
  leave(prevHashLe: Uint8Array): void {
    this.#put(onTip(this.#jobs, prevHashLe));
  }

  close(): void {
    this.#isOpen = false;
    this.#put([]);
    this.#parts.closed();
  }

  #put(jobs: readonly DeclaredBlock[]): void {
    const { all, ofAddress } = this.#parts;
    const added = jobs.filter((job) => !this.#jobs.includes(job)).flatMap(buffersOf);
    const dropped = this.#jobs.filter((job) => !jobs.includes(job)).flatMap(buffersOf);
    this.#jobs = jobs;
    for (const held of [all, ofAddress]) {
      held.add(added);
      held.remove(dropped);
    }
  }
}

const onTip = (jobs: readonly DeclaredBlock[], tipLe: Uint8Array): readonly DeclaredBlock[] =>
  jobs.filter(({ prevHashLe }) => equalBytes(prevHashLe, tipLe));

const buffersOf = ({ coinbase, transactions }: DeclaredBlock): readonly Uint8Array[] => [
  coinbase.prefix,
  coinbase.suffix,
  ...transactions,
];
