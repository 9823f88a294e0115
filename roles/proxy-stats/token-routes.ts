import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { HashpoolError, isHashpoolError } from '../../protocols/errors.ts';
import type { ApiContext } from '../../services/stats/api/context.ts';
import { noQuery } from '../../services/stats/api/schemas/queries.ts';
import {
  type SessionView,
  type SignIn,
  type SignInCode,
  sessionSchema,
  signInBody,
  signInCodeSchema,
  type TokenOrder,
  type TokenView,
  tokenBody,
  tokenSchema,
} from '../../services/stats/api/schemas/tokens.ts';
import { refuseOtherSites } from './own-page.ts';
import type { WalletLink } from './wallet-link.ts';

const COOKIE = 'hashpool_session';
const cookiePattern = new RegExp(`(?:^|;) *${COOKIE}=([0-9a-f]{64})(?:;|$)`);

/**
 * Tokens of the translator's wallet, for a session that the wallet's lock key has signed. It is the translator that
 * gives out codes, checks signatures and keeps sessions: this service only carries them, and keeps no token.
 */
export function tokenRoutes(
  http: FastifyInstance,
  { clock }: ApiContext,
  link: WalletLink | undefined,
): void {
  const wallet = (): WalletLink => {
    if (link !== undefined) return link;
    throw new HashpoolError('wallet-unavailable', 'no wallet is configured here');
  };
  const secretly = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    reply.header('cache-control', 'no-store');
    refuseOtherSites(request);
  };

  http.get(
    '/api/wallet/session',
    {
      schema: {
        querystring: noQuery,
        response: { 200: sessionSchema },
        summary: 'Whether this browser may take tokens, and until when',
      },
    },
    async (request): Promise<SessionView> => {
      const session = sessionOf(request);
      const expiresAt = session === undefined ? null : await endOf(wallet(), session);
      return { as_of: clock(), signed_in: expiresAt !== null, expires_at: expiresAt };
    },
  );
  http.post(
    '/api/wallet/sign-in/code',
    { onRequest: secretly, schema: { response: { 200: signInCodeSchema } } },
    async (): Promise<SignInCode> => {
      const { code, expires_at: expiresAt } = await wallet().tokens.newCode();
      return { code: String(code), expires_at: Number(expiresAt) };
    },
  );
  http.post<{ Body: SignIn }>(
    '/api/wallet/sign-in',
    { onRequest: secretly, schema: { body: signInBody, response: { 200: sessionSchema } } },
    async ({ body, headers }, reply): Promise<SessionView> => {
      const { session, expires_at: expiresAt } = await wallet().tokens.signIn(body);
      const seconds = Math.floor((Number(expiresAt) - clock()) / 1000);
      reply.header('set-cookie', cookie(String(session), seconds, headers.origin));
      return { as_of: clock(), signed_in: true, expires_at: Number(expiresAt) };
    },
  );
  http.post(
    '/api/wallet/sign-out',
    { onRequest: secretly, schema: { response: { 200: sessionSchema } } },
    async (request, reply): Promise<SessionView> => {
      const session = sessionOf(request);
      if (session !== undefined) await wallet().tokens.signOut(session);
      reply.header('set-cookie', cookie('', 0, request.headers.origin));
      return { as_of: clock(), signed_in: false, expires_at: null };
    },
  );
  http.post<{ Body: TokenOrder }>(
    '/api/wallet/tokens',
    { onRequest: secretly, schema: { body: tokenBody, response: { 200: tokenSchema } } },
    async (request): Promise<TokenView> => {
      const session = sessionOf(request);
      if (session === undefined) throw new HashpoolError('no-session', 'sign in first');
      const made = await wallet().tokens.make({ session, ...request.body });
      return { token: String(made['token']), amount: String(made['amount']), unit: String(made['unit']) };
    },
  );
}

/** No script reads it, no other site sends it, and no other path gets it. */
function cookie(session: string, seconds: number, origin: string | undefined): string {
  const secure = origin?.startsWith('https:') ? '; Secure' : '';
  return `${COOKIE}=${session}; Path=/api/wallet; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure}`;
}

function sessionOf({ headers }: FastifyRequest): string | undefined {
  return cookiePattern.exec(headers.cookie ?? '')?.[1];
}

async function endOf(wallet: WalletLink, session: string): Promise<number | null> {
  try {
    return Number((await wallet.tokens.session(session))['expires_at']);
  } catch (error) {
    if (isHashpoolError(error, 'no-session')) return null;
    throw error;
  }
}
