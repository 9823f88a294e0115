import { randomBytes } from 'node:crypto';
import { type StoreName, useStore } from '../harness/new-place.ts';
import { openTestMint, type TestMint } from '../unit/mint/support.ts';
import type { Figure, Filled, Session } from './figure.ts';
import { fillMint } from './fill-mint.ts';

/** Wallets that ask at once. */
const IN_FLIGHT = 256;
const QUOTES = 1_000;
const PROOFS = 1_000;

/** A mint that the figures of one store share, as long as any of them needs it. */
class SharedMint {
  readonly #store: StoreName;
  readonly #rows: number;
  readonly #closers: (() => unknown)[] = [];
  #mint: Promise<TestMint> | undefined;
  #users = 0;

  constructor(store: StoreName, rows: number) {
    this.#store = store;
    this.#rows = rows;
  }

  take(): Promise<TestMint> {
    this.#users++;
    this.#mint ??= this.#open();
    return this.#mint;
  }

  async giveBack(): Promise<void> {
    if (--this.#users > 0) return;
    for (const close of this.#closers.splice(0).reverse()) await close();
    this.#mint = undefined;
  }

  async #open(): Promise<TestMint> {
    useStore(this.#store);
    const mint = await openTestMint({ after: (close) => this.#closers.push(close as () => unknown) });
    await fillMint(mint.path, this.#rows);
    return mint;
  }
}

/** Operations a second, by the clock: a server's CPU is not this process's. */
async function rate(operations: number, work: () => Promise<unknown>): Promise<{ value: number }> {
  const start = performance.now();
  await work();
  return { value: (operations * 1_000) / (performance.now() - start) };
}

async function mintQuotes(mint: TestMint): Promise<{ value: number }> {
  const secretKey = randomBytes(32);
  const quotes = await mint.addQuotes(mint.curve.publicKey(secretKey), new Array<number>(QUOTES).fill(20));
  const requests = quotes.map((quote) => {
    const outputs = [mint.blind(20)];
    return { quotes: [quote], outputs, signatures: [mint.sign(quote, outputs, secretKey)] };
  });
  const queue = requests.values();
  const wallet = async () => {
    for (const request of queue) await mint.engine.mint(request);
  };
  return rate(QUOTES, () => Promise.all(Array.from({ length: IN_FLIGHT }, wallet)));
}

function figuresOn(store: StoreName, rows: number): Figure[] {
  const shared = new SharedMint(store, rows);
  const among = rows > 0 ? `, among ${rows.toLocaleString('en')} rows` : '';
  const figure = (what: string, run: (mint: TestMint) => Promise<{ value: number }>): Figure => ({
    name: `${store}: ${what}${among}`,
    unit: 'per second',
    async open(): Promise<Session> {
      const mint = await shared.take();
      return { run: () => run(mint), close: () => shared.giveBack() };
    },
  });
  return [
    figure('quotes stored, 500 a batch', (mint) => {
      const publicKey = mint.curve.publicKey(randomBytes(32));
      const exponents = new Array<number>(500).fill(20);
      return rate(2_000, async () => {
        for (let batch = 0; batch < 4; batch++) await mint.addQuotes(publicKey, exponents);
      });
    }),
    figure('quotes minted, 256 wallets at once', mintQuotes),
    figure('states of proofs, 1,000 a request', (mint) => {
      const ys = Array.from({ length: PROOFS }, () => randomBytes(33));
      return rate(PROOFS, () => mint.engine.proofStates(ys));
    }),
  ];
}

/** The same on both stores, whose tables have `rows` rows each to begin with. */
export function filled({ rows }: Filled): Figure[] {
  return (['sqlite', 'postgres'] as const).flatMap((store) => figuresOn(store, rows));
}

export const figures: Figure[] = filled({ rows: 0 });
