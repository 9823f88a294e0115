import { type Static, Type } from 'typebox';
import { asOf, list, nullable, object, text } from './fields.ts';

/** `GET /api/connect`, on the proxy's side */
export const connectSchema = object({
  as_of: asOf,
  port: Type.Integer({ minimum: 1, maximum: 65_535, description: 'where the translator takes Stratum V1' }),
  hosts: list(
    text('an address'),
    'addresses at which the translator was just reached, those of other machines first; empty where it does not answer',
  ),
  tls_port: nullable(
    Type.Integer({
      minimum: 1,
      maximum: 65_535,
      description: 'where it takes the same over TLS; null where not',
    }),
  ),
  tls_hosts: list(text('an address'), 'addresses at which that port was just reached'),
  mint_url: text('the mint that pays, for wallets'),
});

export type ConnectView = Static<typeof connectSchema>;
