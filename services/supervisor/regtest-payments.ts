import { type BitcoinRpc, bitcoinRpc } from '../../runtime/rpc/client.ts';

const WALLET = 'payments';
/** A coinbase can be spent by the block this many above it; one more block than that is one coin. */
const MATURITY = 100;
/** In BTC, as the node counts. */
const AMOUNT = 0.001;
/** No more wait for a block at once: the node would not let a longer chain of them into its mempool. */
const MOST_WAITING = 20;

/** Payments that a wallet of the node makes to itself, so that the blocks of a chain for trials have transactions. */
export interface Payments {
  /** Makes one more, unless enough wait for a block already. */
  pay(): Promise<void>;
  close(): void;
}

/**
 * Opens the wallet, and mines it a coin where it has none. Its node must not run with `disablewallet`.
 * @param node its RPC address and `user:password`
 * @throws RpcError
 */
export async function openPayments(node: { rpc: BitcoinRpc; url: string; auth: string }): Promise<Payments> {
  await loadWallet(node.rpc);
  const wallet = bitcoinRpc({ url: `${node.url}/wallet/${WALLET}`, auth: node.auth });
  const address = await wallet.call('getnewaddress');
  if (Number(await wallet.call('getbalance')) < AMOUNT * MOST_WAITING)
    await node.rpc.call('generatetoaddress', [MATURITY + 1, address]);
  return {
    async pay() {
      if ((await waiting(node.rpc)) >= MOST_WAITING) return;
      await wallet.call('sendtoaddress', [address, AMOUNT]);
    },
    close: () => wallet.close(),
  };
}

async function loadWallet(rpc: BitcoinRpc): Promise<void> {
  const loaded = await rpc.call('listwallets');
  if (Array.isArray(loaded) && loaded.includes(WALLET)) return;
  const { wallets } = (await rpc.call('listwalletdir')) as { wallets: { name: string }[] };
  const isThere = wallets.some(({ name }) => name === WALLET);
  await rpc.call(isThere ? 'loadwallet' : 'createwallet', [WALLET]);
}

async function waiting(rpc: BitcoinRpc): Promise<number> {
  const { size } = (await rpc.call('getmempoolinfo')) as { size: number };
  return size;
}
