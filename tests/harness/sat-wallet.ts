import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { fromHex, toHex, utf8 } from '../../protocols/bytes.ts';
import { amountOf, splitAmount } from '../../protocols/cashu/amount.ts';
import type { Curve } from '../../protocols/crypto/curve.ts';
import { encodeInvoice } from '../../protocols/lightning/invoice.ts';

/** A blinded message with what unblinds its signature. */
export interface SatOutput {
  readonly amount: number;
  readonly id: string;
  readonly B_: string;
  readonly secret: string;
  readonly factor: Uint8Array;
}

export interface SatProof {
  readonly amount: number;
  readonly id: string;
  readonly secret: string;
  readonly C: string;
}

/** What of the mint's answers is looked at. */
export interface MintAnswer {
  readonly status: number;
  readonly body: {
    readonly code?: number;
    readonly detail?: string;
    readonly pubkey?: string;
    readonly quote?: string;
    readonly quotes?: readonly { quote: string; amount: number; unit: string; state: string }[];
    readonly unit?: string;
    readonly request?: string;
    readonly state?: string;
    readonly payment_preimage?: string | null;
    readonly signatures?: readonly { amount: number; id: string; C_: string }[];
    readonly change?: readonly { amount: number; id: string; C_: string }[];
    readonly outputs?: readonly { B_: string }[];
    readonly states?: readonly { Y: string; state: string }[];
    readonly keysets?: readonly {
      id: string;
      unit: string;
      active: boolean;
      keys?: Record<string, string>;
    }[];
  };
}

/** A wallet in the least code that tests can do without a library with: it sends what it is told to, right or wrong. */
export class SatWallet {
  readonly url: string;
  readonly curve: Curve;
  keysetId = '';
  #keys: Readonly<Record<string, string>> = {};

  constructor(url: string, curve: Curve) {
    this.url = url;
    this.curve = curve;
  }

  /** Reads a unit's active keyset. */
  async load(unit = 'sat'): Promise<void> {
    const { body } = await this.get('/v1/keys');
    const keyset = body.keysets?.find((each) => each.unit === unit);
    this.keysetId = keyset?.id ?? '';
    this.#keys = keyset?.keys ?? {};
  }

  async get(path: string): Promise<MintAnswer> {
    return answerOf(await fetch(this.url + path));
  }

  /** @throws what fetch throws where the mint is killed over it */
  async post(path: string, body: unknown): Promise<MintAnswer> {
    const headers = { 'content-type': 'application/json' };
    return answerOf(await fetch(this.url + path, { method: 'POST', headers, body: JSON.stringify(body) }));
  }

  output(amount: number): SatOutput {
    const secret = toHex(randomBytes(32));
    const factor = randomBytes(32);
    const point = this.curve.addPoints(this.curve.hashToCurve(utf8(secret)), this.curve.publicKey(factor));
    return { amount, id: this.keysetId, B_: toHex(point), secret, factor };
  }

  outputs(amount: number): SatOutput[] {
    return splitAmount(BigInt(amount)).map((exponent) => this.output(Number(amountOf(exponent))));
  }

  /** Proofs from outputs and the signatures on the first of them. */
  proofs(outputs: readonly SatOutput[], signatures: MintAnswer['body']['signatures'] = []): SatProof[] {
    return signatures.flatMap(({ amount, id, C_ }, i) => {
      const [output, key] = [outputs[i], this.#keys[amount]];
      if (!output || key === undefined) return [];
      const blinding = this.curve.multiply(fromHex(key), output.factor);
      const C = this.curve.addPoints(fromHex(C_), this.curve.negate(blinding));
      return [{ amount, id, secret: output.secret, C: toHex(C) }];
    });
  }

  /** A quote for so many sats, paid. */
  async paidQuote(amount: number): Promise<string> {
    const { body } = await this.post('/v1/mint/quote/bolt11', { unit: 'sat', amount });
    await this.until(`/v1/mint/quote/bolt11/${body.quote}`, 'PAID');
    return body.quote ?? '';
  }

  /** Waits until a quote has one of some states. */
  async until(path: string, ...states: readonly string[]): Promise<MintAnswer> {
    for (;;) {
      const answer = await this.get(path);
      if (states.includes(answer.body.state ?? '')) return answer;
      await delay(50);
    }
  }

  /** So many sats as proofs. */
  async mint(amount: number): Promise<SatProof[]> {
    const outputs = this.outputs(amount);
    const { body } = await this.post('/v1/mint/bolt11', {
      quote: await this.paidQuote(amount),
      outputs: bare(outputs),
    });
    return this.proofs(outputs, body.signatures);
  }

  /** A melt quote for an invoice of somebody else's. @param instructions see roles/mint/payments/fake/instructions.ts */
  async meltQuote(amount: number, instructions?: object): Promise<{ quote: string; request: string }> {
    const request = this.invoice(amount, instructions);
    const { body } = await this.post('/v1/melt/quote/bolt11', { unit: 'sat', request });
    return { quote: body.quote ?? '', request };
  }

  invoice(amount: number, instructions?: object): string {
    const createdAt = Math.floor(Date.now() / 1000);
    const invoice = {
      network: 'mainnet' as const,
      amountMsat: BigInt(amount) * 1000n,
      createdAt,
      expiresAt: createdAt + 3600,
      paymentHash: randomBytes(32),
      paymentSecret: randomBytes(32),
      description: instructions ? JSON.stringify(instructions) : 'to be paid',
    };
    return encodeInvoice(this.curve, invoice, randomBytes(32), randomBytes(32));
  }

  /** How proofs stand, in order. */
  async states(proofs: readonly SatProof[]): Promise<string[]> {
    const Ys = proofs.map(({ secret }) => toHex(this.curve.hashToCurve(utf8(secret))));
    const { body } = await this.post('/v1/checkstate', { Ys });
    return (body.states ?? []).map(({ state }) => state);
  }
}

/** Outputs as they go to the mint. */
export function bare(outputs: readonly SatOutput[]): object[] {
  return outputs.map(({ amount, id, B_ }) => ({ amount, id, B_ }));
}

async function answerOf(response: Response): Promise<MintAnswer> {
  return { status: response.status, body: (await response.json()) as MintAnswer['body'] };
}
