import type { FastifyInstance, RouteOptions } from 'fastify';
import project from '../../../package.json' with { type: 'json' };
import { apiErrorSchema } from './schemas/error.ts';

interface Described {
  readonly properties?: Readonly<Record<string, Described & { readonly description?: string }>>;
  readonly description?: string;
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: unknown;
}

interface Route {
  readonly path: string;
  readonly summary: string;
  readonly parameters: readonly Record<string, unknown>[];
  readonly responses: Readonly<Record<string, unknown>>;
}

/**
 * Documents the routes that are added afterwards, out of their schemas: `/api/openapi.json`, OpenAPI 3.1 whose schemas
 * are JSON Schema as ours are, and `/api/docs` for people.
 */
export function documentRoutes(http: FastifyInstance, title: string): void {
  const routes: Route[] = [];
  http.addHook('onRoute', (options) => {
    if (options.method === 'GET' && options.schema?.summary !== undefined) routes.push(describe(options));
  });
  http.get('/api/openapi.json', { schema: { hide: true } }, () => openApi(title, routes));
  http.get('/api/docs', { schema: { hide: true } }, (_request, reply) =>
    reply
      .headers({
        'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
        'x-content-type-options': 'nosniff',
      })
      .type('text/html; charset=utf-8')
      .send(docsPage(title, routes)),
  );
}

function describe({ url, schema }: RouteOptions): Route {
  const { querystring, params, response, summary = '' } = schema ?? {};
  return {
    path: url.replaceAll(/:(\w+)/g, '{$1}'),
    summary,
    parameters: [...parametersOf(params, 'path'), ...parametersOf(querystring, 'query')],
    responses: (response as Record<string, unknown> | undefined) ?? {},
  };
}

function parametersOf(schema: unknown, place: 'path' | 'query'): Record<string, unknown>[] {
  const { properties = {} } = (schema as Described | undefined) ?? {};
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: place === 'path',
    description,
    schema: rest,
  }));
}

function openApi(title: string, routes: readonly Route[]): object {
  const content = (schema: unknown) => ({ 'application/json': { schema } });
  const wrong = { description: 'a parameter is wrong', content: content(apiErrorSchema) };
  const paths = routes.map(({ path, summary, parameters, responses }) => {
    const answers = Object.entries(responses).map(([status, schema]) => [
      status,
      { description: summary, content: content(schema) },
    ]);
    const all = { ...Object.fromEntries(answers), ...(parameters.length > 0 ? { 400: wrong } : {}) };
    return [path, { get: { summary, parameters, responses: all } }];
  });
  return { openapi: '3.1.0', info: { title, version: project.version }, paths: Object.fromEntries(paths) };
}

const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}table{border-collapse:collapse}td,th{text-align:left;padding:.1rem 1rem .1rem 0;vertical-align:top}code{font-size:90%}';

function docsPage(title: string, routes: readonly Route[]): string {
  const sections = routes.map(({ path, summary, parameters, responses }) =>
    [
      `<h2><code>GET ${inHtml(path)}</code></h2><p>${inHtml(summary)}</p>`,
      table(
        parameters.map((each) => [
          String(each['name']),
          allowed(each['schema'] as Described),
          String(each['description']),
        ]),
      ),
      ...Object.entries(responses)
        .slice(0, 1)
        .map(([, schema]) => table(fieldsOf(schema as Described, ''))),
    ].join(''),
  );
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${inHtml(title)}</title><style>${STYLE}</style><h1>${inHtml(title)}</h1><p>Times are Unix milliseconds. Sums that may pass 2^53 are decimal strings. Each answer has an ETag. The live feed is <code>/ws</code>, and <code>/api/live</code> as server-sent events. For programs: <a href="openapi.json">openapi.json</a>.</p>${sections.join('')}</html>\n`;
}

function allowed({ type, enum: choices, minimum, maximum, default: fallback }: Described): string {
  const what = choices?.join(', ') ?? (type === 'integer' ? `${minimum} to ${maximum}` : 'a text');
  return fallback === undefined ? what : `${what}; ${String(fallback)} where left out`;
}

/** The fields of an answer, one level of tables and lists down. */
function fieldsOf({ properties = {} }: Described, prefix: string): string[][] {
  return Object.entries(properties).map(([name, { type, description }]) => [
    `${prefix}${name}`,
    type ?? '',
    description ?? '',
  ]);
}

function table(rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const lines = rows.map(([name = '', ...cells]) => {
    const rest = cells.map((cell) => `<td>${inHtml(cell)}</td>`).join('');
    return `<tr><td><code>${inHtml(name)}</code></td>${rest}</tr>`;
  });
  return `<table>${lines.join('')}</table>`;
}

function inHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
