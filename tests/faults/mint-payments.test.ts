import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { before, test } from 'node:test';
import { auditMint } from '../../roles/mint/books.ts';
import { loadCrypto } from '../../runtime/crypto.ts';
import { startMint, type TestMintProcess } from '../harness/mint.ts';
import { bare, SatWallet } from '../harness/sat-wallet.ts';
import { until } from '../harness/template-client.ts';

/**
 * The mint is killed between any two of the writes in roles/mint/store/schema.ts; after the next start the same
 * request, or the state that it asks for, comes to the same end as without the kill, and the sums hold.
 */
const paidAfter = (milliseconds: number) => `
[payments]
[payments.bolt11]
backend = "fake"
[payments.fake]
pays_after_ms = ${milliseconds}
`;
/** Long enough for an invoice to be unpaid when the mint is asked to pay it itself. */
const A_WHILE_MS = 4_000;
/** A node that is never there: nothing of this needs it. */
const node = { rpcUrl: 'http://127.0.0.1:1', rpcAuth: 'nobody:nothing' };

let curve: Awaited<ReturnType<typeof loadCrypto>>['curve'];
before(async () => {
  ({ curve } = await loadCrypto());
});

/** A mint that is killed at a point, and a wallet with some sats. */
class Scene {
  readonly mint: TestMintProcess;
  readonly wallet: SatWallet;

  constructor(mint: TestMintProcess) {
    this.mint = mint;
    this.wallet = new SatWallet(mint.url, curve);
  }

  /** Starts the mint so that it is killed at `point` over `request`, and starts it again. */
  async killedAt(point: string, request: () => Promise<unknown>): Promise<void> {
    await this.mint.end('SIGTERM');
    await this.mint.start(point);
    await assert.rejects(request(), `${point} was never reached`);
    await this.mint.end('SIGKILL');
    await this.mint.start();
  }

  get outstanding(): bigint {
    return auditMint(this.mint.databasePath).units.get('sat')?.outstanding ?? 0n;
  }

  /** How often a request was paid, whatever the mint believes. */
  timesPaid(request: string): number {
    const db = new DatabaseSync(join(this.mint.folder, 'state', 'fake-bolt11.sqlite'), { readOnly: true });
    try {
      const row = db.prepare('SELECT count(*) AS n FROM fake_outgoing WHERE request = ?').get(request);
      return Number(row?.['n']);
    } finally {
      db.close();
    }
  }
}

async function openScene(t: { after(hook: () => unknown): void }, milliseconds = 0): Promise<Scene> {
  const scene = new Scene(await startMint(t, node, { payments: paidAfter(milliseconds) }));
  await scene.wallet.load();
  return scene;
}

test('a mint killed over a quote that is paid credits it once, and issues it once', async (t) => {
  const scene = await openScene(t);
  const { wallet } = scene;
  const ask = () => wallet.post('/v1/mint/quote/bolt11', { unit: 'sat', amount: 20 });
  for (const point of ['quote-requested', 'quote-stored']) await scene.killedAt(point, ask);
  const arrivals = () => scene.mint.output.match(/a payment came in/g)?.length;
  await until(() => arrivals() === 2, 'payment of invoices that nobody was told of');
  for (const point of ['payments-received', 'payments-stored']) {
    let quote = '';
    await scene.killedAt(point, async () => {
      quote = (await ask()).body.quote ?? '';
      for (;;) await wallet.get(`/v1/mint/quote/bolt11/${quote}`);
    });
    await wallet.until(`/v1/mint/quote/bolt11/${quote}`, 'PAID');
    const outputs = bare(wallet.outputs(20));
    assert.equal((await wallet.post('/v1/mint/bolt11', { quote, outputs })).status, 200);
    assert.equal(
      (await wallet.post('/v1/mint/bolt11', { quote, outputs: bare(wallet.outputs(20)) })).body.code,
      20002,
    );
  }
  for (const point of ['quote-signed', 'quote-issued']) {
    const quote = await wallet.paidQuote(20);
    const outputs = wallet.outputs(20);
    const mint = () => wallet.post('/v1/mint/bolt11', { quote, outputs: bare(outputs) });
    await scene.killedAt(point, mint);
    const { body } = await mint();
    const proofs = wallet.proofs(outputs, body.signatures);
    assert.equal(
      (await wallet.post('/v1/swap', { inputs: proofs, outputs: bare(wallet.outputs(20)) })).status,
      200,
    );
  }
  assert.equal(scene.outstanding, 80n);
});

test('a mint killed over a swap has made it whole or not at all', async (t) => {
  const scene = await openScene(t);
  const { wallet } = scene;
  for (const point of ['swap-signed', 'swap-stored']) {
    const [inputs, outputs] = [await wallet.mint(20), wallet.outputs(20)];
    const swap = () => wallet.post('/v1/swap', { inputs, outputs: bare(outputs) });
    await scene.killedAt(point, swap);
    const state = point === 'swap-signed' ? 'UNSPENT' : 'SPENT';
    assert.deepEqual(await wallet.states(inputs), [state, state]);
    const proofs = wallet.proofs(outputs, (await swap()).body.signatures);
    assert.deepEqual(await wallet.states(proofs), ['UNSPENT', 'UNSPENT']);
  }
  assert.equal(scene.outstanding, 40n);
});

for (const point of ['melt-checked', 'melt-begun', 'melt-paid', 'melt-signed', 'melt-finished']) {
  test(`a mint killed at ${point} pays once and loses no change`, async (t) => {
    const scene = await openScene(t);
    const { wallet } = scene;
    const inputs = await wallet.mint(32);
    const { quote, request } = await wallet.meltQuote(20);
    const outputs = wallet.outputs(63);
    const melt = () => wallet.post('/v1/melt/bolt11', { quote, inputs, outputs: bare(outputs) });
    await scene.killedAt(point, melt);
    if (point === 'melt-checked') {
      assert.deepEqual(await wallet.states(inputs), ['UNSPENT']);
      assert.equal((await melt()).body.state, 'PAID');
    }
    const { body } = await wallet.until(`/v1/melt/quote/bolt11/${quote}`, 'PAID');
    assert.equal(scene.timesPaid(request), 1);
    assert.deepEqual(await wallet.states(inputs), ['SPENT']);
    const change = wallet.proofs(outputs, body.change);
    assert.equal(
      change.reduce((sum, { amount }) => sum + amount, 0),
      11,
    );
    assert.equal(
      (await wallet.post('/v1/swap', { inputs: change, outputs: bare(wallet.outputs(11)) })).status,
      200,
    );
    assert.deepEqual((await melt()).body, body, 'NUT-19: the same again');
    assert.equal(scene.outstanding, 11n);
  });
}

test('a mint killed when a payment has failed gives the proofs back', async (t) => {
  const scene = await openScene(t);
  const { wallet } = scene;
  const inputs = await wallet.mint(32);
  const { quote } = await wallet.meltQuote(20, { pay_invoice_state: 'FAILED' });
  for (const point of ['melt-paid', 'melt-released']) {
    await scene.killedAt(point, () => wallet.post('/v1/melt/bolt11', { quote, inputs }));
    await wallet.until(`/v1/melt/quote/bolt11/${quote}`, 'UNPAID');
    assert.deepEqual(await wallet.states(inputs), ['UNSPENT']);
  }
  assert.equal(scene.outstanding, 32n);
});

test('a mint killed over its own invoice has settled it or not', async (t) => {
  const scene = await openScene(t, A_WHILE_MS);
  const { wallet } = scene;
  for (const point of ['inside-signed', 'inside-settled']) {
    const inputs = await wallet.mint(32);
    await scene.killedAt(point, async () => {
      const own = await wallet.post('/v1/mint/quote/bolt11', { unit: 'sat', amount: 20 });
      const asked = { unit: 'sat', request: own.body.request };
      const { quote } = (await wallet.post('/v1/melt/quote/bolt11', asked)).body;
      const outputs = bare(wallet.outputs(15));
      await wallet.post('/v1/melt/bolt11', { quote, inputs, outputs });
    });
    const isSettled = point === 'inside-settled';
    assert.deepEqual(await wallet.states(inputs), [isSettled ? 'SPENT' : 'UNSPENT']);
    assert.equal(scene.outstanding, isSettled ? 32n + 12n : 32n);
  }
});
