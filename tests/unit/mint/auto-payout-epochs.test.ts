import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { AutoPayouts } from '../../../roles/mint/auto-payouts.ts';
import { cashuApi } from '../../../roles/mint/cashu-api.ts';
import type { Quote } from '../../../roles/mint/engine.ts';
import { Pricing } from '../../../roles/mint/pricing.ts';
import { createLog } from '../../../runtime/logs.ts';
import { epochScene, FIRST, REWARD } from './epoch-scene.ts';
import { apiConfig } from './web.ts';

const NEVER_MS = 3_600_000;
const log = createLog('test', 'silent');

/** A pool with prices, whose miners can be paid without a wallet. */
async function scene(t: TestContext) {
  const s = await epochScene(t, { confirmations: 1 });
  const { engine, watcher, chain } = s;
  const terms = { min_threshold: 1_000, max_fee_ppm: 50_000 };
  const auto = new AutoPayouts({ engine, network: 'regtest', terms, log });
  const credit = () => auto.credit();
  const height = () => watcher.height;
  const pricing = new Pricing({ engine, height, credit, isCarried: true, log, intervalMs: NEVER_MS });
  t.after(() => pricing.close());
  let counter = 0;
  return {
    ...s,
    /** Registers the key that a quote is locked to. */
    register: ({ publicKey }: Quote) =>
      engine.store.call('registerPayout', {
        ...{ publicKey, counter: ++counter, threshold: 1n },
        to: { address: 'an address', script: Uint8Array.of(0x51) },
      }),
    /** Mines so many blocks, fixes what prices are due, and credits. */
    async on(blocks: number): Promise<void> {
      chain.mine(blocks);
      await s.follow();
      await pricing.run();
    },
    standing: async ({ publicKey }: Quote) => {
      const found = await engine.store.call('payoutKey', publicKey);
      return found?.credits.map(({ unit, ehash, sats }) => [unit, ehash, sats]).reverse();
    },
    state: async (quote: Quote) => (await s.again(quote)).state,
  };
}

test('a wallet that watches a quote by NUT-17 is told that it is AUTO_PAID', async (t) => {
  const s = await scene(t);
  const outbox = s.outbox();
  const quote = await outbox.share(s.chain.mine());
  await s.register(quote);
  const http = cashuApi({ config: apiConfig, engine: s.engine, log });
  const url = await http.listen({ host: '127.0.0.1', port: 0 });
  t.after(() => http.close());
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/ws`);
  t.after(() => socket.close());
  const told: string[] = [];
  const [isPaid, isAutoPaid] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  socket.addEventListener('message', ({ data }) => {
    const { params } = JSON.parse(String(data)) as { params?: { payload: { state: string } } };
    if (!params) return;
    told.push(params.payload.state);
    if (params.payload.state === 'PAID') isPaid.resolve();
    if (params.payload.state === 'AUTO_PAID') isAutoPaid.resolve();
  });
  await new Promise((resolve) => socket.addEventListener('open', resolve));
  const params = { kind: 'ehash_mint_quote', subId: 'a', filters: [quote.name] };
  socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'subscribe', params }));
  await isPaid.promise;
  const x = s.pays();
  await outbox.block(x);
  await outbox.share(x);
  await s.on(100);
  await isAutoPaid.promise;
  assert.deepEqual(told, ['PAID', 'AUTO_PAID']);
  s.audit();
});

test('quotes of merged epochs are credited of both, by work, and those that were minted are not', async (t) => {
  const s = await scene(t);
  const { outbox, x } = await s.boundaryAt103();
  const [minted, kept] = [await outbox.share(x), await outbox.share(x)];
  await s.follow();
  await s.issue(await s.again(minted));
  await s.register(kept);
  s.chain.invalidate(103);
  await s.on(2);
  const elsewhere = await outbox.share(s.chain.mine());
  await s.askMerge(103, FIRST);
  await s.follow();
  const y = s.pays();
  await outbox.block(y);
  await outbox.share(y);
  await s.on(100);
  assert.deepEqual(await Promise.all([minted, kept, elsewhere].map(s.state)), [
    'ISSUED',
    'AUTO_PAID',
    'AUTO_PAID',
  ]);
  // Two shares on the lost block, and three of the heir: the lost block itself, one elsewhere, the block that closes.
  assert.deepEqual(await s.standing(kept), [
    [s.unit(FIRST), 3n, 30n],
    [s.unit(103), 1n, 10n],
  ]);
  assert.equal(REWARD, 50n);
  s.audit();
});

test('a share that comes when its epoch has its price is credited of the one that it went to, once', async (t) => {
  const s = await scene(t);
  const [outbox, late] = [s.outbox(), s.outbox()];
  const parent = s.chain.mine();
  const early = await outbox.share(parent);
  await s.register(early);
  const x = s.pays();
  await outbox.block(x);
  await outbox.share(x);
  await s.on(100);
  assert.equal(await s.state(early), 'AUTO_PAID');
  const quote = await late.share(parent);
  assert.equal(quote.unit, s.unit(103), 'the open epoch has it');
  await s.on(1);
  assert.equal(await s.state(quote), 'PAID');
  const y = s.pays();
  await outbox.block(y);
  for (const each of [outbox, late]) await each.share(y);
  await s.on(100);
  assert.equal(await s.state(quote), 'AUTO_PAID');
  // Of the first epoch a share and its block; of the second a share, the late one and its block.
  assert.deepEqual(await s.standing(quote), [
    [s.unit(FIRST), 2n, REWARD],
    [s.unit(103), 3n, REWARD],
  ]);
  await s.on(1);
  s.audit();
});
