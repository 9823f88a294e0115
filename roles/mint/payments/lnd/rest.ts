import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { HashpoolError, messageOf } from '../../../../protocols/errors.ts';

/** Where a node is and what it lets in. */
export interface LndAccess {
  /** `https://host:port` of its REST API. */
  readonly url: string;
  /** The certificate that it made for itself, PEM. */
  readonly certificate: string;
  /** Its macaroon in hex. */
  readonly macaroon: string;
}

export type LndObject = Readonly<Record<string, unknown>>;

/** What the node says against a request, by its gRPC status code. */
export class LndRefusal extends HashpoolError {
  readonly status: number;

  constructor(what: string, status: number, message: string) {
    super('lnd-refused', `lnd refuses ${what}: ${message}`);
    this.status = status;
  }
}

/** gRPC status codes that this backend tells apart. */
export const LndStatus = { notFound: 5, alreadyExists: 6 } as const;

const ANSWER_TIMEOUT_MS = 30_000;
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
const MAX_LINE_CHARACTERS = 1024 * 1024;

/** lnd's REST API, over TLS pinned to the node's own certificate. */
export class LndRest {
  readonly #url: string;
  readonly #macaroon: string;
  readonly #agent: Agent;

  constructor({ url, certificate, macaroon }: LndAccess) {
    this.#url = url.replace(/\/$/, '');
    this.#macaroon = macaroon;
    this.#agent = new Agent({ ca: certificate, keepAlive: true });
  }

  /**
   * One request and its answer.
   * @throws LndRefusal; HashpoolError 'lnd-unreachable' where it is not known what became of the request
   */
  async call(method: 'GET' | 'POST', path: string, body?: LndObject): Promise<LndObject> {
    const timeout = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
    return this.#guarded(method, path, async () => {
      const response = await this.#send(method, path, body, timeout);
      let text = '';
      for await (const part of response.setEncoding('utf8')) {
        text += String(part);
        if (text.length > MAX_ANSWER_BYTES) throw new Error(`the answer passes ${MAX_ANSWER_BYTES} bytes`);
      }
      const answer = objectOf(JSON.parse(text));
      if (response.statusCode !== 200) throw refusalOf(method, path, answer);
      return answer;
    });
  }

  /**
   * A request that is answered by one message after the other, each on a line of its own.
   * @param options.answersBy milliseconds since 1970 at which it is given up, unless an answer has begun
   * @throws as `call` does, between two messages too
   */
  async *stream(
    method: 'GET' | 'POST',
    path: string,
    signal: AbortSignal,
    { body, answersBy }: { readonly body?: LndObject; readonly answersBy?: number } = {},
  ): AsyncGenerator<LndObject> {
    const response = await this.#guarded(method, path, () =>
      this.#send(method, path, body, signal, answersBy),
    );
    let rest = '';
    try {
      const parts = response.setEncoding('utf8')[Symbol.asyncIterator]();
      for (;;) {
        const { done, value } = await this.#guarded(method, path, () => parts.next());
        if (done) break;
        const lines = (rest + String(value)).split('\n');
        rest = lines.pop() ?? '';
        if (rest.length > MAX_LINE_CHARACTERS) throw unreachable(method, path, new Error('an endless line'));
        for (const line of lines) if (line !== '') yield resultOf(method, path, line);
      }
      if (rest !== '') yield resultOf(method, path, rest);
    } finally {
      response.destroy();
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  async #guarded<T>(method: string, path: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw error instanceof HashpoolError ? error : unreachable(method, path, error);
    }
  }

  #send(
    method: string,
    path: string,
    body: LndObject | undefined,
    signal: AbortSignal,
    answersBy?: number,
  ): Promise<IncomingMessage> {
    const headers = { 'grpc-metadata-macaroon': this.#macaroon };
    return new Promise((resolve, reject) => {
      const sent = request(`${this.#url}${path}`, { method, agent: this.#agent, headers, signal });
      const giveUp = () => sent.destroy(new Error('no answer in time'));
      const timer = answersBy === undefined ? undefined : setTimeout(giveUp, answersBy - Date.now());
      sent.once('close', () => clearTimeout(timer)).once('error', reject);
      sent.once('response', (response) => {
        clearTimeout(timer);
        resolve(response);
      });
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

/** A message of a stream stands under `result`, what ends it under `error`. */
function resultOf(method: string, path: string, line: string): LndObject {
  let message: LndObject;
  try {
    message = objectOf(JSON.parse(line));
  } catch (error) {
    throw unreachable(method, path, error);
  }
  if (message['error'] !== undefined) throw refusalOf(method, path, objectOf(message['error']));
  return 'result' in message ? objectOf(message['result']) : refuse(method, path, message);
}

function refuse(method: string, path: string, message: LndObject): never {
  throw refusalOf(method, path, message);
}

/** Older versions wrap the error of a plain answer too. */
function refusalOf(method: string, path: string, answer: LndObject): LndRefusal {
  const body = typeof answer['error'] === 'object' && answer['error'] ? objectOf(answer['error']) : answer;
  const status = Number(body['code'] ?? body['grpc_code'] ?? -1);
  return new LndRefusal(`${method} ${path}`, status, String(body['message'] ?? JSON.stringify(body)));
}

function unreachable(method: string, path: string, cause: unknown): HashpoolError {
  return new HashpoolError(
    'lnd-unreachable',
    `lnd gave no answer to ${method} ${path} (${messageOf(cause)}); look at [payments.lnd] url and certificate, and whether it runs`,
    { cause },
  );
}

/** @throws HashpoolError 'lnd-bad-answer' */
export function objectOf(value: unknown): LndObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new HashpoolError('lnd-bad-answer', `lnd answers ${JSON.stringify(value)}; an object was expected`);
}

/** A 64-bit integer, which lnd writes as text. @throws HashpoolError 'lnd-bad-answer' */
export function bigintOf(answer: LndObject, field: string): bigint {
  const value = answer[field];
  if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) return BigInt(value);
  throw new HashpoolError('lnd-bad-answer', `lnd answers ${field} = ${JSON.stringify(value)}; no integer`);
}

/** A text. @throws HashpoolError 'lnd-bad-answer' */
export function textOf(answer: LndObject, field: string): string {
  const value = answer[field];
  if (typeof value === 'string') return value;
  throw new HashpoolError('lnd-bad-answer', `lnd answers ${field} = ${JSON.stringify(value)}; no text`);
}
