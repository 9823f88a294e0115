import { concatBytes, readU32Le } from '../../../protocols/bytes.ts';
import type { HashedJob } from '../../../protocols/crypto/hash.ts';
import { HashpoolError } from '../../../protocols/errors.ts';
import type { ShareOrigin } from '../../../services/mining-server/share-commits.ts';

/** A job as the outbox keeps it. */
export interface KeptJob {
  readonly job: number;
  readonly prefix: Uint8Array;
  readonly suffix: Uint8Array;
  /** 32 bytes for each step. */
  readonly path: Uint8Array;
}

/** Of what a commit's shares were made, and jobs among that which are not kept yet. */
export interface PackedOrigins {
  /** For each share [ job 4, little-endian ][ length 1 ][ extranonce ]; null for none. */
  readonly origins: Uint8Array | null;
  readonly jobs: readonly KeptJob[];
}

/** Numbers the jobs of shares, so that each is kept once. */
export class Origins {
  readonly #numbers = new WeakMap<HashedJob, number>();
  #last: number;

  /** @param last the number of the last job that is kept */
  constructor(last: number) {
    this.#last = last;
  }

  /** Has a commit's origins stored; jobs that were not are new again. */
  async store<T>(origins: readonly ShareOrigin[], store: (packed: PackedOrigins) => Promise<T>): Promise<T> {
    const fresh: HashedJob[] = [];
    const packed = this.#pack(origins, fresh);
    try {
      return await store(packed);
    } catch (error) {
      for (const job of fresh) this.#numbers.delete(job);
      throw error;
    }
  }

  #pack(origins: readonly ShareOrigin[], fresh: HashedJob[]): PackedOrigins {
    const jobs: KeptJob[] = [];
    const bytes = new Uint8Array(origins.reduce((sum, { extranonce }) => sum + 5 + extranonce.length, 0));
    const view = new DataView(bytes.buffer);
    let at = 0;
    for (const { hashed, extranonce } of origins) {
      let number = this.#numbers.get(hashed);
      if (number === undefined) {
        number = ++this.#last;
        this.#numbers.set(hashed, number);
        fresh.push(hashed);
        jobs.push(keptJob(number, hashed));
      }
      view.setUint32(at, number, true);
      bytes[at + 4] = extranonce.length;
      bytes.set(extranonce, at + 5);
      at += 5 + extranonce.length;
    }
    return { origins: bytes.length === 0 ? null : bytes, jobs };
  }
}

function keptJob(job: number, { coinbasePrefix, coinbaseSuffix, merklePath }: HashedJob): KeptJob {
  return { job, prefix: coinbasePrefix, suffix: coinbaseSuffix, path: concatBytes(...merklePath) };
}

/** The job's number and the extranonce of the share at `index` of a commit. @throws HashpoolError 'bad-outbox' */
export function originAt(origins: Uint8Array, index: number): { job: number; extranonce: Uint8Array } {
  let at = 0;
  for (let i = 0; i < index; i++) at += 5 + (origins[at + 4] ?? 0);
  const end = at + 5 + (origins[at + 4] ?? 0);
  if (end <= origins.length)
    return { job: readU32Le(origins, at), extranonce: origins.subarray(at + 5, end) };
  throw new HashpoolError('bad-outbox', 'the outbox says of fewer shares of what they were made than it has');
}
