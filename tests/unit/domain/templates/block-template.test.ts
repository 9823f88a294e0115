import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBlockTemplate } from '../../../../domain/templates/block-template.ts';
import { toHex } from '../../../../protocols/bytes.ts';
import { jsonTemplate } from './fixture.ts';

function parse(changes: Record<string, unknown> = {}): ReturnType<typeof parseBlockTemplate> {
  return parseBlockTemplate({ ...jsonTemplate(), ...changes }, new Map());
}

test('the fields of a template, hashes in header order', () => {
  const template = parse();
  assert.equal(toHex(template.prevHashLe).slice(0, 8), '750e91e2');
  assert.equal(template.bits, 0x207fffff);
  assert.equal(template.coinbaseValue, 5_000_000_500n);
  assert.equal(template.height, 102);
  assert.equal(template.currentTime, 1795209731);
  assert.equal(template.longPollId, 'x102');
  assert.deepEqual(template.depends, [[], [0]]);
  const [first, second] = template.transactions;
  assert.deepEqual([first?.fee, first?.weight, first?.sigops], [200n, 400, 1]);
  assert.equal(toHex(first?.data ?? new Uint8Array()), 'abcd');
  assert.deepEqual(second?.wtxidLe, new Uint8Array(32).fill(0x44));
});

test('a chain without segwit, and a node without long poll', () => {
  const { default_witness_commitment, longpollid, ...rest } = jsonTemplate();
  assert(default_witness_commitment !== undefined && longpollid !== undefined);
  const template = parseBlockTemplate(rest, new Map());
  assert.equal(template.witnessCommitment, undefined);
  assert.equal(template.longPollId, undefined);
});

test('transactions are parsed once over many templates, and forgotten when they are gone', () => {
  const known = new Map();
  const first = parseBlockTemplate(jsonTemplate(), known);
  const again = parseBlockTemplate(jsonTemplate(), known);
  assert.strictEqual(again.transactions[0], first.transactions[0]);
  assert.equal(known.size, 2);
  parseBlockTemplate({ ...jsonTemplate(), transactions: [] }, known);
  assert.equal(known.size, 0);
});

test('a template that is not as it must be names the field', () => {
  const transactions = jsonTemplate()['transactions'];
  assert(Array.isArray(transactions));
  const [first, second] = transactions;
  const wrong: [Record<string, unknown>, RegExp][] = [
    [{ height: '102' }, /height is not an integer/],
    [{ coinbasevalue: -1 }, /coinbasevalue/],
    [{ coinbasevalue: 2 ** 53 }, /coinbasevalue/],
    [{ curtime: 1.5 }, /curtime/],
    [{ bits: '207fff' }, /bits/],
    [{ previousblockhash: undefined }, /previousblockhash/],
    [{ transactions: {} }, /transactions is not a list/],
    [{ transactions: [3] }, /a transaction is not a JSON object/],
    [{ transactions: [{ ...first, data: 'abc' }] }, /data/],
    [{ transactions: [{ ...first, fee: undefined }] }, /fee/],
    [{ transactions: [first, { ...second, depends: [2] }] }, /depends of transaction 2/],
    [{ transactions: [first, { ...second, depends: [0] }] }, /depends of transaction 2/],
    [{ longpollid: 7 }, /longpollid/],
  ];
  for (const [changes, words] of wrong) {
    assert.throws(() => parse(changes), { code: 'bad-block-template', message: words });
  }
  assert.throws(() => parse({ previousblockhash: 'ab' }), { code: 'bad-hex', message: /previousblockhash/ });
  assert.throws(() => parseBlockTemplate(null, new Map()), { code: 'bad-block-template' });
});
