import type { Coin } from '../bitcoin/bip322.ts';
import { reversed, toHex } from '../bytes.ts';
import { HashpoolError } from '../errors.ts';

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
    for (const { txid, vout, value } of coinsOf(text)) coins.set(`${txid}:${vout}`, BigInt(value));
  }
  return [...coins.values()].reduce((sum, value) => sum + value, 0n);
}

/** A coin as `reserveText` wrote it. */
interface PublishedCoin {
  readonly txid: string;
  readonly vout: number;
  readonly value: string;
}

function coinsOf(text: string): PublishedCoin[] {
  const { coins } = JSON.parse(text) as { coins?: unknown };
  if (Array.isArray(coins) && coins.every(isCoin)) return coins;
  throw new HashpoolError('bad-reserve', 'a proof of reserve names no coins');
}

function isCoin(coin: Partial<Record<keyof PublishedCoin, unknown>> | null): coin is PublishedCoin {
  if (typeof coin?.txid !== 'string' || !Number.isInteger(coin.vout)) return false;
  return typeof coin.value === 'string' && /^\d{1,16}$/.test(coin.value);
}
