import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import Fastify from 'fastify';
import { addDashboard } from '../../../services/stats/dashboard/routes.ts';

const http = Fastify();
const dashboard = addDashboard(http, 'pool');
http.get('/', (request, reply) =>
  dashboard.isWanted(request) ? dashboard.sendPage(request, reply) : reply.send('OK'),
);
const get = (url: string, headers: Record<string, string> = {}) =>
  http.inject({ method: 'GET', url, headers });
const browser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

test('a browser gets the page under its policy, a program what is said in words', async () => {
  const page = await get('/', browser);
  assert.equal(page.statusCode, 200);
  assert.equal(page.headers['content-type'], 'text/html; charset=utf-8');
  assert.match(String(page.headers['content-security-policy']), /^default-src 'none'; script-src 'self'/);
  assert.equal(page.headers['x-content-type-options'], 'nosniff');
  assert.equal(page.headers.vary, 'accept');
  const again = await get('/', { ...browser, 'if-none-match': String(page.headers.etag) });
  assert.equal(again.statusCode, 304);
  assert.equal((await get('/', { accept: '*/*' })).body, 'OK');
});

test('files are kept for good under the address of their version, and no other is served', async () => {
  const page = await get('/', browser);
  const digest = /assets\/([0-9a-f]+)\//.exec(page.body)?.[1] ?? '';
  const file = await get(`/assets/${digest}/web/pool.ts`);
  assert.equal(file.statusCode, 200);
  assert.equal(file.headers['content-type'], 'text/javascript; charset=utf-8');
  assert.match(String(file.headers['cache-control']), /immutable/);
  assert.equal(file.headers['content-encoding'], undefined);
  const small = await get(`/assets/${digest}/web/pool.ts`, { 'accept-encoding': 'gzip, br' });
  assert.equal(small.headers['content-encoding'], 'gzip');
  assert.equal(gunzipSync(small.rawPayload).toString(), file.body);
  for (const path of [
    '/assets/0000000000000000/web/pool.ts',
    `/assets/${digest}/web/../package.json`,
    `/assets/${digest}/..%2f..%2fpackage.json`,
    `/assets/${digest}/web/tsconfig.json`,
    `/assets/${digest}/`,
  ]) {
    assert.equal((await get(path)).statusCode, 404, path);
  }
});
