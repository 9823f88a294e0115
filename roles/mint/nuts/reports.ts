import type { FastifyInstance, FastifyReply } from 'fastify';
import { type Static, Type } from 'typebox';
import { fromHex, toHex } from '../../../protocols/bytes.ts';
import { cashuError } from '../../../protocols/cashu/errors.ts';
import { parseQuoteId } from '../../../protocols/cashu/quote-id.ts';
import { TOKEN_TREES } from '../../../protocols/ehash/token-leaf.ts';
import type { Store } from '../../../runtime/sql/store.ts';
import type { Engine } from '../engine.ts';
import { leafAnswer, shareAnswer } from '../reports/answers.ts';
import type { TreeOperations } from '../reports/tree-store.ts';
import type { ReportRow } from '../store/reports.ts';
import { point, quoteIdField, unitField } from './schemas.ts';

/** Reports in one answer. */
export const MAX_REPORTS = 20;

const number = Type.String({ pattern: '^[1-9]\\d{0,8}$', description: 'the number of a report' });
const ofNumber = Type.Object({ number });
const ofUnit = Type.Object({ unit: unitField });
const listQuery = Type.Object({
  after: Type.Optional(Type.String({ pattern: '^\\d{1,9}$', description: 'the number of a report' })),
});
const tokenQuery = Type.Object({
  tree: Type.Union(
    TOKEN_TREES.map((tree) => Type.Literal(tree)),
    { description: '"issued" or "spent"' },
  ),
  point,
});
const shareQuery = Type.Object({ quote: quoteIdField });

/** Reports of the books, and the proofs that something is counted in one; see docs/ehash.md, "Reports". */
export function reports(http: FastifyInstance, engine: Engine, trees: Store<TreeOperations>): void {
  http.get<{ Querystring: Static<typeof listQuery> }>(
    '/v1/ehash/reports',
    { schema: { querystring: listQuery } },
    async ({ query }) => {
      const after = { number: Number(query.after ?? 0), limit: MAX_REPORTS };
      const found = await engine.store.call('reportsAfter', after);
      return {
        reports: found.map(reportAnswer),
        next_after: found.length < MAX_REPORTS ? null : (found.at(-1)?.number ?? null),
      };
    },
  );

  http.get<{ Params: Static<typeof ofUnit> }>(
    '/v1/ehash/epochs/:unit/report',
    { schema: { params: ofUnit } },
    async ({ params: { unit } }) => {
      const found = await engine.store.call('reportOfUnit', unit);
      if (found) return reportAnswer(found);
      throw cashuError('unreported', `no report has a price of ${unit} yet; it comes with the epoch's price`);
    },
  );

  http.get<{ Params: Static<typeof ofNumber>; Querystring: Static<typeof tokenQuery> }>(
    '/v1/ehash/reports/:number/token',
    { schema: { params: ofNumber, querystring: tokenQuery } },
    async ({ params, query: { tree, point } }) => {
      const report = await existing(params.number);
      const found = await trees.call('findToken', { kind: tree, point: fromHex(point), report });
      if (!found) throw cashuError('unreported', `report ${report} counts no ${tree} token ${point}`);
      const [keyset] = await engine.store.call('keysetNames', [found.keyset]);
      return { keyset: keyset?.id, unit: keyset?.unit, ...leafAnswer(found) };
    },
  );

  http.get<{ Params: Static<typeof ofNumber>; Querystring: Static<typeof shareQuery> }>(
    '/v1/ehash/reports/:number/share',
    { schema: { params: ofNumber, querystring: shareQuery } },
    async ({ params, query }) => {
      const report = await existing(params.number);
      const quoteId = parseQuoteId(query.quote);
      const found = quoteId && (await trees.call('findShare', { quoteId, report }));
      if (found) return shareAnswer(found);
      throw cashuError('unreported', `report ${report} counts no share of quote ${query.quote}`);
    },
  );

  http.get<{ Params: Static<typeof ofUnit> }>(
    '/v1/ehash/epochs/:unit/sample',
    { schema: { params: ofUnit } },
    async ({ params: { unit } }, reply) => {
      const body = await engine.store.call('sampleOfUnit', unit);
      if (body !== undefined) return asItIs(reply, body);
      throw cashuError('unreported', `no sample of the shares of ${unit} was shown yet`);
    },
  );

  http.get<{ Params: Static<typeof ofNumber> }>(
    '/v1/ehash/reports/:number/reserve',
    { schema: { params: ofNumber } },
    async ({ params }, reply) => {
      const bodies = await engine.store.call('reserveProofs', await existing(params.number));
      return asItIs(reply, `{"proofs":[${bodies.join(',')}]}`);
    },
  );

  async function existing(number: string): Promise<number> {
    const found = await engine.store.call('reportByNumber', Number(number));
    if (found) return found.number;
    throw cashuError('unreported', `there is no report ${number}`);
  }
}

/** Sends JSON that is kept as text: a megabyte of it, parsed and written for each who asks, would hold up all others. */
function asItIs(reply: FastifyReply, json: string): FastifyReply {
  return reply.type('application/json; charset=utf-8').send(json);
}

function reportAnswer({ number, hash, body, signature }: ReportRow) {
  return { number, hash: toHex(hash), report: body, signature: toHex(signature) };
}
