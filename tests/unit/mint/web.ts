import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { Value } from 'typebox/value';
import type { Output } from '../../../domain/ledger/tokens.ts';
import { toHex } from '../../../protocols/bytes.ts';
import { amountOf } from '../../../protocols/cashu/amount.ts';
import { type CashuErrorCode, cashuErrors } from '../../../protocols/cashu/errors.ts';
import { type Json, parseJson, stringifyJson } from '../../../protocols/cashu/json.ts';
import { cashuApi } from '../../../roles/mint/cashu-api.ts';
import { type LimitsConfig, limitsConfig } from '../../../roles/mint/limits/config.ts';
import { createLog } from '../../../runtime/logs.ts';
import { openTestMint, type TestMint } from './support.ts';

const log = createLog('test', 'silent');

/** What a mint's config has to say about its API. */
export const apiConfig = {
  info: { listen_host: '127.0.0.1', listen_port: 0, url: 'http://127.0.0.1:3338' },
  mint_info: { name: 'Test', description: 'for tests', more_urls: [], contact: [] },
  limits: Value.Default(limitsConfig, undefined) as LimitsConfig,
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
  const http = cashuApi({ config: apiConfig, engine: mint.engine, log });
  t.after(() => http.close());
  return Object.assign(mint, { http, ...requestsTo(http) });
}

/** Requests to an API that does not listen. */
export function requestsTo(http: FastifyInstance): Pick<Web, 'get' | 'post'> {
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
  return {
    get: (url: string) => send('GET', url),
    post: (url: string, body: unknown) =>
      send('POST', url, typeof body === 'string' ? body : stringifyJson(body)),
  };
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
