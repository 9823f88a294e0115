import type { ApiError } from '../../services/stats/api/schemas/error.ts';
import { serviceTimeIs } from './now.ts';
import type { Dated } from './reading.ts';

const TIMEOUT_MS = 10_000;

/**
 * Asks the API. The browser keeps what it got and asks whether it has changed (ETag).
 * @param path below the dashboard's own address, as `api/stats`
 * @throws Error with what a person should know
 */
export function request<T>(path: string): Promise<T> {
  return ask<T>(path, { cache: 'no-cache' });
}

/**
 * Asks for something to be done.
 * @throws Error with what a person should know
 */
export function send<T>(path: string, body: object = {}, timeoutMs = TIMEOUT_MS): Promise<T> {
  const signal = AbortSignal.timeout(timeoutMs);
  return ask<T>(path, { method: 'POST', body: JSON.stringify(body), signal });
}

async function ask<T>(path: string, options: RequestInit): Promise<T> {
  const response = await fetch(path, {
    signal: AbortSignal.timeout(TIMEOUT_MS),
    ...options,
    headers: { accept: 'application/json', 'content-type': 'application/json' },
  }).catch((cause: unknown) => {
    throw new Error('The stats service does not answer. Is it running? It is asked again.', { cause });
  });
  const date = Date.parse(response.headers.get('date') ?? '');
  if (!Number.isNaN(date)) serviceTimeIs(date);
  const body: unknown = await response.json().catch(() => undefined);
  // Health says 503 with all its details.
  if (response.ok || (response.status === 503 && isObject(body) && 'as_of' in body)) {
    return (isDated(body) ? { ...body, as_of: latest(body.as_of, date) } : body) as T;
  }
  throw new Error(messageOf(body) ?? `The stats service answered ${response.status}. It is asked again.`);
}

/** What has not changed comes out of the browser's cache (304): it is true at the time at which the service said so. */
function latest(asOf: number, answeredAt: number): number {
  return answeredAt > asOf ? answeredAt : asOf;
}

function isDated(value: unknown): value is Dated {
  return isObject(value) && typeof value['as_of'] === 'number';
}

function messageOf(body: unknown): string | undefined {
  return isObject(body) && typeof body['message'] === 'string' ? (body as ApiError).message : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
