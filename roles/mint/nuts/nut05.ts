import type { FastifyInstance } from 'fastify';
import { cashuError } from '../../../protocols/cashu/errors.ts';

/** NUT-05: nothing to melt into yet, and said so; ehash is redeemed when its epoch is. */
export function nut05(http: FastifyInstance): void {
  const refuse = async () => {
    throw cashuError(
      'unit-unsupported',
      'this mint pays nothing out yet; keep the tokens until their epoch is redeemed',
    );
  };
  http.post('/v1/melt/quote/:method', refuse);
  http.get('/v1/melt/quote/:method/:quote', refuse);
  http.post('/v1/melt/:method', refuse);
}
