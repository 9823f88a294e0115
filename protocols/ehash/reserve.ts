import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { Coin } from '../bitcoin/bip322.ts';
import { reversed, toHex } from '../bytes.ts';
import { HashpoolError } from '../errors.ts';

const published = Compile(
  Type.Object({
    coins: Type.Array(
      Type.Object({
        txid: Type.String(),
        vout: Type.Integer(),
        value: Type.String({ pattern: '^\\d{1,16}$' }),
      }),
    ),
  }),
);

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

/** What proofs come to, in sats; a coin that is in several counts once. @param texts of `reserveText` @throws HashpoolError 'bad-reserve' */
export function provenSats(texts: readonly string[]): bigint {
  const coins = new Map<string, bigint>();
  for (const text of texts) {
    const proof: unknown = JSON.parse(text);
    if (!published.Check(proof)) throw new HashpoolError('bad-reserve', 'a proof of reserve names no coins');
    for (const { txid, vout, value } of proof.coins) coins.set(`${txid}:${vout}`, BigInt(value));
  }
  return [...coins.values()].reduce((sum, value) => sum + value, 0n);
}
