import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseSecret } from '../../../protocols/cashu/nut10.ts';

test('NUT-10: the example of the NUT, with whatever whitespace its writer put in', () => {
  const expected = { kind: 'P2PK', data: 'd', tags: [['pubkeys'], ['pubkeys', '021']] };
  assert.deepEqual(
    parseSecret('["P2PK",{"nonce":"n","data":"d","tags":[["pubkeys"],["pubkeys","021"]]}]'),
    expected,
  );
  assert.deepEqual(
    parseSecret(' [ "P2PK" , {"tags": [["pubkeys"], ["pubkeys", "021"]], "data": "d", "nonce": "n"} ]'),
    expected,
  );
  assert.deepEqual(parseSecret('["HTLC",{"nonce":"n","data":"d","tags":null}]'), {
    kind: 'HTLC',
    data: 'd',
    tags: [],
  });
});

test('NUT-10: any other text, and any other kind, is a plain secret', () => {
  const plain = [
    '',
    'ab'.repeat(32),
    '[',
    '[]',
    '[1]',
    '{}',
    '["p2pk",{}]',
    '["DLC",{"nonce":1}]',
    '"P2PK"',
    '["P2PK"',
  ];
  for (const secret of plain) assert.equal(parseSecret(secret), undefined, secret);
  fc.assert(fc.property(fc.string(), (secret) => parseSecret(secret) === undefined));
});

test('NUT-10: a lock in another form is refused, never taken for no lock', () => {
  const cases = [
    '["P2PK"]',
    '["P2PK",{"nonce":"n","data":"d"},1]',
    '["P2PK",null]',
    '["P2PK","d"]',
    '["P2PK",{"data":"d"}]',
    '["P2PK",{"nonce":1,"data":"d"}]',
    '["P2PK",{"nonce":"n","data":2}]',
    '["P2PK",{"nonce":"n","data":"d","tags":{}}]',
    '["P2PK",{"nonce":"n","data":"d","tags":[[]]}]',
    '["P2PK",{"nonce":"n","data":"d","tags":["x"]}]',
    '["P2PK",{"nonce":"n","data":"d","tags":[["locktime",1765300829]]}]',
    '["P2PK",{"nonce":"n","data":"d","tags":[["locktime",""]]}]',
    '["P2PK",{"nonce":"n","data":"d","data":"e"}]',
    '["P2PK",{"nonce":"n","data":"d","\\u0064ata" : "e"}]',
  ];
  for (const secret of cases) assert.throws(() => parseSecret(secret), { code: 'secret-malformed' }, secret);
});

test('NUT-10: a colon in a value is no field', () => {
  const secret = JSON.stringify([
    'P2PK',
    { nonce: '"data":', data: '"data":"x",\\"data":', tags: [['"data":', ':']] },
  ]);
  assert.equal(parseSecret(secret)?.tags[0]?.[1], ':');
});
