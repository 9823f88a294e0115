import { Wallet, type WalletSettings } from '../../../roles/mint/payments/bitcoind/wallet.ts';
import { createLog } from '../../../runtime/logs.ts';
import type { BitcoinRpc } from '../../../runtime/rpc/client.ts';
import { RpcError } from '../../../runtime/rpc/errors.ts';

type Answer = (...params: readonly unknown[]) => unknown;

export const silent = createLog('test', 'silent');

/** A bitcoind with a wallet that answers what a test says, and remembers what it was asked. */
export class ScriptedWallet implements BitcoinRpc {
  readonly url = 'http://127.0.0.1/wallet/mint';
  readonly asked: { method: string; params: readonly unknown[] }[] = [];
  readonly answers: Record<string, Answer> = {
    getblockchaininfo: () => ({
      chain: 'regtest',
      blocks: this.height,
      bestblockhash: `block${this.height}`,
    }),
    getwalletinfo: () => ({ descriptors: true, private_keys_enabled: true, scanning: false }),
    getmempoolinfo: () => ({ mempoolminfee: 0.00001 }),
    estimatesmartfee: () => ({ errors: ['Insufficient data'], blocks: 0 }),
    getbalances: () => ({ mine: { trusted: 1, untrusted_pending: 0, immature: 0 } }),
  };
  height = 200;

  async call(method: string, params: readonly unknown[] = []): Promise<unknown> {
    this.asked.push({ method, params });
    const answer = this.answers[method];
    if (!answer) throw new Error(`the test has no answer to ${method}`);
    return answer(...params);
  }

  close(): void {
    this.asked.push({ method: 'closed', params: [] });
  }

  /** How often a method was asked. */
  count(method: string): number {
    return this.asked.filter((each) => each.method === method).length;
  }

  /** @param address that the wallet must have */
  open(settings: Partial<WalletSettings> = {}, address?: string): Wallet {
    const all = { name: 'mint', network: 'regtest', creates: false, ...settings } as const;
    return new Wallet(this, all, silent, async () => address);
  }
}

/** bitcoind's own no. */
export function refuse(rpcCode: number, message: string): never {
  throw new RpcError('rpc-refused', message, { rpcCode });
}
