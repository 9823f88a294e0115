import { blockOf } from '../../domain/job-declaration/declared-block.ts';
import { merklePath } from '../../protocols/bitcoin/merkle.ts';
import { fromHex, reversed } from '../../protocols/bytes.ts';
import { declarationOf, EXTRANONCE_BYTES, type NodeOffer } from '../harness/declared-job.ts';
import type { JdClient } from '../harness/jd-server.ts';

/** The two blocks that a jd-server proposes for a declaration: the one that pays a satoshi too much, and the one as it is. */
export async function blocksOf(client: JdClient, offer: NodeOffer): Promise<Uint8Array[]> {
  client.send({ name: 'AllocateMiningJobToken', user_identifier: 'bench', request_id: 1 });
  const token = await client.next('AllocateMiningJobToken.Success');
  return [1n, 0n].map((more) => {
    const { coinbase_tx_prefix, coinbase_tx_suffix, version } = declarationOf(offer, token, {
      pay: (value, outputs) =>
        outputs.map((output, i) => (i === 0 ? { ...output, value: value + more } : output)),
    });
    const declared = {
      coinbase: { prefix: coinbase_tx_prefix, suffix: coinbase_tx_suffix },
      extranonceLength: EXTRANONCE_BYTES,
      transactions: offer.transactions.map(({ data }) => Uint8Array.from(Buffer.from(data, 'hex'))),
      merklePath: merklePath(offer.transactions.map(({ txid }) => reversed(fromHex(txid)))),
      prevHashLe: reversed(fromHex(offer.previousblockhash)),
      bits: Number.parseInt(offer.bits, 16),
      height: offer.height,
      time: offer.curtime,
    };
    const blank = { extranonce: new Uint8Array(EXTRANONCE_BYTES), version, time: offer.curtime, nonce: 0 };
    return blockOf(declared, blank).bytes;
  });
}
