import { isIP } from 'node:net';
import { HashpoolError } from '../../../protocols/errors.ts';
import { clientAddress } from '../../../runtime/client-address.ts';
import type { Store } from '../../../runtime/sql/store.ts';
import type { Wallet } from '../../../services/wallet/wallet.ts';
import type { FaucetConfig } from './config.ts';
import type { FaucetOperations } from './faucet-store.ts';

/** Gifts on their way at once: each may have to wait for the mint. */
const MAX_UNDER_WAY = 8;

/** A token that was given away. */
export interface Gift {
  readonly token: string;
  readonly amount: bigint;
  readonly unit: string;
}

/** What the faucet does, in units. */
export interface FaucetStatus {
  readonly enabled: boolean;
  readonly amount: number;
  readonly per_address_per_day: number;
  readonly total_per_day: number;
  /** In the last 24 hours. */
  readonly given: number;
}

/** Gives tokens of the wallet away, within its limits, which hold over a restart. */
export class Faucet {
  readonly #config: FaucetConfig;
  readonly #store: Pick<Store<FaucetOperations>, 'call'>;
  readonly #wallet: Pick<Wallet, 'balance' | 'send' | 'units'>;
  readonly #clock: () => number;
  #underWay = 0;

  /** @param clock milliseconds since 1970 */
  constructor(
    config: FaucetConfig,
    {
      store,
      wallet,
      clock,
    }: {
      store: Pick<Store<FaucetOperations>, 'call'>;
      wallet: Pick<Wallet, 'balance' | 'send' | 'units'>;
      clock: () => number;
    },
  ) {
    this.#config = config;
    this.#store = store;
    this.#wallet = wallet;
    this.#clock = clock;
  }

  async status(): Promise<FaucetStatus> {
    return { ...this.#config, given: await this.#store.call('given', this.#clock()) };
  }

  /**
   * A token for whoever asked from `address`.
   * @throws HashpoolError 'faucet-off', 'bad-address', 'faucet-limit', 'faucet-empty', 'faucet-busy', and those of `send`
   */
  async give(address: string): Promise<Gift> {
    if (!this.#config.enabled) {
      throw new HashpoolError(
        'faucet-off',
        'the faucet is off: its operator turns it on by [faucet] enabled',
      );
    }
    if (isIP(address) === 0) {
      throw new HashpoolError('bad-address', 'address must be the IP address that the faucet was asked from');
    }
    if (this.#underWay >= MAX_UNDER_WAY) {
      throw new HashpoolError('faucet-busy', 'the faucet is busy: try again in a minute');
    }
    this.#underWay++;
    try {
      return await this.#give(clientAddress(address.toLowerCase()));
    } finally {
      this.#underWay--;
    }
  }

  async #give(address: string): Promise<Gift> {
    const { amount, per_address_per_day: perAddress, total_per_day: total } = this.#config;
    const booking = await this.#store.call('book', {
      address,
      amount,
      perAddress,
      total,
      now: this.#clock(),
    });
    if ('limit' in booking) {
      const [who, most] =
        booking.limit === 'address' ? ['this address', perAddress] : ['all together', total];
      const until = new Date(booking.until).toISOString();
      throw new HashpoolError(
        'faucet-limit',
        `${who} can have ${most} ehash in 24 hours: come back after ${until}`,
      );
    }
    try {
      const unit = await this.#richestUnit(BigInt(amount));
      const token = await this.#wallet.send(BigInt(amount), { unit, note: 'faucet' });
      return { token, amount: BigInt(amount), unit };
    } catch (error) {
      await this.#store.call('cancel', booking.id);
      throw error;
    }
  }

  /** Of those that the mint signs: what is left of an epoch that has its price can't be taken in by every wallet. */
  async #richestUnit(amount: bigint): Promise<string> {
    const [balance, signed] = await Promise.all([this.#wallet.balance(), this.#wallet.units()]);
    const [richest] = balance
      .filter((held) => held.amount >= amount && signed.includes(held.unit))
      .sort((a, b) => (a.amount > b.amount ? -1 : 1));
    if (richest) return richest.unit;
    throw new HashpoolError(
      'faucet-empty',
      `the wallet holds less than ${amount} of any unit that the mint signs: try again later`,
    );
  }
}
