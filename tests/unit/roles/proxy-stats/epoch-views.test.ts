import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { EpochViews } from '../../../../roles/proxy-stats/epoch-views.ts';

const POOL = `02${'ab'.repeat(32)}`;
const unit = (height: number) => `hash_${POOL}_${height}`;

/** A mint that answers with these texts, by unit; notes who was asked for. */
async function fakeMint(t: TestContext, answers: Record<string, string>) {
  const asked: string[] = [];
  const server = createServer(({ url = '' }, response) => {
    const name = url.replace('/v1/ehash/epochs/', '');
    asked.push(name);
    const answer = answers[name];
    response.writeHead(answer === undefined ? 400 : 200).end(answer);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

test('an epoch is as the mint tells, asked once for many who look; the price is exact', async (t) => {
  const priced = `{"state":"redeemable","redeemable_from":210,"redeemable_before":1210,"reward":5000000000,"fee":7,"work":123456789012345678901}`;
  const open = `{"state":"open","redeemable_from":null,"redeemable_before":null,"reward":0,"fee":null,"work":3}`;
  const { asked, url } = await fakeMint(t, { [unit(100)]: priced, [unit(200)]: open });
  let now = 0;
  const views = new EpochViews(url, () => now);
  const found = await views.of([unit(100), unit(200), 'sat']);
  assert.deepEqual(found.get(unit(100)), {
    state: 'redeemable',
    redeemable_from: 210,
    redeemable_before: 1210,
    price: { payable_sat: '4999999993', work: '123456789012345678901' },
  });
  assert.equal(found.get(unit(200))?.price, null);
  assert.equal(found.has('sat'), false);
  await views.of([unit(100)]);
  assert.equal(asked.length, 2);
  now = 10_000;
  await views.of([unit(100)]);
  assert.equal(asked.length, 3);
});

test('a mint that is away, refuses, or answers rubbish leaves the epoch unknown', async (t) => {
  const rubbish = ['no JSON', '[]', 'null', '{"state":"bought"}', '{"state":7}'];
  const { url } = await fakeMint(t, Object.fromEntries(rubbish.map((text, k) => [unit(k + 1), text])));
  const units = [...rubbish, 'refused'].map((_, k) => unit(k + 1));
  const found = await new EpochViews(url, () => 0).of(units);
  assert.deepEqual(
    [...found.values()],
    units.map(() => null),
  );
  const away = await new EpochViews('http://127.0.0.1:9', () => 0).of([unit(1)]);
  assert.equal(away.get(unit(1)), null);
});

test('of many epochs the latest are asked for', async (t) => {
  const { asked, url } = await fakeMint(t, {});
  await new EpochViews(url, () => 0).of(Array.from({ length: 60 }, (_, k) => unit(k + 95)));
  assert.equal(asked.length, 50);
  assert.ok(asked.includes(unit(154)) && !asked.includes(unit(104)));
});
