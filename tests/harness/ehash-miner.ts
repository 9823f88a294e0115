import { Wallet } from '@cashu/cashu-ts';
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js';
import { toHex } from '../../protocols/bytes.ts';
import { quoteLookupMessage } from '../../protocols/cashu/quote-lookup.ts';
import type { TestMintProcess } from './mint.ts';

/** A miner who has nothing but a key and any Cashu wallet. */
export class EhashMiner {
  readonly secretKey = secp256k1.utils.randomSecretKey();
  readonly publicKey = secp256k1.getPublicKey(this.secretKey);
  readonly #url: string;

  constructor(mint: Pick<TestMintProcess, 'url'>) {
    this.#url = mint.url;
  }

  /** Asks for the quotes locked to this key (nuts#391). */
  async quotes(): Promise<{ quote: string; amount: number; state: string; unit: string; request: string }[]> {
    const info = (await (await fetch(`${this.#url}/v1/info`)).json()) as { pubkey: string };
    const pubkey = toHex(this.publicKey);
    const pubkey_signatures = [toHex(schnorr.sign(quoteLookupMessage(info.pubkey, pubkey), this.secretKey))];
    const answer = await fetch(`${this.#url}/v1/mint/quote/ehash/pubkey`, {
      method: 'POST',
      body: JSON.stringify({ pubkeys: [pubkey], pubkey_signatures }),
    });
    return ((await answer.json()) as { quotes: Awaited<ReturnType<EhashMiner['quotes']>> }).quotes;
  }

  async wallet(unit: string, seed?: Uint8Array): Promise<Wallet> {
    const wallet = new Wallet(this.#url, { unit, ...(seed ? { bip39seed: seed } : {}) });
    await wallet.loadMint();
    return wallet;
  }
}
