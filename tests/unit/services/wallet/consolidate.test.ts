import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isHashpoolError } from '../../../../protocols/errors.ts';
import { heldBy, openScene } from './scene.ts';

/** An amount that takes forty tokens. */
const FORTY = (1n << 40n) - 1n;
/** What the mint takes in one request. */
const MINT_LIMIT = 1000;

async function fragmented(t: Parameters<typeof openScene>[0], quotes: number, inputFeePpk = 0) {
  const scene = await openScene(t, { inputFeePpk });
  scene.mint.maxBatch(1);
  const wallet = await scene.open();
  const key = await wallet.keyForChannel('channel');
  for (let i = 0; i < quotes; i++) scene.mint.addQuote(key, FORTY);
  const swaps = () =>
    scene.mint.requests.flatMap(({ path, body }) =>
      path === '/v1/swap'
        ? [{ inputs: (body['inputs'] as []).length, outputs: (body['outputs'] as []).length }]
        : [],
    );
  return { ...scene, wallet, swaps };
}

test('up to 256 tokens stay as they are', async (t) => {
  const { wallet, swaps } = await fragmented(t, 6);
  await wallet.collect();
  assert.deepEqual(swaps(), []);
});

test('more become few in one pass, the smallest first, in swaps that the mint takes', async (t) => {
  const { wallet, swaps } = await fragmented(t, 40);
  assert.equal((await wallet.collect()).minted, 40n * FORTY);
  assert.equal(await heldBy(wallet), 40n * FORTY);
  let tokens = 40 * 40;
  for (const { inputs, outputs } of swaps()) {
    assert.ok(inputs <= MINT_LIMIT / 2 && outputs < 63);
    assert.ok(tokens > 256, 'no swap more than it takes');
    tokens += outputs - inputs;
  }
  assert.ok(tokens <= 256, `${tokens} tokens are left`);
  const [line] = await wallet.history({ limit: 1 });
  assert.deepEqual([line?.kind, line?.operations, line?.amount], ['consolidated', swaps().length, 0n]);
  await wallet.collect();
  assert.equal(await heldBy(wallet), 40n * FORTY);
});

test('its fee is booked', async (t) => {
  const { wallet, swaps } = await fragmented(t, 7, 100);
  await wallet.collect();
  assert.deepEqual(swaps().length, 1);
  assert.equal(await heldBy(wallet), 7n * FORTY - 28n);
  const [line] = await wallet.history({ limit: 1 });
  assert.deepEqual([line?.kind, line?.amount, line?.fee], ['consolidated', 0n, 28n]);
});

for (const fault of ['drop-request', 'drop-answer'] as const) {
  test(`it goes on after ${fault}, and is booked once`, async (t) => {
    const { mint, wallet } = await fragmented(t, 7);
    mint.fault('/v1/swap', fault);
    await assert.rejects(wallet.collect(), (error) => isHashpoolError(error, 'mint-unreachable'));
    assert.equal(await heldBy(wallet), 7n * FORTY);
    await wallet.collect();
    assert.equal(await heldBy(wallet), 7n * FORTY);
    const lines = await wallet.history({ limit: 9 });
    assert.deepEqual(
      lines.map(({ kind }) => kind),
      ['consolidated', 'minted'],
    );
  });
}

test('where the mint refuses it, nothing is lost, nothing else is held up, and it is left alone for a while', async (t) => {
  const { mint, wallet, swaps } = await fragmented(t, 7);
  mint.fault('/v1/swap', 'refuse');
  assert.equal((await wallet.collect()).minted, 7n * FORTY);
  mint.addQuote(await wallet.keyForChannel('channel'), 5n);
  assert.equal((await wallet.collect()).minted, 5n);
  assert.equal(swaps().length, 1);
  assert.equal(await heldBy(wallet), 7n * FORTY + 5n);
});

test('who sends from the same database meanwhile loses nothing, and what is sent is not consolidated', async (t) => {
  const { mint, open, wallet } = await fragmented(t, 20);
  const other = await open();
  const collecting = wallet.collect();
  const tokens: string[] = [];
  while (tokens.length < 10) {
    const token = await other.send(1n).catch((error: unknown) => {
      assert.ok(isHashpoolError(error, 'not-enough', 'wallet-busy'), String(error));
    });
    if (token) tokens.push(token);
  }
  await collecting;
  assert.equal(await heldBy(wallet), 20n * FORTY - 10n);
  assert.equal((await wallet.sent()).length, 10);
  assert.equal(new Set(tokens).size, 10);
  assert.equal(mint.repeatedOutputs(), 0);
});
