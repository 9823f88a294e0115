import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../runtime/sql/database.ts';
import { schnorrVerify, signBlinded, verifyProof } from './curve.bench.ts';
import { type Figure, quantile } from './figure.ts';
import { type Load, loads, mintMany, mintOne, swapMany, swapOne, verifyProofs } from './mint-loads.ts';
import { closeMints, mintAt, type Place } from './mint-places.ts';
import { redeemMany, redeemOne } from './redemption-loads.ts';

/** The first run, which warms up, and those that count. */
const RUNS = 6;
const QUOTES_A_BATCH = 500;
/** What a pool that has worked for some months leaves behind. */
const MANY_ROWS = 5_000_000;

const inWords = ({ store, rows, hasJournal = false }: Place) =>
  `mint on ${store}, ${rows === 0 ? 'empty' : `${rows.toLocaleString('en')} rows`}${hasJournal ? ', with a journal' : ''}`;

/** Rows with a unique random key, 1,000 a commit: what a durable insert costs with nothing around it. */
export const durableInsert: Figure = {
  name: 'bare durable insert, 150 bytes, 1,000 a commit',
  unit: 'per second and core',
  open() {
    const folder = mkdtempSync(join(tmpdir(), 'hashpool-bench-'));
    const migrations = ['CREATE TABLE t (id INTEGER PRIMARY KEY, k BLOB UNIQUE, v BLOB) STRICT'];
    const db = openDatabase(join(folder, 'bare.sqlite'), { name: 'bare', migrations });
    const insert = db.prepare('INSERT INTO t (k, v) VALUES (?, ?)');
    const value = randomBytes(117);
    return {
      run() {
        for (let commit = 0; commit < 20; commit++) {
          db.exec('BEGIN IMMEDIATE');
          for (let i = 0; i < 1000; i++) insert.run(randomBytes(33), value);
          db.exec('COMMIT');
        }
        return { operations: 20_000 };
      },
      close() {
        db.close();
        rmSync(folder, { recursive: true });
      },
    };
  },
};

/** Quotes stored from work that the mint has judged, 500 a batch. */
const quotesStored: Load = {
  name: 'quote stored durably',
  each: QUOTES_A_BATCH,
  requests: 20,
  atOnce: 4,
  async prepare(mint, requests) {
    const publicKey = mint.curve.publicKey(randomBytes(32));
    const exponents = new Array<number>(QUOTES_A_BATCH).fill(20);
    return Array.from({ length: requests }, () => () => mint.addQuotes(publicKey, exponents));
  },
};

/**
 * A load on the engine, in this process. On SQLite the value counts all CPU of the process, which is the mint's; that of
 * PostgreSQL's server can't be told apart from other work, so there it is a rate by the clock.
 */
function onEngine(load: Load, place: Place, limit?: Figure): Figure {
  const isOwn = place.store === 'SQLite';
  return {
    name: `${inWords(place)}: ${load.name}`,
    unit: isOwn ? 'per second and core' : 'per second by the clock',
    ...(limit && isOwn ? { limit: { figure: limit } } : {}),
    async open() {
      const mint = await mintAt(place);
      const prepared = await load.prepare(mint, RUNS * load.requests);
      const times: number[] = [];
      const rates: number[] = [];
      let isWarm = false;
      return {
        async run() {
          const queue = prepared.splice(0, load.requests).values();
          const latencies: number[] = [];
          const began = performance.now();
          const client = async () => {
            for (const request of queue) {
              const before = performance.now();
              await request();
              latencies.push(performance.now() - before);
            }
          };
          await Promise.all(Array.from({ length: load.atOnce }, client));
          const operations = latencies.length * load.each;
          const rate = (operations * 1000) / (performance.now() - began);
          if (isWarm) {
            rates.push(rate);
            times.push(...latencies);
          }
          isWarm = true;
          return isOwn ? { operations } : { value: rate };
        },
        readings: () => [
          ...(isOwn ? [{ name: 'by the clock', unit: 'per second', value: quantile(rates, 0.5) }] : []),
          { name: `p99 of a request, ${load.atOnce} at once`, unit: 'ms', value: quantile(times, 0.99) },
        ],
      };
    },
  };
}

const limits = new Map<Load, Figure>([
  [quotesStored, durableInsert],
  [mintOne, signBlinded],
  [mintMany, signBlinded],
  [swapOne, signBlinded],
  [swapMany, signBlinded],
  [verifyProofs, verifyProof],
]);

const places: readonly Place[] = [
  ...[0, MANY_ROWS].flatMap((rows) => (['SQLite', 'PostgreSQL'] as const).map((store) => ({ store, rows }))),
  ...(['SQLite', 'PostgreSQL'] as const).map((store) => ({ store, rows: 0, hasJournal: true })),
];

export const figures: Figure[] = [
  schnorrVerify,
  ...places.flatMap((place) =>
    [quotesStored, ...loads, redeemOne, redeemMany].map((load) => onEngine(load, place, limits.get(load))),
  ),
];

export const close = closeMints;
