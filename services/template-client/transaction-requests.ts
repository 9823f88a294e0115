import { HashpoolError } from '../../protocols/errors.ts';

/** Questions to one template provider that wait for an answer. */
const MOST_REQUESTS = 64;

interface Waiting {
  resolve(transactions: readonly Uint8Array[]): void;
  reject(error: HashpoolError): void;
}

/** RequestTransactionData that were sent, by template; the same template may be asked for more than once. */
export class TransactionRequests {
  readonly #waiting = new Map<bigint, Waiting[]>();
  #count = 0;

  /** @throws HashpoolError 'too-many-requests' */
  add(templateId: bigint): Promise<readonly Uint8Array[]> {
    if (this.#count >= MOST_REQUESTS) {
      throw new HashpoolError(
        'too-many-requests',
        `${MOST_REQUESTS} requests wait for the template provider`,
      );
    }
    this.#count++;
    return new Promise((resolve, reject) => {
      const others = this.#waiting.get(templateId) ?? [];
      this.#waiting.set(templateId, [...others, { resolve, reject }]);
    });
  }

  succeed(templateId: bigint, transactions: readonly Uint8Array[]): void {
    for (const waiting of this.#take(templateId)) waiting.resolve(transactions);
  }

  fail(templateId: bigint, error: HashpoolError): void {
    for (const waiting of this.#take(templateId)) waiting.reject(error);
  }

  failAll(error: HashpoolError): void {
    for (const templateId of [...this.#waiting.keys()]) this.fail(templateId, error);
  }

  #take(templateId: bigint): Waiting[] {
    const waiting = this.#waiting.get(templateId) ?? [];
    this.#waiting.delete(templateId);
    this.#count -= waiting.length;
    return waiting;
  }
}
