import { schnorr } from '@noble/curves/secp256k1.js';
import { fromHex, toHex } from '../../protocols/bytes.ts';
import { autoPayoutLookupMessage, autoPayoutMessage } from '../../protocols/ehash/auto-payout.ts';
import { EhashMiner } from './ehash-miner.ts';
import type { TestMintProcess } from './mint.ts';

/** How a key stands, as the mint's API has it. */
export interface AutoPayoutAnswer {
  readonly code?: number;
  readonly detail?: string;
  readonly address: string | null;
  readonly balance: number;
  readonly credited: number;
  readonly credits: readonly { unit: string; ehash: number; sats: number }[];
  readonly payments: readonly {
    method: string;
    sats: number;
    paid: number | null;
    outpoint: string | null;
  }[];
}

/** A miner who has a key and an address, and no wallet of ehash. */
export class AutoPaidMiner extends EhashMiner {
  readonly #mintUrl: string;

  constructor(mint: Pick<TestMintProcess, 'url'>) {
    super(mint);
    this.#mintUrl = mint.url;
  }

  async register(counter: number, address: string, threshold = 0): Promise<AutoPayoutAnswer> {
    const message = autoPayoutMessage(await this.#mintKey(), {
      counter,
      address,
      threshold: BigInt(threshold),
    });
    const signature = toHex(schnorr.sign(message, this.secretKey));
    const body = JSON.stringify({ pubkey: toHex(this.publicKey), address, counter, threshold, signature });
    const answer = await fetch(`${this.#mintUrl}/v1/ehash/auto-payout`, { method: 'POST', body });
    return (await answer.json()) as AutoPayoutAnswer;
  }

  async standing(): Promise<AutoPayoutAnswer> {
    const timestamp = Math.floor(Date.now() / 1000);
    const signature = toHex(
      schnorr.sign(autoPayoutLookupMessage(await this.#mintKey(), timestamp), this.secretKey),
    );
    const path = `/v1/ehash/auto-payout/${toHex(this.publicKey)}?timestamp=${timestamp}&signature=${signature}`;
    return (await (await fetch(this.#mintUrl + path)).json()) as AutoPayoutAnswer;
  }

  async #mintKey(): Promise<Uint8Array> {
    const info = (await (await fetch(`${this.#mintUrl}/v1/info`)).json()) as { pubkey: string };
    return fromHex(info.pubkey);
  }
}
