import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { scriptFromAddress } from '../../../protocols/bitcoin/address.ts';
import { toHex } from '../../../protocols/bytes.ts';
import type { Payment, PaymentState } from '../../../roles/mint/payments/backend.ts';
import {
  BitcoindBackend,
  type BitcoindSettings,
} from '../../../roles/mint/payments/bitcoind/bitcoind-backend.ts';
import { newPlace } from '../../harness/new-place.ts';
import { refuse, ScriptedWallet, silent } from './scripted-wallet.ts';

/** One of each kind. */
export const ADDRESSES = [
  'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080',
  'mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn',
  '2MzQwSSnBHWHqSAqtTVQ6v47XtaisrJa1Vc',
  'bcrt1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqc8gma6',
] as const;

export interface Coin {
  readonly txid: string;
  readonly vout: number;
}

/** A wallet that makes transactions of text: their inputs and outputs in JSON. */
export class PayingWallet extends ScriptedWallet {
  /** Chosen from the front. */
  coins = Array.from({ length: 9 }, (_, i) => `coin${i + 1}:0`);
  /** The transactions that the node took, the newest last. */
  readonly sent: string[] = [];
  readonly depths = new Map<string, number>();
  /** Of a transaction that pays so many, in sats. */
  fee: (payouts: number) => number = () => 141;
  onBuild: (addresses: readonly string[]) => void = () => undefined;
  onSend: (hex: string) => void = () => undefined;

  constructor() {
    super();
    Object.assign(this.answers, {
      walletcreatefundedpsbt: (inputs: readonly Coin[], outputs: readonly Record<string, string>[]) => {
        this.onBuild(outputs.flatMap(Object.keys));
        const [next = refuse(-4, 'Insufficient funds')] = this.coins;
        const chosen = inputs.length > 0 ? inputs : [coinOf(next)];
        return {
          psbt: JSON.stringify({ chosen, outputs, count: this.asked.length }),
          fee: this.fee(outputs.length) / 1e8,
        };
      },
      walletprocesspsbt: (psbt: string) => ({ complete: true, hex: psbt }),
      decoderawtransaction: (hex: string) => {
        const { chosen, outputs } = JSON.parse(hex);
        const all: [string, string][] = outputs.flatMap(Object.entries);
        const vout = all.map(([address, amount], n) => {
          return {
            n,
            value: Number(amount),
            scriptPubKey: { hex: toHex(scriptFromAddress(address, 'regtest')) },
          };
        });
        return { txid: txidOf(hex), vin: chosen, vout };
      },
      sendrawtransaction: (hex: string) => {
        this.onSend(hex);
        this.sent.push(hex);
      },
      gettransaction: (txid: string) => {
        const confirmations = this.depths.get(txid);
        return confirmations === undefined ? refuse(-5, 'unknown') : { confirmations };
      },
      listsinceblock: () => ({ transactions: [], removed: [], lastblock: 'block100' }),
      gettxout: () => ({}),
      lockunspent: (isUnlocking: boolean, coins: readonly Coin[]) => {
        assert.equal(isUnlocking, false);
        this.coins = this.coins.filter((coin) => coin !== `${coins[0]?.txid}:${coins[0]?.vout}`);
      },
    });
  }
}

/** A coin as bitcoind has it. */
export function coinOf(outpoint: string): Coin {
  const [txid = '', vout] = outpoint.split(':');
  return { txid, vout: Number(vout) };
}

/** Of a transaction of text. */
export function txidOf(hex: string): string {
  return hash('sha256', hex);
}

/** A backend on such a wallet, without intervals. */
export async function open(
  t: TestContext,
  node: PayingWallet,
  settings: Partial<BitcoindSettings> = {},
  place?: string,
) {
  const backend = await BitcoindBackend.open({
    rpc: node,
    place: place ?? (await newPlace()),
    log: silent,
    settings: {
      name: 'mint',
      network: 'regtest',
      creates: false,
      confirmations: 1,
      targets: [2],
      minRate: 1_000n,
      maxRate: 10_000n,
      batchMs: 0,
      ...settings,
    },
  });
  t.after(() => backend.close());
  return backend;
}

/** Of 5,000 sats. */
export function payment(key: string, request: string = ADDRESSES[0], blocks = 2): Payment {
  return { key, request, amount: 5_000n, fee: { reserve: 300n, blocks, note: '1000' } };
}

/** Pays, and waits until it is known what comes of it. */
export async function paid(backend: BitcoindBackend, payment: Payment): Promise<PaymentState> {
  let state = await backend.pay(payment);
  await until(async () => {
    state = await backend.lookUp(payment);
    return state.state !== 'pending' || state.proof !== undefined;
  });
  return state;
}

/** Waits for a state, a while. */
export async function until(isReached: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await isReached())) {
    if (Date.now() > deadline) throw new Error('it never came so far');
    await delay(20);
  }
}
