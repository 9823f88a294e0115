import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { FastifyInstance } from 'fastify';
import type { Output } from '../../../domain/ledger/tokens.ts';
import { toHex } from '../../../protocols/bytes.ts';
import { amountOf } from '../../../protocols/cashu/amount.ts';
import { type CashuErrorCode, cashuErrors } from '../../../protocols/cashu/errors.ts';
import { type Json, parseJson, stringifyJson } from '../../../protocols/cashu/json.ts';
import { openHttp } from '../../../roles/mint/http.ts';
import { addRoutes } from '../../../roles/mint/routes.ts';
import { createLog } from '../../../runtime/logs.ts';
import { openTestMint, type TestMint } from './support.ts';

const log = createLog('test', 'silent');
const description = {
  name: 'Test',
  description: 'for tests',
  url: 'http://127.0.0.1:3338',
  version: 'hashpool/test',
};

export interface Answer {
  readonly status: number;
  readonly body: Record<string, Json>;
  readonly headers: Record<string, unknown>;
}

export interface Web extends TestMint {
  readonly http: FastifyInstance;
  get(url: string): Promise<Answer>;
  post(url: string, body: unknown): Promise<Answer>;
}

export async function openWeb(t: TestContext): Promise<Web> {
  const mint = await openTestMint(t);
  const http = openHttp(log);
  addRoutes(http, mint.engine, description);
  t.after(() => http.close());
  const send = async (method: 'GET' | 'POST', url: string, payload?: string): Promise<Answer> => {
    const { statusCode, body, headers } = await http.inject({
      method,
      url,
      ...(payload === undefined ? {} : { payload }),
    });
    const parsed = parseJson(body);
    assert.ok(typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed));
    return { status: statusCode, body: parsed, headers };
  };
  return Object.assign(mint, {
    http,
    get: (url: string) => send('GET', url),
    post: (url: string, body: unknown) =>
      send('POST', url, typeof body === 'string' ? body : stringifyJson(body)),
  });
}

export function jsonOf({ keysetId, exponent, blinded }: Output) {
  return { amount: amountOf(exponent), id: keysetId, B_: toHex(blinded) };
}

export function assertError({ status, body }: Answer, code: CashuErrorCode, detail?: RegExp): void {
  const row = cashuErrors[code];
  assert.deepEqual([status, body['code']], [row.status, row.number], String(body['detail']));
  assert.ok(String(body['detail']).startsWith(row.text));
  if (detail) assert.match(String(body['detail']), detail);
}
