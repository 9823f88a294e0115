import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { Wallet } from '@cashu/cashu-ts';
import { toHex } from '../../protocols/bytes.ts';
import { mintMessage } from '../../protocols/cashu/nut20.ts';
import { quoteLookupMessage } from '../../protocols/cashu/quote-lookup.ts';
import { auditMint } from '../../roles/mint/books.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { regtestNode } from '../harness/bitcoind.ts';
import { startMint, type TestMintProcess } from '../harness/mint.ts';
import { PATIENCE_MS } from '../harness/patience.ts';
import { TestOutbox } from '../harness/pool-outbox.ts';
import { testPostgres } from '../harness/postgres.ts';

const RACERS = 1000;
const { curve } = await loadCrypto();

/** Two processes of one mint on one PostgreSQL database, both linked to a pool whose miner has `quotes` of 2 ehash. */
async function openTwo(t: TestContext, shares: number) {
  const node = await regtestNode(t, { blocks: 3 });
  const database = await (await testPostgres()).newDatabase();
  const first = await startMint(t, node, { database });
  const second = await startMint(t, node, { beside: first });
  const outbox = new TestOutbox();
  await outbox.link(t, first);
  await outbox.link(t, second);
  const secretKey = randomBytes(32);
  const mine = () => outbox.mine(node, curve.publicKey(secretKey), 1);
  for (let i = 0; i < shares; i++) await mine();
  await outbox.stored();
  return { first, second, outbox, secretKey, mine, database };
}

type Two = Awaited<ReturnType<typeof openTwo>>;

async function post(
  mint: TestMintProcess,
  path: string,
  body: unknown,
): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(mint.url + path, {
    method: 'POST',
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  return { status: answer.status, body: await answer.json() };
}

/** The quotes of a key, as one of the processes tells them. */
async function quotesAt(
  mint: TestMintProcess,
  secretKey: Uint8Array,
): Promise<{ quote: string; state: string }[]> {
  const info = (await (await fetch(`${mint.url}/v1/info`)).json()) as { pubkey: string };
  const pubkey = toHex(curve.publicKey(secretKey));
  const message = quoteLookupMessage(info.pubkey, pubkey);
  const pubkey_signatures = [toHex(curve.schnorrSign(message, secretKey, randomBytes(32)))];
  const { body } = await post(mint, '/v1/mint/quote/ehash/pubkey', { pubkeys: [pubkey], pubkey_signatures });
  return (body as { quotes: { quote: string; state: string }[] }).quotes;
}

/** An output that nobody will unblind. */
function output(id: string, amount: number) {
  const blinded = curve.publicKey(randomBytes(32));
  return { wire: { amount, id, B_: toHex(blinded) }, signed: { amount: BigInt(amount), blinded } };
}

/** A request that mints quotes of 2 ehash each into one output. */
function mintRequest({ outbox, secretKey }: Two, quotes: readonly string[]) {
  const { wire, signed } = output(toHex(outbox.terms?.keysetId ?? new Uint8Array()), 2 * quotes.length);
  const signatures = quotes.map((quote) =>
    toHex(curve.schnorrSign(mintMessage(quote, [signed]), secretKey, randomBytes(32))),
  );
  return quotes.length === 1
    ? { path: '/v1/mint/ehash', body: { quote: quotes[0], outputs: [wire], signature: signatures[0] } }
    : { path: '/v1/mint/ehash/batch', body: { quotes, outputs: [wire], signatures } };
}

/** Sends requests to both processes in turn, all at once; how many ended how. */
async function race({ first, second }: Two, requests: readonly { path: string; body: unknown }[]) {
  const answers = await Promise.all(
    requests.map(({ path, body }, i) => post(i % 2 === 0 ? first : second, path, body)),
  );
  const ends = answers.map(({ status, body }) =>
    status === 200 ? 'won' : String((body as { code: number }).code),
  );
  return Object.fromEntries([...Map.groupBy(ends, (end) => end)].map(([end, group]) => [end, group.length]));
}

test('one quote in 1,000 mints and batches, one token in 1,000 swaps, at two processes at once: one wins', async (t) => {
  const batches = 250;
  const two = await openTwo(t, batches + 2);
  const { first, second, secretKey } = two;
  const quotes = (await quotesAt(first, secretKey)).map(({ quote }) => quote);
  assert.deepEqual(
    (await quotesAt(second, secretKey)).map(({ quote }) => quote),
    quotes,
  );
  const [raced = '', held = '', ...others] = quotes;

  const singles = Array.from({ length: RACERS - batches }, () => mintRequest(two, [raced]));
  const batched = others.map((other) => mintRequest(two, [other, raced]));
  assert.deepEqual(await race(two, [...batched, ...singles]), { won: 1, '20002': RACERS - 1 });

  const unit = `hash_${toHex(first.poolId)}_3`;
  const wallet = new Wallet(first.url, { unit });
  await wallet.loadMint();
  const [proof] = await wallet.mintProofs('ehash', 2, { quote: held }, { privkey: toHex(secretKey) });
  const inputs = [{ ...proof, amount: 2, dleq: undefined }];
  const swaps = Array.from({ length: RACERS }, () => ({
    path: '/v1/swap',
    body: { inputs, outputs: [output(proof?.id ?? '', 2).wire] },
  }));
  assert.deepEqual(await race(two, swaps), { won: 1, '11001': RACERS - 1 });

  const books = auditMint(two.database);
  assert.equal(books.outstanding, books.issued.sum);
  assert.deepEqual([books.spent.count, books.spent.sum], [1, 2n]);
  assert.equal(books.issued.sum + books.waiting.sum, 2n * BigInt(batches + 2));
});

/** The states of a quote that a process tells on a WebSocket, up to `last` (NUT-17). */
async function statesTold(mint: TestMintProcess, quote: string, last: string, act: () => Promise<void>) {
  const socket = new WebSocket(`${mint.url.replace('http', 'ws')}/v1/ws`);
  const told: string[] = [];
  await new Promise<void>((resolve, reject) => {
    const params = { kind: 'ehash_mint_quote', subId: 's', filters: [quote] };
    socket.onopen = () => socket.send(JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'subscribe', params }));
    socket.onerror = () => reject(new Error('the WebSocket failed'));
    socket.onmessage = ({ data }) => {
      const { params: news } = JSON.parse(String(data)) as { params?: { payload: { state: string } } };
      if (news && told.push(news.payload.state) === 1) act().catch(reject);
      if (told.at(-1) === last) resolve();
    };
  });
  socket.close();
  return told;
}

test('what one process does the other tells, and answers again', async (t) => {
  const two = await openTwo(t, 1);
  const { first, second, secretKey } = two;
  const [{ quote = '' } = {}] = await quotesAt(first, secretKey);
  const { path, body } = mintRequest(two, [quote]);
  let answer: unknown;
  const told = await statesTold(second, quote, 'ISSUED', async () => {
    answer = await post(first, path, body);
  });
  assert.deepEqual(told, ['PAID', 'ISSUED']);
  const again = await post(second, path, body);
  assert.equal(again.status, 200);
  assert.deepEqual(again, answer, 'NUT-19: from whichever process');
});

test('one process is killed at work, the other goes on, and the killed one finds all of it', async (t) => {
  const two = await openTwo(t, 60);
  const { first, second, outbox, secretKey, mine } = two;
  const quotes = (await quotesAt(first, secretKey)).map(({ quote }) => quote);
  const requests = quotes.map((quote) => mintRequest(two, [quote]));
  const atFirst = requests
    .slice(0, 30)
    .map(({ path, body }) => post(first, path, body).catch(() => undefined));
  const atSecond = requests.slice(30).map(({ path, body }) => post(second, path, body));
  await Promise.race(atFirst);
  await first.end('SIGKILL');
  const answered = (await Promise.all(atFirst)).map((answer) => answer?.status === 200);
  for (const { status } of await Promise.all(atSecond)) assert.equal(status, 200);
  for (let i = 0; i < 10; i++) await mine();
  await outbox.stored();

  await first.start();
  const states = new Map((await quotesAt(first, secretKey)).map(({ quote, state }) => [quote, state]));
  assert.equal(states.size, 70);
  quotes.slice(0, 30).forEach((quote, i) => {
    if (answered[i])
      assert.equal(states.get(quote), 'ISSUED', 'an answer was given that is not in the books');
  });
  const books = auditMint(two.database);
  assert.equal(books.outstanding, books.issued.sum);
  assert.equal(books.quotes.count, 70);
});
