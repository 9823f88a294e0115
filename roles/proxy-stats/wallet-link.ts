import { type RequestOptions, request } from 'node:http';
import { parseJson } from '../../protocols/cashu/json.ts';
import { HashpoolError, isHashpoolError, messageOf } from '../../protocols/errors.ts';
import { plainWords } from '../../services/stats/health/plain-words.ts';

const TIMEOUT_MS = 5_000;
/** A token may have to be made at the mint first. */
const TOKEN_TIMEOUT_MS = 25_000;
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
  readonly tokens: TokenLink;
}

/** Tokens for who has signed in; each throws HashpoolError 'wallet-unavailable' and what the translator refuses. */
export interface TokenLink {
  newCode(): Promise<Record<string, unknown>>;
  signIn(signed: { code: string; signature: string }): Promise<Record<string, unknown>>;
  session(session: string): Promise<Record<string, unknown>>;
  signOut(session: string): Promise<Record<string, unknown>>;
  make(order: { session: string; amount: string; unit: string }): Promise<Record<string, unknown>>;
}

/** The wallet's refusals are for whoever asked it to read. */
const refusals = new Set([
  'faucet-off',
  'faucet-limit',
  'faucet-empty',
  'faucet-busy',
  'bad-code',
  'bad-signature',
  'no-session',
  'too-many-sign-ins',
  'too-many-tokens',
  'not-enough',
  'no-active-keyset',
  'mint-unreachable',
  'wallet-busy',
]);

export function walletLink(socketPath: string): WalletLink {
  const get = (path: string) => ask({ socketPath, path });
  const post = (path: string, body: object, timeout = TIMEOUT_MS) =>
    ask({ socketPath, path, method: 'POST', timeout }, JSON.stringify(body));
  return {
    balance: () => get('/balance'),
    history: (limit, before) =>
      get(`/history?limit=${limit}${before === undefined ? '' : `&before=${before}`}`),
    faucet: () => get('/faucet'),
    give: (address) => post('/faucet', { address }),
    tokens: {
      newCode: () => post('/sign-in/code', {}),
      signIn: (signed) => post('/sign-in', signed),
      session: (session) => post('/session', { session }),
      signOut: (session) => post('/sign-out', { session }),
      make: (order) => post('/token', order, TOKEN_TIMEOUT_MS),
    },
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
      `the translator's wallet does not answer: ${plainWords(messageOf(cause))}`,
      {
        cause,
      },
    );
  }
}

function answer(options: RequestOptions, sent: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const call = request({ timeout: TIMEOUT_MS, ...options }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
        if (body.length > MAX_ANSWER_BYTES) call.destroy(new Error('an answer without end'));
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    call.on('timeout', () => call.destroy(new Error('it takes too long')));
    call.on('error', reject);
    call.end(sent);
  });
}
