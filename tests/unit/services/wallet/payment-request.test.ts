import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { getDecodedToken, getEncodedToken, PaymentRequest } from '@cashu/cashu-ts';
import { toHex } from '../../../../protocols/bytes.ts';
import { parseJson } from '../../../../protocols/cashu/json.ts';
import { isHashpoolError } from '../../../../protocols/errors.ts';
import { heldBy, OTHER, openScene } from './scene.ts';

const code =
  (...codes: string[]) =>
  (error: unknown) =>
    isHashpoolError(error, ...codes);

async function twoWallets(t: TestContext) {
  const scene = await openScene(t);
  const payer = await scene.open();
  const payee = await scene.open('payee', OTHER);
  await scene.fill(payer, 64n, 36n);
  return { ...scene, payer, payee };
}

/** A payee's server that answers `status` and remembers what it was sent. */
async function startPayee(t: TestContext, status: number) {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    text(request).then((body) => {
      bodies.push(body);
      response.writeHead(status).end();
    }, assert.fail);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { bodies, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/pay` };
}

test('NUT-18 and NUT-26: a request is paid in either encoding, and the token handed over', async (t) => {
  const { mint, payer, payee } = await twoWallets(t);
  const { creqA, creqB } = await payee.request({ amount: 9n, description: 'tea' });
  assert.match(creqA, /^creqA/);
  assert.match(creqB, /^CREQB1/);
  const { amount, unit, mints, singleUse, transport } = PaymentRequest.fromEncodedRequest(creqA);
  assert.deepEqual(
    [amount?.toBigInt(), unit, mints, singleUse, transport?.length ?? 0],
    [9n, mint.unit, [mint.url], true, 0],
  );
  for (const request of [creqA, creqB.toLowerCase()]) {
    const paid = await payer.pay(request);
    assert.deepEqual([paid.amount, paid.description, paid.deliveredTo], [9n, 'tea', undefined]);
    assert.equal(await payee.receive(paid.token), 9n);
  }
  const [line] = await payer.history({ limit: 1 });
  assert.match(line?.note ?? '', /^payment request [0-9a-f]{8} tea$/);
});

test('a request that wants a lock gets one that only its wallet opens', async (t) => {
  const { payer, payee } = await twoWallets(t);
  const { creqA } = await payee.request({ amount: 9n, isLocked: true });
  const { token } = await payer.pay(creqA);
  await assert.rejects(payer.receive(token), code('token-locked'));
  assert.equal(await payee.receive(token), 9n);
});

test('a request with an address is paid there by POST', async (t) => {
  const { mint, payer, payee } = await twoWallets(t);
  const server = await startPayee(t, 200);
  const { creqB } = await payee.request({ amount: 5n, post: server.url });
  assert.equal((await payer.pay(creqB)).deliveredTo, server.url);
  const body = parseJson(server.bodies[0] ?? '') as { id: string; mint: string; unit: string; proofs: [] };
  assert.equal(body.id, PaymentRequest.fromEncodedRequest(creqB).id);
  assert.deepEqual([body.mint, body.unit], [mint.url, mint.unit]);
  assert.equal(await payee.receive(getEncodedToken(body)), 5n);
});

test('a payment that nobody took stays on the list of sent ones', async (t) => {
  const { payer, payee } = await twoWallets(t);
  const server = await startPayee(t, 500);
  const { creqA } = await payee.request({ amount: 5n, post: server.url });
  await assert.rejects(payer.pay(creqA), code('not-delivered'));
  const [sent] = await payer.sent();
  assert.equal(await payer.receive(sent?.token ?? ''), 5n);
  assert.equal(await heldBy(payer), 100n);
});

test('what cannot be paid is refused in words, and nothing is spent', async (t) => {
  const { mint, payer, payee } = await twoWallets(t);
  const key = toHex(await payee.keyForChannel('x'));
  const make = (...args: ConstructorParameters<typeof PaymentRequest>) =>
    new PaymentRequest(...args).toEncodedCreqA();
  const nostr = [{ type: 'nostr' as never, target: 'nprofile1x' }];
  const ftp = [{ type: 'post' as never, target: 'ftp://x/y' }];
  for (const [request, given, expected] of [
    ['creqAnonsense', {}, 'bad-request'],
    ['creqA'.padEnd(9000, 'x'), {}, 'bad-request'],
    ['cashuBabc', {}, 'bad-request'],
    [make([], 'i', 1, mint.unit, ['https://elsewhere.example']), {}, 'wrong-mint'],
    [make([], 'i', 1, mint.unit, ['::']), {}, 'wrong-mint'],
    [make(nostr, 'i', 1, mint.unit, []), {}, 'no-transport'],
    [make(ftp, 'i', 1, mint.unit, []), {}, 'bad-url'],
    [make([], 'i', 1, mint.unit, [], '', false, { kind: 'OTHER', data: key, tags: [] }), {}, 'bad-lock'],
    [make([], 'i', undefined, mint.unit, []), {}, 'bad-amount'],
    [make([], 'i', 2, mint.unit, []), { amount: 1n }, 'bad-amount'],
    [make([], 'i', 101, mint.unit, []), {}, 'not-enough'],
    [make([], 'i', 1, 'usd', []), {}, 'not-enough'],
  ] as const) {
    await assert.rejects(payer.pay(request, given), code(expected), `${expected}: ${request}`);
  }
  assert.equal(await heldBy(payer), 100n);
  const open = make([], undefined, undefined, undefined, undefined);
  const { token } = await payer.pay(open, { amount: 3n });
  const { proofs } = getDecodedToken(token, [mint.keysetId]);
  assert.equal(proofs.length, 2);
  await assert.rejects(payee.request({ amount: 0n }), code('bad-amount'));
  await assert.rejects(payee.request({ amount: 1n, post: 'file:///x' }), code('bad-url'));
});
