import { blockStart } from '../../protocols/bitcoin/block.ts';
import { fromHex, toHex } from '../../protocols/bytes.ts';
import { asObject, numberOf } from '../../roles/mint/chain/answers.ts';
import { bitcoins, satsOf, textOf } from '../../roles/mint/payments/bitcoind/answers.ts';
import type { BitcoinRpc } from '../../runtime/rpc/client.ts';
import { isRpcError } from '../../runtime/rpc/errors.ts';
import type { ChainBlock, NodeSource } from './sources.ts';

/** bitcoind's numbers for a block that it does not know, a height that its chain has not, a block that it has pruned (its src/rpc/protocol.h). */
const UNKNOWN_BLOCK = -5;
const NO_SUCH_HEIGHT = -8;
const PRUNED = -1;

/** The auditor's own bitcoind: no wallet, no index; it may be pruned. */
export function rpcNode(rpc: BitcoinRpc): NodeSource {
  async function outputsOf(hashBe: string): Promise<ChainBlock['coinbaseOutputs']> {
    const hex = await answerOrNone(rpc.call('getblock', [hashBe, 0]), PRUNED);
    return hex === undefined ? undefined : blockStart(fromHex(String(hex))).coinbaseOutputs;
  }

  async function height(hashBe: string): Promise<number | undefined> {
    const head = await answerOrNone(rpc.call('getblockheader', [hashBe]), UNKNOWN_BLOCK);
    if (head === undefined) return undefined;
    const about = asObject(head);
    return numberOf(about, 'confirmations') < 1 ? undefined : numberOf(about, 'height');
  }

  return {
    height,

    async block(hashBe): Promise<ChainBlock | undefined> {
      const at = await height(hashBe);
      if (at === undefined) return undefined;
      const header = fromHex(String(await rpc.call('getblockheader', [hashBe, false])), 'a header', 80);
      return { hash: hashBe, height: at, header, coinbaseOutputs: await outputsOf(hashBe) };
    },

    async knows(hashBe) {
      return (await answerOrNone(rpc.call('getblockheader', [hashBe]), UNKNOWN_BLOCK)) !== undefined;
    },

    tip: async () => Number(await rpc.call('getblockcount')),

    async blockAt(at) {
      const found = await answerOrNone(rpc.call('getblockhash', [at]), NO_SUCH_HEIGHT);
      if (found === undefined) return undefined;
      const hash = String(found);
      return { hash, coinbaseOutputs: await outputsOf(hash) };
    },

    async coin({ txid, vout }) {
      const answer = await rpc.call('gettxout', [txid, vout, false]);
      if (answer === null) return undefined;
      const coin = asObject(answer);
      return { value: satsOf(coin, 'value'), script: fromHex(textOf(asObject(coin['scriptPubKey']), 'hex')) };
    },

    // The node looks for coins in its chain; what is in none is told. No key is given: it can only check.
    async signatureTrouble(transaction, others) {
      const prevouts = others.map(({ txid, vout, value, script }) => {
        return { txid, vout, scriptPubKey: toHex(script), amount: bitcoins(value) };
      });
      const params = [toHex(transaction), [], prevouts];
      const answer = asObject(await rpc.call('signrawtransactionwithkey', params));
      if (answer['complete'] === true) return undefined;
      const [first] = Array.isArray(answer['errors']) ? answer['errors'] : [];
      return `a signature is missing or wrong (${String(asObject(first ?? {})['error'] ?? 'no reason given')})`;
    },
  };
}

/** An answer, or undefined where the node refuses with this number. */
async function answerOrNone(answer: Promise<unknown>, code: number): Promise<unknown> {
  try {
    return await answer;
  } catch (error) {
    if (isRpcError(error, 'rpc-refused') && error.rpcCode === code) return undefined;
    throw error;
  }
}
