import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { conditionsOf, MAX_SIGNATURE_CHECKS } from '../../domain/ledger/conditions.ts';
import type { Input } from '../../domain/ledger/tokens.ts';
import { fromHex, utf8 } from '../../protocols/bytes.ts';
import { parseJson, stringifyJson } from '../../protocols/cashu/json.ts';
import { lockOf, MAX_SIGNATURES, parseWitness } from '../../protocols/cashu/nut11.ts';
import { forwardedAddress } from '../../roles/mint/limits/addresses.ts';
import { errorText, readMessage, requestOf } from '../../roles/mint/subscriptions/json-rpc.ts';
import { AddressSet } from '../../runtime/address-set.ts';
import { clientAddress } from '../../runtime/client-address.ts';
import vectors from '../unit/cashu/vectors/nut11.json' with { type: 'json' };
import type { Target } from './fuzz.ts';
import type { Random } from './random.ts';

/** A time before some of the vectors' locktimes and after others. */
const NOW = 1_800_000_000;
const decoder = new TextDecoder();

type Texts = readonly [string, ...string[]];

function textsOf(texts: readonly (string | undefined)[]): Texts {
  const [first = '', ...rest] = texts.filter((text) => text !== undefined);
  return [first, ...rest];
}

const proofs = vectors.flatMap(({ inputs }) => inputs);
const secrets = textsOf([
  ...proofs.map(({ secret }) => secret),
  'ab'.repeat(32),
  '["P2PK",{"nonce":"n","data":"d"}]',
  '["HTLC",{"nonce":"n","data":"d","data":"e","tags":[[]]}]',
  '["DLC",{"nonce":"n","data":"d","tags":[["sigflag","SIG_ALL"]]}]',
]);
const witnesses = textsOf([...proofs.map(({ witness }) => witness), '', 'null', '{"signatures":{}}']);
const requests = textsOf([
  JSON.stringify({
    inputs: proofs.slice(0, 2),
    outputs: vectors.flatMap(({ outputs }) => outputs).slice(0, 2),
  }),
  '{"amount":4611686018427387904,"list":[1,-0,1e400,null,true,"\\u0000"]}',
]);
const messages = textsOf([
  '{"jsonrpc":"2.0","id":0,"method":"subscribe","params":{"kind":"proof_state","subId":"s","filters":["02"]}}',
  '{"jsonrpc":"2.0","id":"x","method":"unsubscribe","params":{"subId":"s"}}',
]);

/** What stands where something else is expected. */
const words = [
  'null',
  '0',
  '-1',
  '1e999',
  '""',
  '[]',
  '{}',
  '"SIG_ALL"',
  '"\\ud800"',
  '"__proto__"',
  '{"__proto__":1}',
] as const;

/** A text as it was, with broken bytes, or with another value in the place of one of its own. */
function broken(random: Random, texts: Texts): string {
  const text = random.pick(texts);
  if (random.below(4) === 0) return text;
  if (random.below(2) === 0) return decoder.decode(random.mutate(utf8(text)));
  const values = [...text.matchAll(/"(?:[^"\\]|\\.)*"|-?\d+|\[\]|\{\}/g)];
  const value = values[random.below(values.length || 1)];
  if (!value) return text;
  return text.slice(0, value.index) + random.pick(words) + text.slice(value.index + value[0].length);
}

function someInput(random: Random): Input {
  const witness = broken(random, witnesses);
  const signature = fromHex(`02${'11'.repeat(32)}`);
  return { keysetId: 'a', exponent: 0, secret: broken(random, secrets), signature, witness };
}

const trusted = new AddressSet(['127.0.0.1', '::1', '10.0.0.0/8']);
const forwarded: Texts = ['6.6.6.6, 10.1.1.1', '2001:db8::7,::ffff:10.0.0.1', '::1', 'x, , 1.2.3.4:80'];

/** What a wallet may send to the mint: locks and what opens them, bodies, WebSocket messages, who it says it is. */
export const cashu: readonly Target[] = [
  {
    name: 'locks',
    weight: 4,
    refusals: /^secret-malformed$/,
    run(random) {
      const secret = broken(random, secrets);
      const lock = lockOf(secret);
      if (!lock) return;
      for (const path of [lock.main, lock.refund ?? lock.main]) {
        assert.ok(path.needed <= path.keys.length && path.keys.length <= 16);
        for (const key of path.keys) assert.equal(key.length, 33);
      }
      assert.equal(lock.kind === 'HTLC', lock.hash !== undefined);
      assert.ok(lock.locktime === undefined || lock.locktime >= 0);
    },
  },
  {
    name: 'conditions',
    weight: 4,
    refusals: /^(proof-invalid|witness-invalid|too-many-inputs)$/,
    run(random) {
      const inputs = Array.from({ length: 1 + random.below(3) }, () => someInput(random));
      const { checks, isLocked } = conditionsOf(inputs, { outputs: [] }, NOW);
      assert.equal(isLocked.length, inputs.length);
      assert.ok(checks.length <= MAX_SIGNATURE_CHECKS);
      for (const { input, message, paths } of checks) {
        assert.ok(isLocked[input] && message.length === 32);
        assert.ok(paths.length > 0 && paths.every(({ needed }) => needed > 0));
      }
    },
  },
  {
    name: 'witnesses',
    weight: 1,
    // It reads what there is to read and refuses nothing.
    refusals: /^$/,
    run(random) {
      const { signatures } = parseWitness(broken(random, witnesses));
      assert.ok(signatures.length <= MAX_SIGNATURES && signatures.every(({ length }) => length === 64));
    },
  },
  {
    name: 'bodies',
    weight: 2,
    refusals: /^bad-json$/,
    run(random) {
      const written = stringifyJson(parseJson(broken(random, requests), 1000));
      assert.equal(stringifyJson(parseJson(written)), written);
    },
  },
  {
    name: 'WebSocket messages',
    weight: 2,
    refusals: /^rpc-/,
    run(random) {
      const { params } = requestOf(readMessage(broken(random, messages)));
      assert.ok(params.subId.length > 0);
      assert.equal(errorText(null, new Error('of another kind')), undefined);
    },
  },
  {
    name: 'X-Forwarded-For',
    weight: 1,
    // What is no address names nobody.
    refusals: /^$/,
    run(random) {
      const header = decoder.decode(random.mutate(utf8(random.pick(forwarded))));
      assert.ok(isIP(clientAddress(forwardedAddress('127.0.0.1', header, trusted)).replace(/\/64$/, '')) > 0);
      assert.equal(forwardedAddress('6.6.6.6', header, trusted), '6.6.6.6');
    },
  },
];
