import type { FastifyRequest } from 'fastify';
import { HashpoolError } from '../../protocols/errors.ts';

/**
 * Another site's page could make a browser ask, though not read the answer.
 * @throws HashpoolError 'bad-origin'
 */
export function refuseOtherSites({ headers }: FastifyRequest): void {
  const { origin, host } = headers;
  if (origin === undefined || (URL.canParse(origin) && new URL(origin).host === host)) return;
  throw new HashpoolError('bad-origin', 'this is asked from its own page alone');
}
