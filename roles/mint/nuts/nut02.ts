import type { FastifyInstance } from 'fastify';
import type { Engine } from '../engine.ts';
import type { KeysetHead } from '../store/keysets.ts';

/** Keysets read at once. */
const PAGE = 1_000;

/**
 * NUT-02: all keysets, active and inactive. They are read a page at a time, and kept as the text that is answered until
 * one comes or changes: each epoch adds one, and wallets ask often.
 */
export function nut02(http: FastifyInstance, engine: Engine): void {
  let answer: Promise<string> | undefined;
  engine.events.on('keysets-changed', () => {
    answer = undefined;
  });
  http.get('/v1/keysets', async (_, reply) => {
    answer ??= listed(engine);
    const asked = answer;
    asked.catch(() => {
      if (answer === asked) answer = undefined;
    });
    return reply.type('application/json; charset=utf-8').send(await asked);
  });
}

async function listed(engine: Engine): Promise<string> {
  const pages: string[] = [];
  for (let after = -1; ; ) {
    const heads = await engine.store.call('keysetHeads', { after, limit: PAGE });
    if (heads.length > 0) pages.push(heads.map((head) => JSON.stringify(keysetHead(head))).join(','));
    const last = heads.at(-1);
    if (!last || heads.length < PAGE) return `{"keysets":[${pages.join(',')}]}`;
    after = last.keyset;
  }
}

/** What NUT-01 and NUT-02 both show of a keyset. */
export function keysetHead({ id, unit, isActive, inputFeePpk, finalExpiry }: Omit<KeysetHead, 'keyset'>) {
  return { id, unit, active: isActive, input_fee_ppk: inputFeePpk, final_expiry: finalExpiry ?? null };
}
