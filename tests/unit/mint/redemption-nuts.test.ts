import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex } from '../../../protocols/bytes.ts';
import { splitAmount } from '../../../protocols/cashu/amount.ts';
import { cashuApi } from '../../../roles/mint/cashu-api.ts';
import { createLog } from '../../../runtime/logs.ts';
import { closeEpoch } from '../../harness/close-epoch.ts';
import { openTestMint } from './support.ts';
import { apiConfig } from './web.ts';

const TIP = 300;

test('redemption over HTTP: what epochs are worth, page by page, and sats for ehash', async (t) => {
  const mint = await openTestMint(t);
  const { engine, poolId, unit } = mint;
  await engine.keysets.rotateTo({ unit: 'sat', derivationIndex: 0, inputFeePpk: 0, finalExpiry: undefined });
  const http = cashuApi({ config: apiConfig, engine, log: createLog('test', 'silent'), tip: () => TIP });
  t.after(() => http.close());
  const get = async (path: string) => (await http.inject({ method: 'GET', url: path })).json();
  const [proof] = await mint.proofs([62]);
  assert.ok(proof);
  const pool = toHex(poolId);
  const open = await get(`/v1/ehash/epochs/${unit}`);
  assert.deepEqual([open.state, open.fee, open.redeemable_from], ['open', null, null]);
  const epoch = (await engine.store.call('epochByUnit', unit))?.epoch ?? 0;
  closeEpoch(mint.path, epoch, 5_000_000_001n);
  await engine.store.call('fixPrice', { epochs: [epoch], height: TIP });

  const page = await get(`/v1/ehash/epochs?pool=${pool}&limit=1`);
  assert.deepEqual([page.epochs.length, page.next_before], [1, 101]);
  assert.deepEqual(await get(`/v1/ehash/epochs?pool=${pool}&before=101&limit=1`), {
    epochs: [],
    next_before: null,
  });
  const [priced] = (await get(`/v1/ehash/epochs?pool=${pool}`)).epochs;
  assert.equal(priced.state, 'redeemable');
  assert.deepEqual([priced.redeemable_from, priced.redeemable_before], [TIP, TIP + 52_560]);
  for (const wrong of ['limit=0', 'limit=101', 'limit=x', 'before=-1', 'before=1.5']) {
    const { statusCode } = await http.inject({
      method: 'GET',
      url: `/v1/ehash/epochs?pool=${pool}&${wrong}`,
    });
    assert.equal(statusCode, 400, wrong);
  }
  assert.equal((await get('/v1/ehash/epochs/sat')).code, 11013);

  const satKeyset = engine.keysets.active('sat')?.id ?? '';
  const outputs = splitAmount(5_000_000_001n).map((exponent) => mint.blind(exponent, satKeyset));
  const body = JSON.stringify({
    unit,
    inputs: [{ amount: 0, id: proof.keysetId, secret: proof.secret, C: toHex(proof.signature) }],
    outputs: outputs.map(({ exponent, keysetId, blinded }) => {
      return { amount: 2 ** exponent, id: keysetId, B_: toHex(blinded) };
    }),
    // 2^62 is beyond what JSON.stringify writes of a number.
  }).replace('"amount":0', `"amount":${1n << 62n}`);
  const headers = { 'content-type': 'application/json' };
  const answer = await http.inject({ method: 'POST', url: '/v1/redeem', headers, payload: body });
  assert.equal(answer.statusCode, 200, answer.body);
  const { signatures } = answer.json();
  assert.deepEqual(
    signatures.map(({ id }: { id: string }) => id),
    outputs.map(() => satKeyset),
  );
  assert.ok(signatures.every(({ dleq }: { dleq?: object }) => dleq));
  const { redeemed } = await get(`/v1/ehash/epochs/${unit}`);
  assert.deepEqual([redeemed.sats, redeemed.dust], [5_000_000_001, 0]);
});
