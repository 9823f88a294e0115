import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import type { Wallet } from '../../../services/wallet/wallet.ts';
import type { SignIns } from './sign-ins.ts';

/** What the history calls a token that was taken on the dashboard. */
const NOTE = 'dashboard';

const session = Type.String({ maxLength: 64 });
const signInBody = Type.Object(
  { code: Type.String({ maxLength: 64 }), signature: Type.String({ maxLength: 128 }) },
  { additionalProperties: false, description: 'an object with code, and signature, 128 hex digits' },
);
const sessionBody = Type.Object(
  { session },
  { additionalProperties: false, description: 'an object with session' },
);
const tokenBody = Type.Object(
  {
    session,
    amount: Type.String({ pattern: '^[1-9][0-9]{0,18}$' }),
    unit: Type.String({ maxLength: 100 }),
  },
  {
    additionalProperties: false,
    description: 'an object with session, amount, a decimal integer as text, and unit',
  },
);

/** Tokens of the wallet, for a session that its own lock key has signed; see `SignIns`. */
export function addTokenRoutes(
  http: FastifyInstance,
  { wallet, signIns }: { wallet: Pick<Wallet, 'send'>; signIns: SignIns },
): void {
  http.post('/sign-in/code', async () => signIns.newCode());
  http.post<{ Body: Static<typeof signInBody> }>(
    '/sign-in',
    { schema: { body: signInBody } },
    ({ body: { code, signature } }) => signIns.open(code, signature.toLowerCase()),
  );
  http.post<{ Body: Static<typeof sessionBody> }>(
    '/session',
    { schema: { body: sessionBody } },
    async ({ body }) => signIns.check(body.session),
  );
  http.post<{ Body: Static<typeof sessionBody> }>(
    '/sign-out',
    { schema: { body: sessionBody } },
    async ({ body }) => {
      signIns.close(body.session);
      return {};
    },
  );
  http.post<{ Body: Static<typeof tokenBody> }>(
    '/token',
    { schema: { body: tokenBody } },
    async ({ body: { amount, unit, ...body } }) => {
      signIns.takeOne(body.session);
      const token = await wallet.send(BigInt(amount), { unit, note: NOTE });
      return { token, amount: BigInt(amount), unit };
    },
  );
}
