import { type Static, Type } from 'typebox';
import { asOf, flag, nullable, object, sum, text, time } from './fields.ts';

/** `POST /api/wallet/sign-in/code`, on the proxy's side */
export const signInCodeSchema = object({
  code: text("what the wallet's owner signs: npm run wallet -- sign-in CODE"),
  expires_at: time('until when it is good, once'),
});

/** `POST /api/wallet/sign-in`, on the proxy's side */
export const signInBody = object({
  code: Type.String({ maxLength: 64, description: 'as it was given' }),
  signature: Type.String({ maxLength: 128, description: 'as the command printed it' }),
});

/** `GET /api/wallet/session`, on the proxy's side */
export const sessionSchema = object({
  as_of: asOf,
  signed_in: flag('whether this browser may take tokens'),
  expires_at: nullable(time('until when; null where it may not')),
});

/** `POST /api/wallet/tokens`, on the proxy's side */
export const tokenBody = object({
  amount: Type.String({ pattern: '^[1-9][0-9]{0,18}$', maxLength: 19, description: 'units' }),
  unit: Type.String({ maxLength: 100, description: 'one of those of /api/wallet' }),
});

export const tokenSchema = object({
  token: text('a Cashu token: whoever has it can spend it; it is told this once'),
  amount: sum('what it is worth'),
  unit: text('in which unit'),
});

export type SignInCode = Static<typeof signInCodeSchema>;
export type SignIn = Static<typeof signInBody>;
export type SessionView = Static<typeof sessionSchema>;
export type TokenOrder = Static<typeof tokenBody>;
export type TokenView = Static<typeof tokenSchema>;
