import type { Socket } from 'node:net';
import { clientAddress } from '../client-address.ts';
import type { Sv2Limits } from './limits.ts';
import type { Log } from './log.ts';

/** Counts a listener's connections and turns away those above its caps. */
export class Admissions {
  readonly #limits: Sv2Limits;
  readonly #log: Log;
  readonly #perAddress = new Map<string, number>();
  #count = 0;
  #told = false;

  constructor(limits: Sv2Limits, log: Log) {
    this.#limits = limits;
    this.#log = log;
  }

  get count(): number {
    return this.#count;
  }

  /** @returns false when the socket was turned away, and closed */
  admit(socket: Socket): boolean {
    const address = clientAddress(socket.remoteAddress);
    const fromAddress = this.#perAddress.get(address) ?? 0;
    const refusal = this.#refusal(address, fromAddress);
    if (refusal !== undefined) {
      // One line for a spell of refusals: whoever floods the server does not flood the log.
      if (!this.#told) this.#log.warn({ address }, `turned a connection away: ${refusal}`);
      this.#told = true;
      socket.destroy();
      return false;
    }
    this.#told = false;
    this.#count++;
    this.#perAddress.set(address, fromAddress + 1);
    socket.once('close', () => this.#release(address));
    return true;
  }

  #refusal(address: string, fromAddress: number): string | undefined {
    const { connections, connectionsPerAddress } = this.#limits;
    if (this.#count >= connections) return `all ${connections} connections are taken`;
    if (fromAddress >= connectionsPerAddress) {
      return `${address} has its ${connectionsPerAddress} connections already`;
    }
    return undefined;
  }

  #release(address: string): void {
    this.#count--;
    const left = (this.#perAddress.get(address) ?? 1) - 1;
    if (left === 0) this.#perAddress.delete(address);
    else this.#perAddress.set(address, left);
  }
}
