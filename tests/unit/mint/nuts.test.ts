import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { reversed, toHex } from '../../../protocols/bytes.ts';
import { amountOf } from '../../../protocols/cashu/amount.ts';
import { type CashuErrorCode, cashuErrors } from '../../../protocols/cashu/errors.ts';
import type { Json } from '../../../protocols/cashu/json.ts';

import { cashuApi } from '../../../roles/mint/cashu-api.ts';
import { createLog } from '../../../runtime/logs.ts';
import { openTestMint } from './support.ts';
import { type Answer, apiConfig, assertError, jsonOf, openWeb } from './web.ts';

test('NUT-01, NUT-02: keysets and their keys, to the last digit', async (t) => {
  const mint = await openWeb(t);
  const { body: all } = await mint.get('/v1/keysets');
  const head = { id: mint.keysetId, unit: mint.unit, active: true, input_fee_ppk: 0, final_expiry: null };
  assert.deepEqual(all, { keysets: [head] });
  for (const url of ['/v1/keys', `/v1/keys/${mint.keysetId}`]) {
    const { body } = await mint.get(url);
    const keysets = body['keysets'];
    assert.ok(Array.isArray(keysets));
    const [keyset] = keysets;
    const keys = (await mint.engine.keysets.find(mint.keysetId))?.publicKeys ?? [];
    const expected = Object.fromEntries(
      keys.map((key, exponent) => [String(amountOf(exponent)), toHex(key)]),
    );
    assert.deepEqual(keyset, { ...head, keys: expected });
    assert.ok('4611686018427387904' in expected);
  }
  assertError(await mint.get(`/v1/keys/01${'00'.repeat(32)}`), 'keyset-unknown');
  assertError(
    await mint.get('/v1/keys/nonsense'),
    'request-malformed',
    /id is "\\"nonsense\\""; it must be the id of a keyset/,
  );
});

test('NUT-06: the info claims what is there and not what is not', async (t) => {
  const mint = await openWeb(t);
  const { body } = await mint.get('/v1/info');
  const { nuts, time, quotes_by_pubkey, ehash_reports, version, ...said } = body;
  assert.deepEqual(said, {
    name: 'Test',
    description: 'for tests',
    pubkey: toHex(mint.engine.signer.identity),
    urls: ['http://127.0.0.1:3338'],
    contact: [],
  });
  assert.ok(Math.abs(Number(time) - Date.now() / 1000) < 60);
  assert.match(String(version), /^hashpool\/\d+\.\d+\.\d+$/);
  assert.deepEqual(nuts, {
    '4': {
      methods: [{ method: 'ehash', unit: mint.unit, method_name: 'Ehash' }],
      disabled: false,
    },
    '5': { methods: [], disabled: true },
    '7': { supported: true },
    '9': { supported: true },
    '10': { supported: true },
    '11': { supported: true },
    '12': { supported: true },
    '14': { supported: true },
    '17': {
      supported: [{ method: 'ehash', unit: mint.unit, commands: ['proof_state', 'ehash_mint_quote'] }],
    },
    '19': {
      ttl: null,
      cached_endpoints: ['/v1/swap', '/v1/mint/ehash', '/v1/mint/ehash/batch'].map((path) => {
        return { method: 'POST', path };
      }),
    },
    '20': { supported: true },
    '29': { max_batch_size: 100, methods: ['ehash'] },
  });
  assert.deepEqual(ehash_reports, { supported: true, format: 'hashpool-report/1', max_page_size: 20 });
  assert.deepEqual(quotes_by_pubkey, {
    supported: true,
    max_pubkeys: 50,
    max_page_size: 1000,
    methods: ['ehash'],
  });
  const wish = { unit: mint.unit, request: 'lnbc1' };
  assertError(await mint.post('/v1/melt/quote/ehash', wish), 'unit-unsupported', /ehash is not melted/);
  assertError(await mint.post('/v1/melt/ehash', { quote: 'x', inputs: [] }), 'unit-unsupported');
  assertError(await mint.post('/v1/melt/quote/bolt11', wish), 'method-unsupported');
  assertError(await mint.get('/v1/melt/quote/bolt11/x'), 'method-unsupported');
  assertError(await mint.post('/v1/mint/quote/bolt11', { unit: 'sat', amount: 1 }), 'method-unsupported');
});

test('NUT-06: what else an operator says is shown, and nothing where he says nothing', async (t) => {
  const { engine } = await openTestMint(t);
  const said = {
    description_long: 'at length',
    motd: 'maintenance on Sunday',
    icon_url: 'https://mint.example/icon.png',
    tos_url: 'https://mint.example/terms',
    contact: [{ method: 'email', info: 'operator@mint.example' }],
  };
  const mint_info = { ...apiConfig.mint_info, ...said, more_urls: ['http://mint.onion'] };
  const http = cashuApi({ config: { ...apiConfig, mint_info }, engine, log: createLog('test', 'silent') });
  t.after(() => http.close());
  const { urls, ...rest } = (await http.inject('/v1/info')).json();
  assert.deepEqual(urls, ['http://127.0.0.1:3338', 'http://mint.onion']);
  for (const [name, value] of Object.entries(said)) assert.deepEqual(rest[name], value, name);
});

test('NUT-04, NUT-20: quotes are made by mining alone, shown, and minted with a signature', async (t) => {
  const mint = await openWeb(t);
  assertError(
    await mint.post('/v1/mint/quote/ehash', { amount: 1, unit: mint.unit }),
    'minting-disabled',
    /point a miner/,
  );
  const secretKey = randomBytes(32);
  const publicKey = mint.curve.publicKey(secretKey);
  const [quote = ''] = await mint.addQuotes(publicKey, [62]);
  const [stored] = await mint.engine.quotes([quote]);
  assert.ok(stored);
  const shown = {
    quote,
    request: toHex(reversed(stored.shareHashLe)),
    unit: mint.unit,
    method: 'ehash',
    amount: 1n << 62n,
    amount_paid: 1n << 62n,
    amount_issued: 0,
    state: 'PAID',
    pubkey: toHex(publicKey),
    expiry: null,
  };
  assert.deepEqual((await mint.get(`/v1/mint/quote/ehash/${quote}`)).body, shown);
  assertError(await mint.get(`/v1/mint/quote/bolt11/${quote}`), 'method-unsupported', /this mint does ehash/);
  assertError(await mint.get('/v1/mint/quote/ehash/nope'), 'quote-unknown');
  assertError(await mint.get('/v1/mint/quote/ehash/017f22e2-79b0-7cc3-98c4-dc0c0c07398f'), 'quote-unknown');

  const output = mint.blind(62);
  const outputs = [jsonOf(output)];
  const url = '/v1/mint/ehash';
  assertError(await mint.post(url, { quote, outputs }), 'signature-invalid', /sign with the key/);
  assertError(await mint.post(url, { quote, outputs, signature: null }), 'signature-invalid');
  const stranger = toHex(mint.sign(quote, [output], randomBytes(32)));
  assertError(
    await mint.post(url, { quote, outputs, signature: stranger }),
    'signature-invalid',
    /not signed by its pubkey/,
  );
  const forOther = toHex(mint.sign(quote, [mint.blind(62)], secretKey));
  assertError(await mint.post(url, { quote, outputs, signature: forOther }), 'signature-invalid');
  const signature = toHex(mint.sign(quote, [output], secretKey));
  assertError(await mint.post('/v1/mint/bolt11', { quote, outputs, signature }), 'method-unsupported');

  const { status, body } = await mint.post(url, { quote, outputs, signature });
  assert.equal(status, 200, String(body['detail']));
  const [issued] = body['signatures'] as Record<string, Json>[];
  assert.equal(issued?.['amount'], 1n << 62n);
  assert.equal(issued?.['id'], mint.keysetId);
  const { state, amount_issued } = (await mint.get(`/v1/mint/quote/ehash/${quote}`)).body;
  assert.deepEqual([state, amount_issued], ['ISSUED', 1n << 62n]);
  assert.deepEqual(
    (await mint.post(url, { quote, outputs, signature })).body,
    body,
    'NUT-19: the same again',
  );
  const anew = { quote, outputs: [jsonOf(mint.blind(62))], signature };
  assertError(await mint.post(url, anew), 'quote-issued', /restore/);
});

test('NUT-03, NUT-07, NUT-09: swap, states and restore, and what each refuses', async (t) => {
  const mint = await openWeb(t);
  const [proof] = await mint.proofs([5]);
  assert.ok(proof);
  const input = { amount: 32, id: proof.keysetId, secret: proof.secret, C: toHex(proof.signature) };
  const output = mint.blind(5);
  const swap = (inputs: unknown, outputs: unknown) => mint.post('/v1/swap', { inputs, outputs });
  const y = toHex(mint.curve.hashToCurve(Buffer.from(proof.secret)));

  const noPoint = { ...jsonOf(output), B_: `02${'ff'.repeat(32)}` };
  const cases: [CashuErrorCode, Promise<Answer>, RegExp?][] = [
    ['request-malformed', swap([], [jsonOf(output)]), /inputs is empty/],
    ['request-malformed', swap([input], []), /outputs is empty/],
    [
      'request-malformed',
      swap([input], undefined),
      /outputs is missing; it must be a list of blinded messages/,
    ],
    [
      'request-malformed',
      swap([input], [{ ...jsonOf(output), B_: '04' }]),
      /outputs\[0\]\.B_ is .*compressed point/,
    ],
    ['request-malformed', swap([input], [noPoint]), /outputs\[0\]\.B_ is no point/],
    [
      'request-malformed',
      swap([{ ...input, secret: 'x'.repeat(1025) }], [jsonOf(output)]),
      /inputs\[0\]\.secret/,
    ],
    [
      'request-malformed',
      swap([{ ...input, amount: 1.5 }], [jsonOf(output)]),
      /inputs\[0\]\.amount is "1\.5"; it must be a positive integer/,
    ],
    ['request-malformed', swap([{ ...input, amount: '32' }], [jsonOf(output)]), /positive integer/],
    ['request-malformed', mint.post('/v1/swap', '{"inputs":'), /no JSON/],
    ['request-malformed', mint.post('/v1/swap', 'null'), /the body/],
    ['amount-out-of-range', swap([input], [{ ...jsonOf(output), amount: 33 }]), /power of two/],
    ['amount-out-of-range', swap([input], [{ ...jsonOf(output), amount: 1n << 63n }])],
    ['not-balanced', swap([input], [jsonOf(mint.blind(4))])],
    ['duplicate-inputs', swap([input, input], [jsonOf(mint.blind(6))])],
    ['duplicate-outputs', swap([input], [jsonOf(output), jsonOf(output)])],
    [
      'too-many-inputs',
      swap(
        Array.from({ length: 1001 }, () => input),
        [jsonOf(output)],
      ),
    ],
    [
      'too-many-outputs',
      swap(
        [input],
        Array.from({ length: 1001 }, () => jsonOf(output)),
      ),
    ],
    ['keyset-unknown', swap([input], [{ ...jsonOf(output), id: `01${'00'.repeat(32)}` }])],
    ['keyset-unknown', swap([{ ...input, id: '009a1f293253e41e' }], [jsonOf(output)])],
    ['proof-invalid', swap([{ ...input, secret: 'another' }], [jsonOf(output)]), /inputs\[0\]/],
    ['proof-invalid', swap([{ ...input, amount: 16 }], [jsonOf(mint.blind(4))])],
    ['request-too-large', mint.post('/v1/swap', 'x'.repeat((1 << 20) + 1))],
    ['not-found', mint.get('/v2/swap')],
    ['not-found', mint.get('/v1/swap')],
  ];
  for (const [code, answer, detail] of cases) assertError(await answer, code, detail);

  const states = async () => (await mint.post('/v1/checkstate', { Ys: [y] })).body;
  assert.deepEqual(await states(), { states: [{ Y: y, state: 'UNSPENT', witness: null }] });
  const { body: swapped } = await swap([input], [jsonOf(output)]);
  const [issued] = swapped['signatures'] as Json[];
  assert.deepEqual(await states(), { states: [{ Y: y, state: 'SPENT', witness: null }] });
  assertError(await swap([input], [jsonOf(mint.blind(5))]), 'proofs-spent');

  const unknown = jsonOf(mint.blind(0));
  const { body: restored } = await mint.post('/v1/restore', {
    outputs: [unknown, { ...jsonOf(output), amount: 1 }],
  });
  assert.deepEqual(restored, { outputs: [{ ...jsonOf(output), amount: 32 }], signatures: [issued] });
  const [other] = await mint.proofs([5]);
  assert.ok(other);
  const fresh = { amount: 32, id: other.keysetId, secret: other.secret, C: toHex(other.signature) };
  assertError(await swap([fresh], [jsonOf(output)]), 'outputs-signed');
  assertError(
    await mint.post('/v1/checkstate', { Ys: Array.from({ length: 1001 }, () => y) }),
    'too-many-inputs',
  );
  assertError(
    await mint.post('/v1/restore', { outputs: Array.from({ length: 1001 }, () => unknown) }),
    'too-many-outputs',
  );
});

test('NUT-29: batches are checked and minted whole or not at all', async (t) => {
  const mint = await openWeb(t);
  const secretKey = randomBytes(32);
  const quotes = await mint.addQuotes(mint.curve.publicKey(secretKey), [0, 1]);
  const [first = '', second = ''] = quotes;
  const unknown = '017f22e2-79b0-7cc3-98c4-dc0c0c07398f';
  const check = (names: unknown) =>
    mint.http.inject({
      method: 'POST',
      url: '/v1/mint/quote/ehash/check',
      payload: { quotes: names } as object,
    });
  const listed = (await check([second, first])).json<{ quote: string }[]>();
  assert.deepEqual(
    listed.map(({ quote }) => quote),
    [second, first],
  );
  assert.equal((await check([first, unknown])).json().code, cashuErrors['quote-unknown'].number);
  assert.equal((await check([first, first])).json().code, 11016);
  assert.equal((await check(Array.from({ length: 101 }, (_, i) => `${i}`))).json().code, 11017);

  const output = [mint.blind(0), mint.blind(1)];
  const outputs = output.map(jsonOf);
  const signatures = quotes.map((quote) => toHex(mint.sign(quote, output, secretKey)));
  const batch = (request: object) =>
    mint.post('/v1/mint/ehash/batch', { quotes, outputs, signatures, ...request });
  const cases: [CashuErrorCode, Promise<Answer>][] = [
    ['request-malformed', batch({ quotes: [], signatures: [] })],
    ['duplicate-quotes', batch({ quotes: [first, first] })],
    ['batch-too-large', batch({ quotes: Array.from({ length: 101 }, (_, i) => `${i}`), signatures: null })],
    ['quote-unknown', batch({ quotes: [first, unknown] })],
    ['signature-invalid', batch({ signatures: [signatures[0]] })],
    ['signature-invalid', batch({ signatures: [signatures[0], null] })],
    ['signature-invalid', batch({ signatures: undefined })],
    ['signature-invalid', batch({ signatures: signatures.toReversed() })],
    ['not-balanced', batch({ quote_amounts: [1, 1] })],
    ['request-malformed', batch({ quote_amounts: [1] })],
    ['not-balanced', batch({ outputs: [jsonOf(mint.blind(0))] })],
    ['method-unsupported', mint.post('/v1/mint/bolt12/batch', { quotes, outputs, signatures })],
  ];
  for (const [code, answer] of cases) assertError(await answer, code);
  assert.deepEqual(
    (await mint.engine.quotes(quotes)).map(({ state }) => state),
    ['PAID', 'PAID'],
  );
  const { status, body } = await batch({ quote_amounts: [1, 2] });
  assert.equal(status, 200, String(body['detail']));
  assert.equal((body['signatures'] as Json[]).length, 2);
});

test('wallets in browsers may ask, with or without a content type', async (t) => {
  const mint = await openWeb(t);
  const preflight = await mint.http.inject({ method: 'OPTIONS', url: '/v1/swap' });
  assert.equal(preflight.statusCode, 204);
  assert.equal(preflight.headers['access-control-allow-origin'], '*');
  assert.match(String(preflight.headers['access-control-allow-methods']), /POST/);
  assert.match(String(preflight.headers['access-control-allow-headers']), /content-type/);
  assert.equal((await mint.get('/v1/keysets')).headers['access-control-allow-origin'], '*');
  assert.equal((await mint.get('/nowhere')).headers['access-control-allow-origin'], '*');
  for (const type of ['application/json', 'application/x-www-form-urlencoded', 'text/plain']) {
    const answer = await mint.http.inject({
      method: 'POST',
      url: '/v1/checkstate',
      headers: { 'content-type': type },
      payload: '{"Ys":[]}',
    });
    assert.deepEqual(answer.json(), { states: [] }, type);
  }
});
