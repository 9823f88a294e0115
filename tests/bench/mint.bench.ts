import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../runtime/sql/database.ts';
import { type Blinded, openTestMint } from '../unit/mint/support.ts';
import { schnorrVerify, signBlinded } from './curve.bench.ts';
import type { Figure, Session } from './figure.ts';

const RUNS_AT_MOST = 6;
const QUOTES = 3000;
/** Requests under way at once: what many wallets make together. */
const IN_FLIGHT = 256;

/** A quote that is created, then minted into one token: the least that a share costs the mint. */
interface Prepared {
  readonly quote: string;
  readonly output: Blinded;
  readonly signature: Uint8Array;
}

async function openMint(): Promise<Session> {
  const closers: (() => unknown)[] = [];
  const mint = await openTestMint({ after: (fn) => closers.push(fn as () => unknown) });
  const secretKey = randomBytes(32);
  const publicKey = mint.curve.publicKey(secretKey);
  const batches: Prepared[][] = [];
  for (let run = 0; run < RUNS_AT_MOST; run++) {
    const quotes = await mint.addQuotes(publicKey, new Array<number>(QUOTES).fill(20));
    batches.push(
      quotes.map((quote) => {
        const output = mint.blind(20);
        return { quote, output, signature: mint.sign(quote, [output], secretKey) };
      }),
    );
  }
  return {
    async run() {
      const batch = batches.pop() ?? [];
      const queue = batch.values();
      const client = async () => {
        for (const { quote, output, signature } of queue) {
          await mint.engine.mint({ quotes: [quote], outputs: [output], signatures: [signature] });
        }
      };
      await Promise.all(Array.from({ length: IN_FLIGHT }, client));
      return { operations: batch.length };
    },
    async close() {
      for (const close of closers.reverse()) await close();
    },
  };
}

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
const quotesStored: Figure = {
  name: 'mint: quote stored durably',
  unit: 'per second and core',
  limit: { figure: durableInsert },
  async open() {
    const closers: (() => unknown)[] = [];
    const mint = await openTestMint({ after: (fn) => closers.push(fn as () => unknown) });
    const publicKey = mint.curve.publicKey(randomBytes(32));
    const exponents = new Array<number>(500).fill(20);
    return {
      async run() {
        for (let batch = 0; batch < 20; batch++) await mint.addQuotes(publicKey, exponents);
        return { operations: 10_000 };
      },
      async close() {
        for (const close of closers.reverse()) await close();
      },
    };
  },
};

const quoteMinted: Figure = {
  name: 'mint: quote minted durably, with NUT-20 check, signature and DLEQ',
  unit: 'per second and core',
  limit: { figure: signBlinded },
  open: openMint,
};

export const figures: Figure[] = [schnorrVerify, quotesStored, quoteMinted];
