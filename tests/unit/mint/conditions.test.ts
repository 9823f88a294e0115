import assert from 'node:assert/strict';
import { hash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { Input } from '../../../domain/ledger/tokens.ts';
import { toHex, utf8 } from '../../../protocols/bytes.ts';
import type { Json } from '../../../protocols/cashu/json.ts';
import { sigAllMessage } from '../../../protocols/cashu/nut11.ts';
import type { Curve } from '../../../protocols/crypto/curve.ts';
import { openTestPayments } from './payments-support.ts';
import { assertError, jsonOf, openWeb, type Web } from './web.ts';

/** The pair of NUT-14, Hash lock. */
const HASH = 'ec4916dd28fc4c10d78e287ca5d9cc51ee1ae73cbfde08c6b37324cbfaac8bc5';
const PREIMAGE = `${'00'.repeat(31)}01`;

function lock(kind: string, data: string, ...tags: string[][]): string {
  return JSON.stringify([kind, { nonce: toHex(randomBytes(16)), data, tags }]);
}

function signed(curve: Curve, message: string, ...keys: Uint8Array[]): string[] {
  return keys.map((key) => toHex(curve.schnorrSign(hash('sha256', message, 'buffer'), key, randomBytes(32))));
}

function proofJson({ keysetId, exponent, secret, signature }: Input, witness?: unknown) {
  return {
    amount: 2 ** exponent,
    id: keysetId,
    secret,
    C: toHex(signature),
    ...(witness ? { witness } : {}),
  };
}

async function stateOf(mint: Web, { secret }: Input): Promise<Json> {
  const Ys = [toHex(mint.curve.hashToCurve(utf8(secret)))];
  const { body } = await mint.post('/v1/checkstate', { Ys });
  const [state] = body['states'] as Record<string, Json>[];
  return [state?.['state'] ?? null, state?.['witness'] ?? null];
}

test('NUT-11, NUT-07: a locked proof is spent by its key alone, and its witness is kept', async (t) => {
  const mint = await openWeb(t);
  const [owner, stranger] = [randomBytes(32), randomBytes(32)];
  const secret = lock('P2PK', toHex(mint.curve.publicKey(owner)));
  const [locked, plain, object] = await mint.proofsOf([
    secret,
    'plain',
    lock('P2PK', toHex(mint.curve.publicKey(owner))),
  ]);
  assert.ok(locked && plain && object);
  const swap = (proof: Input, witness?: unknown) =>
    mint.post('/v1/swap', { inputs: [proofJson(proof, witness)], outputs: [jsonOf(mint.blind(0))] });

  assertError(
    await swap(locked),
    'witness-invalid',
    /inputs\[0\] is locked by P2PK, signatures not provided/,
  );
  const byStranger = JSON.stringify({ signatures: signed(mint.curve, secret, stranger) });
  assertError(await swap(locked, byStranger), 'witness-invalid', /too few signed/);
  const overOther = JSON.stringify({ signatures: signed(mint.curve, 'other', owner) });
  assertError(await swap(locked, overOther), 'witness-invalid', /too few signed/);
  assertError(await swap(locked, 'x'.repeat(2049)), 'request-malformed', /inputs\[0\]\.witness/);
  assert.deepEqual(await stateOf(mint, locked), ['UNSPENT', null]);

  const witness = JSON.stringify({ signatures: signed(mint.curve, secret, owner) });
  assert.equal((await swap(locked, witness)).status, 200);
  assert.deepEqual(await stateOf(mint, locked), ['SPENT', witness]);
  assert.equal((await swap(plain, witness)).status, 200, 'a plain proof may carry anything');
  assert.deepEqual(await stateOf(mint, plain), ['SPENT', null]);
  const signatures = signed(mint.curve, object.secret, owner);
  assert.equal((await swap(object, { signatures, preimage: null, more: 'x' })).status, 200);
  assert.deepEqual(await stateOf(mint, object), ['SPENT', JSON.stringify({ signatures })]);
});

test('NUT-11: SIG_ALL binds inputs and outputs together', async (t) => {
  const mint = await openWeb(t);
  const keys = [randomBytes(32), randomBytes(32)];
  const [first = '', second = ''] = keys.map((key) => toHex(mint.curve.publicKey(key)));
  const tags = [
    ['sigflag', 'SIG_ALL'],
    ['pubkeys', second],
    ['n_sigs', '2'],
  ];
  const inputs = await mint.proofsOf([lock('P2PK', first, ...tags), lock('P2PK', first, ...tags)]);
  const outputs = [mint.blind(0), mint.blind(0)];
  const asked = outputs.map(({ blinded }) => ({ amount: 1n, blinded }));
  const swap = (signatures: string[], order = outputs) =>
    mint.post('/v1/swap', {
      inputs: inputs.map((input, i) =>
        proofJson(input, i === 0 ? JSON.stringify({ signatures }) : undefined),
      ),
      outputs: order.map(jsonOf),
    });
  const signatures = signed(mint.curve, sigAllMessage(inputs, asked), ...keys);
  assertError(await swap(signatures.slice(0, 1)), 'witness-invalid', /too few signed/);
  assertError(await swap(signatures, outputs.toReversed()), 'witness-invalid', /for SIG_ALL the request/);
  const { status, body } = await swap(signatures);
  assert.equal(status, 200, String(body['detail']));
});

test('NUT-14, NUT-07: an HTLC opens by its preimage, which the sender can then read', async (t) => {
  const mint = await openWeb(t);
  const key = randomBytes(32);
  const secret = lock('HTLC', HASH, ['pubkeys', toHex(mint.curve.publicKey(key))]);
  const [proof] = await mint.proofsOf([secret]);
  assert.ok(proof);
  const swap = (witness: object) =>
    mint.post('/v1/swap', {
      inputs: [proofJson(proof, JSON.stringify(witness))],
      outputs: [jsonOf(mint.blind(0))],
    });
  const signatures = signed(mint.curve, secret, key);
  assertError(await swap({ signatures }), 'witness-invalid', /preimage is not that of its hash/);
  assertError(
    await swap({ preimage: PREIMAGE }),
    'witness-invalid',
    /locked by HTLC, signatures not provided/,
  );
  assert.equal((await swap({ preimage: PREIMAGE, signatures })).status, 200);
  assert.deepEqual(await stateOf(mint, proof), ['SPENT', JSON.stringify({ preimage: PREIMAGE, signatures })]);
});

test('NUT-14, NUT-07: while a payment is under way its preimage is told to nobody', async (t) => {
  const test = await openTestPayments(t);
  const { mint } = test;
  const output = mint.blind(4, test.satKeyset, lock('HTLC', HASH));
  const quotes = [await test.paidQuote(16)];
  const [issued] = await test.payments.mintQuotes.mint('bolt11', {
    quotes,
    outputs: [output],
    signatures: [undefined],
  });
  assert.ok(issued);
  const proof = mint.unblind(output, issued);
  const witness = JSON.stringify({ preimage: PREIMAGE });
  const y = mint.curve.hashToCurve(utf8(proof.secret));
  const pays = { pay_invoice_state: 'PENDING', check_payment_state: 'PENDING' };
  await assert.rejects(test.melt(await test.meltQuote(10), [proof]), { code: 'witness-invalid' });
  await test.melt(await test.meltQuote(10, pays), [{ ...proof, witness }]);
  assert.deepEqual(await mint.engine.proofStates([y]), [{ state: 'PENDING', witness: null }]);

  const other = mint.blind(4, test.satKeyset, lock('HTLC', HASH));
  const more = [await test.paidQuote(16)];
  const [again] = await test.payments.mintQuotes.mint('bolt11', {
    quotes: more,
    outputs: [other],
    signatures: [undefined],
  });
  assert.ok(again);
  const spent = mint.unblind(other, again);
  await test.melt(await test.meltQuote(10), [{ ...spent, witness }]);
  const [state] = await mint.engine.proofStates([mint.curve.hashToCurve(utf8(spent.secret))]);
  assert.deepEqual(state, { state: 'SPENT', witness });
});

test('locks are checked in the signer, many at a time', async (t) => {
  const mint = await openWeb(t);
  const key = randomBytes(32);
  const publicKey = toHex(mint.curve.publicKey(key));
  const proofs = await mint.proofsOf(Array.from({ length: 70 }, () => lock('P2PK', publicKey)));
  const witnessed = proofs.map((proof) => {
    return { ...proof, witness: JSON.stringify({ signatures: signed(mint.curve, proof.secret, key) }) };
  });
  const [bad] = witnessed.splice(-1);
  assert.ok(bad);
  const outputs = witnessed.map(() => mint.blind(0));
  const stolen = { ...bad, witness: witnessed[0]?.witness ?? '' };
  await assert.rejects(mint.engine.swap([...witnessed, stolen], [...outputs, mint.blind(0)]), {
    code: 'witness-invalid',
    message: /inputs\[69\] is locked/,
  });
  assert.equal((await mint.engine.swap(witnessed, outputs)).length, 69);
});
