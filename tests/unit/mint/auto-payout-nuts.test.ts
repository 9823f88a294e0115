import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { toHex } from '../../../protocols/bytes.ts';
import { autoPayoutLookupMessage, autoPayoutMessage } from '../../../protocols/ehash/auto-payout.ts';
import { AutoPayouts } from '../../../roles/mint/auto-payouts.ts';
import { cashuApi } from '../../../roles/mint/cashu-api.ts';
import { createLog } from '../../../runtime/logs.ts';
import { openTestMint } from './support.ts';
import { apiConfig, requestsTo } from './web.ts';

const log = createLog('test', 'silent');
const ADDRESS = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080';
const TERMS = { min_threshold: 10_000, max_fee_ppm: 50_000 };
const PATH = '/v1/ehash/auto-payout';

interface Wish {
  readonly counter: number;
  readonly address?: string;
  readonly threshold?: number;
}

/** A mint's API and a key with a quote. */
async function scene(t: TestContext, terms: typeof TERMS | undefined = TERMS) {
  const mint = await openTestMint(t);
  const { engine, curve } = mint;
  const isOff = terms.min_threshold === 0;
  const autoPayouts = new AutoPayouts({ engine, network: 'regtest', terms: isOff ? undefined : terms, log });
  const http = cashuApi({ config: apiConfig, engine, log, autoPayouts });
  t.after(() => http.close());
  const secretKey = randomBytes(32);
  const pubkey = toHex(curve.publicKey(secretKey));
  await mint.addQuotes(curve.publicKey(secretKey), [0]);
  const { get, post } = requestsTo(http);
  const sign = (message: Uint8Array, key = secretKey) =>
    toHex(curve.schnorrSign(message, key, randomBytes(32)));
  return {
    get,
    post,
    mint,
    pubkey,
    register: ({ counter, address = ADDRESS, threshold = 0 }: Wish, key = secretKey) => {
      const message = autoPayoutMessage(engine.signer.identity, {
        counter,
        address,
        threshold: BigInt(threshold),
      });
      return post(PATH, { pubkey, counter, address, threshold, signature: sign(message, key) });
    },
    show: (timestamp = Math.floor(Date.now() / 1000), key = secretKey) => {
      const signature = sign(autoPayoutLookupMessage(engine.signer.identity, timestamp), key);
      return get(`${PATH}/${pubkey}?timestamp=${timestamp}&signature=${signature}`);
    },
  };
}

test('a key registers, changes what it wants, and withdraws; its owner alone sees how it stands', async (t) => {
  const { register, show, get, pubkey } = await scene(t);
  assert.deepEqual((await get('/v1/info')).body['auto_payout'], { supported: true, ...TERMS });
  assert.equal((await show()).body['code'], 40021);
  const first = await register({ counter: 5 });
  const nothing = { balance: 0, credited: 0, credits: [], payments: [] };
  const standing = { pubkey, counter: 5, address: ADDRESS, threshold: 0, ...nothing };
  assert.deepEqual([first.status, first.body], [200, standing]);
  assert.deepEqual((await register({ counter: 5 })).body, standing, 'the same again');
  assert.equal((await register({ counter: 5, threshold: 20_000 })).body['code'], 40022);
  assert.equal((await register({ counter: 6, threshold: 20_000 })).body['threshold'], 20_000);
  assert.deepEqual((await show()).body, { ...standing, counter: 6, threshold: 20_000 });
  assert.equal((await register({ counter: 7, address: '' })).body['address'], null);
  assert.equal((await register({ counter: 5 })).body['code'], 40022, 'an old one is not taken again');

  assert.equal((await show(undefined, randomBytes(32))).body['code'], 20008);
  assert.equal((await show(Math.floor(Date.now() / 1000) - 301)).body['code'], 40004);
  assert.equal((await get(`${PATH}/${pubkey}`)).status, 400);
});

test('what is wrong with a registration is said', async (t) => {
  const { register, show, post, pubkey } = await scene(t);
  const cases: readonly [Wish, number, RegExp][] = [
    [
      { counter: 1, address: 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt081' },
      40000,
      /address is no address to pay to/,
    ],
    [{ counter: 1, address: 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4' }, 40000, /not one of regtest/],
    [{ counter: 1, address: 'hello' }, 40000, /neither base58check nor bech32/],
    [
      { counter: 1, threshold: 9_999 },
      11006,
      /threshold is 9999 sats; this mint pays balances of 10000 or more/,
    ],
  ];
  for (const [wish, code, words] of cases) {
    const { body } = await register(wish);
    assert.equal(body['code'], code, JSON.stringify(wish));
    assert.match(String(body['detail']), words);
  }
  for (const counter of [-1, 1.5, 2 ** 53]) {
    const body = { pubkey, counter, address: ADDRESS, threshold: 0, signature: '00'.repeat(64) };
    assert.match(String((await post(PATH, body)).body['detail']), /counter/);
  }
  assert.equal((await register({ counter: 1 }, randomBytes(32))).body['code'], 20008);
  assert.equal((await show()).body['code'], 40021, 'nothing was registered');
});

test('a key without a quote takes no room', async (t) => {
  const { mint } = await scene(t);
  const secretKey = randomBytes(32);
  const publicKey = mint.curve.publicKey(secretKey);
  const payouts = new AutoPayouts({ engine: mint.engine, network: 'regtest', terms: TERMS, log });
  const wish = { counter: 1, threshold: 0n, address: ADDRESS };
  const message = autoPayoutMessage(mint.engine.signer.identity, wish);
  const signature = mint.curve.schnorrSign(message, secretKey, randomBytes(32));
  await assert.rejects(payouts.register({ ...wish, publicKey, signature }), { code: 'key-unknown' });
});

test('a mint that does not offer it says so', async (t) => {
  const { register, get } = await scene(t, { ...TERMS, min_threshold: 0 });
  assert.equal((await register({ counter: 1 })).body['code'], 40024);
  assert.equal((await get('/v1/info')).body['auto_payout'], undefined);
});
