import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { toHex } from '../../../protocols/bytes.ts';
import { cashuApi } from '../../../roles/mint/cashu-api.ts';
import { createLog } from '../../../runtime/logs.ts';
import { testPostgres } from '../../harness/postgres.ts';
import { openTestMint } from './support.ts';
import { apiConfig, assertError, requestsTo } from './web.ts';

test('while its database is away a mint stays up and asks wallets to come again', async (t) => {
  const server = await testPostgres();
  const mint = await openTestMint(t, 101, { place: await server.newDatabase() });
  const http = cashuApi({ config: apiConfig, engine: mint.engine, log: createLog('test', 'silent') });
  t.after(() => http.close());
  const { post } = requestsTo(http);
  const ask = () => post('/v1/checkstate', { Ys: [toHex(mint.curve.publicKey(randomBytes(32)))] });

  assert.equal((await ask()).status, 200);
  await server.end('SIGQUIT');
  assertError(await ask(), 'mint-not-ready', /its database does not answer; try again/);
  await mint.engine.ping();
  await server.start();
  const until = Date.now() + 20_000;
  while ((await ask()).status !== 200) assert.ok(Date.now() < until, 'the mint never came back');
});
