import { randomBytes } from 'node:crypto';
import { toHex } from '../../protocols/bytes.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { removeTestPostgres } from '../harness/postgres.ts';
import { bare, type MintAnswer, type SatOutput, type SatProof, SatWallet } from '../harness/sat-wallet.ts';
import { cpuUsOf } from './cpu-of.ts';
import { type Figure, quantile } from './figure.ts';
import { type HttpMint, type HttpMintKind, httpMints } from './http-mints.ts';

/**
 * Requests over HTTP, one load generator for all mints. It is this process, and takes about as long for a request as a
 * fast mint does: the value counts the CPU of the mint's process alone. PostgreSQL's own processes are not in it.
 */

const RUNS = 3;
const AT_ONCE = 16;
const AMOUNT = 8;
const TOGETHER = 32;
const LOOKED_UP = 100;
const QUOTE_TRIES = 10;

type Request = () => Promise<MintAnswer>;

interface HttpLoad {
  readonly name: string;
  /** What one request counts for. */
  readonly each: number;
  prepare(wallet: SatWallet, count: number): Promise<Request[]>;
}

async function inParallel<T>(count: number, make: (i: number) => Promise<T>): Promise<T[]> {
  const made: T[] = [];
  const numbers = Array.from({ length: count }, (_, i) => i).values();
  const worker = async () => {
    for (const i of numbers) made[i] = await make(i);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return made;
}

/** Asks again where the mint could not make the quote, as a peer's can't now and then with many at once. */
async function paidQuote(wallet: SatWallet, amount: number): Promise<string> {
  for (let tries = 0; tries < QUOTE_TRIES; tries++) {
    const { body } = await wallet.post('/v1/mint/quote/bolt11', { unit: 'sat', amount });
    if (body.quote === undefined) continue;
    await wallet.until(`/v1/mint/quote/bolt11/${body.quote}`, 'PAID');
    return body.quote;
  }
  throw new Error(`no quote in ${QUOTE_TRIES} tries`);
}

const outputsOf = (wallet: SatWallet, count: number): SatOutput[] =>
  Array.from({ length: count }, () => wallet.outputs(AMOUNT)).flat();

async function tokensOf(wallet: SatWallet, count: number): Promise<SatProof[]> {
  const quotes = Math.ceil(count / TOGETHER);
  const tokens = await inParallel(quotes, async () => {
    const outputs = outputsOf(wallet, TOGETHER);
    const quote = await paidQuote(wallet, AMOUNT * TOGETHER);
    const { body } = await wallet.post('/v1/mint/bolt11', { quote, outputs: bare(outputs) });
    return wallet.proofs(outputs, body.signatures);
  });
  return tokens.flat();
}

async function swaps(wallet: SatWallet, count: number, size: number): Promise<Request[]> {
  const tokens = await tokensOf(wallet, count * size);
  return Array.from({ length: count }, (_, i) => {
    const inputs = tokens.slice(i * size, (i + 1) * size);
    const outputs = bare(outputsOf(wallet, size));
    return () => wallet.post('/v1/swap', { inputs, outputs });
  });
}

const loads: readonly HttpLoad[] = [
  {
    name: 'quote created (bolt11)',
    each: 1,
    prepare: async (wallet, count) =>
      Array.from(
        { length: count },
        () => () => wallet.post('/v1/mint/quote/bolt11', { unit: 'sat', amount: AMOUNT }),
      ),
  },
  {
    name: 'quote minted into one token',
    each: 1,
    prepare: (wallet, count) =>
      inParallel(count, async () => {
        const quote = await paidQuote(wallet, AMOUNT);
        const outputs = bare(outputsOf(wallet, 1));
        return () => wallet.post('/v1/mint/bolt11', { quote, outputs });
      }),
  },
  { name: 'swap of one token for one', each: 1, prepare: (wallet, count) => swaps(wallet, count, 1) },
  {
    name: `token of a swap of ${TOGETHER} for ${TOGETHER}`,
    each: TOGETHER,
    prepare: (wallet, count) => swaps(wallet, count, TOGETHER),
  },
  {
    name: `token's state looked up, ${LOOKED_UP} a request`,
    each: LOOKED_UP,
    prepare: async (wallet, count) =>
      Array.from({ length: count }, () => {
        const Ys = Array.from({ length: LOOKED_UP }, () => toHex(wallet.curve.hashToCurve(randomBytes(32))));
        return () => wallet.post('/v1/checkstate', { Ys });
      }),
  },
];

function overHttp(load: HttpLoad, kind: HttpMintKind): Figure {
  return {
    name: `mint over HTTP, ${kind.name}: ${load.name}`,
    unit: "per second and core of the mint's",
    runs: RUNS,
    async open() {
      const mint = await kind.open();
      const perRun = Math.ceil(kind.requests / Math.min(load.each, 5));
      const wallet = new SatWallet(mint.url, (await loadCrypto()).curve);
      await wallet.load();
      const prepared = await load.prepare(wallet, (RUNS + 1) * perRun);
      const times: number[] = [];
      const rates: number[] = [];
      let refusals = 0;
      let isWarm = false;
      return {
        async run() {
          const { latencies, refused, seconds, cpuUs } = await send(mint, prepared.splice(0, perRun));
          const operations = (latencies.length - refused) * load.each;
          refusals += refused;
          if (isWarm) {
            times.push(...latencies);
            rates.push(operations / seconds);
          }
          isWarm = true;
          return { operations, cpuUs };
        },
        readings: () => [
          { name: 'by the clock', unit: 'per second', value: quantile(rates, 0.5) },
          { name: `p99 of a request, ${AT_ONCE} at once`, unit: 'ms', value: quantile(times, 0.99) },
          { name: 'refused, the first run included', unit: 'requests', value: refusals },
        ],
        close: () => mint.close(),
      };
    },
  };
}

/** Sends requests, so many at once. @throws Error with the answer where all are refused */
async function send(mint: HttpMint, requests: readonly Request[]) {
  const latencies: number[] = [];
  let refused = 0;
  let last = '';
  const [began, used] = [performance.now(), cpuUsOf(mint.pid)];
  await inParallel(requests.length, async (i) => {
    const before = performance.now();
    const answer = await requests[i]?.();
    latencies.push(performance.now() - before);
    if (answer?.status === 200) return;
    refused++;
    last = `${answer?.status} ${JSON.stringify(answer?.body)}`;
  });
  if (refused === requests.length) throw new Error(`all are refused, the last with ${last}`);
  return { latencies, refused, seconds: (performance.now() - began) / 1000, cpuUs: cpuUsOf(mint.pid) - used };
}

export const figures: Figure[] = loads.flatMap((load) => httpMints.map((kind) => overHttp(load, kind)));

export const close = removeTestPostgres;
