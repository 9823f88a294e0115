import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { auditMint } from '../../roles/mint/books.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { startMint, type TestMintProcess } from '../harness/mint.ts';
import { testPostgres } from '../harness/postgres.ts';
import { bare, type MintAnswer, SatWallet } from '../harness/sat-wallet.ts';

const RACERS = 1000;
const half = Array.from({ length: RACERS / 2 });
/** A node that is never there: nothing of this needs it. */
const node = { rpcUrl: 'http://127.0.0.1:1', rpcAuth: 'nobody:nothing' };
const payments = `
[payments]
[payments.bolt11]
backend = "fake"
[payments.fake]
pays_after_ms = 0
`;

interface Two {
  readonly mints: readonly [TestMintProcess, TestMintProcess];
  readonly wallets: readonly [SatWallet, SatWallet];
  readonly database: string;
}

/** Two processes of one mint on one PostgreSQL database, and a wallet at each. */
async function openTwo(t: TestContext): Promise<Two> {
  const { curve } = await loadCrypto();
  const database = await (await testPostgres()).newDatabase();
  const first = await startMint(t, node, { database, payments });
  const second = await startMint(t, node, { beside: first, payments });
  const wallets = [new SatWallet(first.url, curve), new SatWallet(second.url, curve)] as const;
  for (const wallet of wallets) await wallet.load();
  return { mints: [first, second], wallets, database };
}

/** Sends a request, again while the mint has too much to do. */
async function patient(request: () => Promise<MintAnswer>): Promise<MintAnswer> {
  for (;;) {
    const answer = await request();
    if (answer.status !== 503) return answer;
  }
}

function endings(answers: readonly MintAnswer[]): Record<string, number> {
  const ends = answers.map(({ status, body }) => (status === 200 ? 'won' : String(body.code)));
  return Object.fromEntries([...Map.groupBy(ends, (end) => end)].map(([end, group]) => [end, group.length]));
}

test('one token in 1,000 swaps and melts at two processes at once: one wins', async (t) => {
  const { wallets, database } = await openTwo(t);
  const [wallet] = wallets;
  const inputs = await wallet.mint(16);
  const quotes: string[] = [];
  for (const _ of half) quotes.push((await wallet.meltQuote(10)).quote);
  const racers = half.flatMap((_, i) => {
    const [here, there] = i % 2 === 0 ? wallets : [wallets[1], wallets[0]];
    const outputs = bare(wallet.outputs(16));
    return [
      patient(() => here.post('/v1/melt/bolt11', { quote: quotes[i], inputs })),
      patient(() => there.post('/v1/swap', { inputs, outputs })),
    ];
  });
  const { won, ...lost } = endings(await Promise.all(racers));
  assert.equal(won, 1);
  assert.ok(
    Object.keys(lost).every((code) => code === '11001' || code === '11002'),
    JSON.stringify(lost),
  );
  const sums = auditMint(database).units.get('sat');
  // A swap leaves all of it out; a payment of 10 at a fee of 1 takes all 16, for it gave no outputs for change.
  assert.ok(sums?.outstanding === 16n || (sums?.outstanding === 0n && sums.redeemed === 11n));
});

test('one paid quote in 1,000 mints and batches at two processes at once: one wins', async (t) => {
  const { wallets, database } = await openTwo(t);
  const [wallet] = wallets;
  const [quote, other] = [await wallet.paidQuote(4), await wallet.paidQuote(4)];
  const racers = half.flatMap((_, i) => {
    const [here, there] = i % 2 === 0 ? wallets : [wallets[1], wallets[0]];
    const single = { quote, outputs: bare(wallet.outputs(4)) };
    const batch = { quotes: [other, quote], outputs: bare(wallet.outputs(8)) };
    return [
      patient(() => here.post('/v1/mint/bolt11', single)),
      patient(() => there.post('/v1/mint/bolt11/batch', batch)),
    ];
  });
  assert.deepEqual(endings(await Promise.all(racers)), { won: 1, '20002': RACERS - 1 });
  const sums = auditMint(database).units.get('sat');
  assert.ok(sums?.outstanding === 4n || sums?.outstanding === 8n);
  assert.equal(sums.outstanding, sums.issued);
});

test('what one process was paying when it was killed, the other brings to its end, once', async (t) => {
  const { mints, wallets, database } = await openTwo(t);
  const [first] = mints;
  const [here, there] = wallets;
  await first.end('SIGTERM');
  await first.start('melt-paid');
  const inputs = await here.mint(32);
  const { quote } = await here.meltQuote(20);
  const outputs = here.outputs(63);
  await assert.rejects(here.post('/v1/melt/bolt11', { quote, inputs, outputs: bare(outputs) }));
  const { body } = await there.until(`/v1/melt/quote/bolt11/${quote}`, 'PAID');
  const change = there.proofs(outputs, body.change);
  assert.deepEqual(await there.states(inputs), ['SPENT']);
  assert.equal(
    (await there.post('/v1/swap', { inputs: change, outputs: bare(there.outputs(11)) })).status,
    200,
  );
  const sums = auditMint(database).units.get('sat');
  assert.deepEqual([sums?.outstanding, sums?.redeemed], [11n, 21n]);
});
