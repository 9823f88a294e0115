import { KnownKeys } from '../../domain/channels/locking-key.ts';
import type { MiningMessage } from '../../protocols/sv2/mining.ts';
import type { Sv2Connection } from '../../runtime/sv2/connection.ts';
import type { MiningHouse } from './house.ts';
import type { Reading } from './reading.ts';

/** The keys that one client names to be paid, each looked at once, on a worker thread. */
export class PayeeKeys {
  readonly #connection: Sv2Connection<MiningMessage>;
  readonly #house: MiningHouse;
  readonly #reading: Reading;
  readonly #known = new KnownKeys();

  constructor(connection: Sv2Connection<MiningMessage>, house: MiningHouse, reading: Reading) {
    this.#connection = connection;
    this.#house = house;
    this.#reading = reading;
  }

  /**
   * Goes on with whether `key` is a point of the curve: at once where that is known, else when a worker has said it.
   * Until then nothing more is read from this client. So its messages keep their order, and of one that has many keys
   * a single one waits at the worker, in turn with those of all others.
   * @param key 33 bytes that have the form of a key
   */
  judge(key: Uint8Array, goOn: (isPoint: boolean) => void): void {
    if (key === this.#house.policy.houseKey || this.#known.has(key)) goOn(true);
    else this.#ask(key, goOn).catch((error: unknown) => this.#failed(error));
  }

  async #ask(key: Uint8Array, goOn: (isPoint: boolean) => void): Promise<void> {
    const { commits } = this.#house;
    const letGo = this.#reading.hold();
    // A connection that is held back does not drain, before or after: shares would wait for those of others.
    commits.flush();
    const isPoint = await this.#house.isPoint(key);
    if (isPoint) this.#known.add(key);
    goOn(isPoint);
    letGo();
    commits.flush();
  }

  #failed(error: unknown): void {
    const { remote } = this.#connection;
    this.#house.log.warn({ remote, err: error }, 'hung up on a client: its key could not be looked at');
    this.#connection.close('the key could not be looked at');
  }
}
