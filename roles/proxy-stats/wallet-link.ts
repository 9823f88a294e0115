import { type RequestOptions, request } from 'node:http';
import { parseJson } from '../../protocols/cashu/json.ts';
import { HashpoolError, isHashpoolError, messageOf } from '../../protocols/errors.ts';

const TIMEOUT_MS = 5_000;
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** The translator's wallet, over its unix socket. */
export interface WalletLink {
  /** @throws HashpoolError 'wallet-unavailable' */
  balance(): Promise<Record<string, unknown>>;
  /** @throws HashpoolError 'wallet-unavailable' */
  history(limit: number, before: number | undefined): Promise<Record<string, unknown>>;
  /** @throws HashpoolError 'wallet-unavailable' */
  faucet(): Promise<Record<string, unknown>>;
  /**
   * A token for whoever asked from that IP address.
   * @throws HashpoolError 'wallet-unavailable' and the faucet's refusals
   */
  give(address: string): Promise<Record<string, unknown>>;
}

/** The faucet's refusals are for whoever asked it to read. */
const refusals = new Set(['faucet-off', 'faucet-limit', 'faucet-empty', 'faucet-busy']);

export function walletLink(socketPath: string): WalletLink {
  const get = (path: string) => ask({ socketPath, path });
  return {
    balance: () => get('/balance'),
    history: (limit, before) =>
      get(`/history?limit=${limit}${before === undefined ? '' : `&before=${before}`}`),
    faucet: () => get('/faucet'),
    give: (address) => ask({ socketPath, path: '/faucet', method: 'POST' }, JSON.stringify({ address })),
  };
}

async function ask(options: RequestOptions, sent = ''): Promise<Record<string, unknown>> {
  try {
    const { status, body } = await answer(options, sent);
    const value = parseJson(body) as Record<string, unknown>;
    const code = String(value['code']);
    if (refusals.has(code)) throw new HashpoolError(code, String(value['message']));
    if (status !== 200) throw new Error(`status ${status}: ${String(value['message'])}`);
    return value;
  } catch (cause) {
    if (isHashpoolError(cause) && refusals.has(cause.code)) throw cause;
    throw new HashpoolError(
      'wallet-unavailable',
      `the translator's wallet does not answer: ${messageOf(cause)}`,
      {
        cause,
      },
    );
  }
}

function answer(options: RequestOptions, sent: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const call = request({ ...options, timeout: TIMEOUT_MS }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
        if (body.length > MAX_ANSWER_BYTES) call.destroy(new Error('an answer without end'));
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    call.on('timeout', () => call.destroy(new Error(`no answer in ${TIMEOUT_MS / 1000} s`)));
    call.on('error', reject);
    call.end(sent);
  });
}
