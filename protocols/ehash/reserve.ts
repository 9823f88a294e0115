import type { Coin } from '../bitcoin/bip322.ts';
import { reversed, toHex } from '../bytes.ts';

/** What a proof of reserve signs (BIP322): it is good for one report alone. @param reportHash 64 hex digits */
export function reserveMessage(reportHash: string): string {
  return `hashpool reserve ${reportHash}`;
}

/** A proof of reserve as it is published. @param proof.transaction signed, with its witnesses */
export function reserveText(proof: {
  readonly coins: readonly Coin[];
  readonly transaction: Uint8Array;
}): string {
  const coins = proof.coins.map(({ txidLe, vout, value, script }) => {
    return { txid: toHex(reversed(txidLe)), vout, value: String(value), script: toHex(script) };
  });
  return JSON.stringify({ coins, transaction: toHex(proof.transaction) });
}
