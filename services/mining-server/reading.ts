import type { MiningMessage } from '../../protocols/sv2/mining.ts';
import type { MessageHandler, Sv2Connection } from '../../runtime/sv2/connection.ts';

/** Whether a client is read from: what has to wait holds it back, and TCP tells it so. */
export class Reading {
  readonly #connection: Sv2Connection<MiningMessage>;
  readonly #receive: MessageHandler<MiningMessage>;
  readonly #goOn: () => void;
  #holds = 0;

  /**
   * @param receive takes the messages while nobody holds the client back
   * @param goOn takes up what was left when the client was held back, before any message; may hold it back again
   */
  constructor(
    connection: Sv2Connection<MiningMessage>,
    receive: MessageHandler<MiningMessage>,
    goOn: () => void,
  ) {
    this.#connection = connection;
    this.#receive = receive;
    this.#goOn = goOn;
  }

  get isHeld(): boolean {
    return this.#holds > 0;
  }

  /** Reads no more from the client. @returns lets go of it; called once */
  hold(): () => void {
    this.#holds++;
    this.#connection.onMessage = undefined;
    return () => {
      this.#holds--;
      if (!this.isHeld) this.#goOn();
      if (!this.isHeld) this.#connection.onMessage = this.#receive;
    };
  }
}
