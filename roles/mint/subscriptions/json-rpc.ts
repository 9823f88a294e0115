import { type Static, type TSchema, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { parseJson } from '../../../protocols/cashu/json.ts';
import { HashpoolError, isHashpoolError } from '../../../protocols/errors.ts';
import { describeMismatch } from '../mismatch.ts';

/** Filters of all subscriptions on one connection. */
export const MAX_FILTERS = 1_000;
const MAX_NAME = 100;
/** In a message: the filters and what stands around them. */
const MAX_VALUES = MAX_FILTERS + 100;

/** The errors of JSON-RPC 2.0, 5.1; from -32000 on they are ours. */
const codes = {
  'rpc-parse': -32700,
  'rpc-invalid': -32600,
  'rpc-method': -32601,
  'rpc-params': -32602,
  'rpc-limit': -32000,
} as const;
export type RpcErrorCode = keyof typeof codes;

export type RpcId = string | number | null;

const name = Type.String({
  minLength: 1,
  maxLength: MAX_NAME,
  description: `a text of 1 to ${MAX_NAME} characters`,
});
const requestSchema = Type.Object(
  {
    jsonrpc: Type.Literal('2.0', { description: '"2.0"' }),
    method: name,
    id: Type.Union([Type.Integer(), name], { description: 'an integer or a text' }),
    params: Type.Unknown(),
  },
  { description: 'an object with jsonrpc, method, params and id' },
);
const subscribeSchema = Type.Object(
  {
    kind: name,
    subId: name,
    filters: Type.Array(name, {
      minItems: 1,
      maxItems: MAX_FILTERS,
      description: `a list of 1 to ${MAX_FILTERS} texts`,
    }),
  },
  { description: 'an object with kind, subId and filters' },
);
const unsubscribeSchema = Type.Object({ subId: name }, { description: 'an object with subId' });

export type Subscribe = Static<typeof subscribeSchema>;

/** What a wallet asks (NUT-17). */
export type RpcRequest = { readonly id: RpcId } & (
  | { readonly method: 'subscribe'; readonly params: Subscribe }
  | { readonly method: 'unsubscribe'; readonly params: Static<typeof unsubscribeSchema> }
);

/** An error that answers one request. */
export function rpcError(code: RpcErrorCode, message: string): HashpoolError {
  return new HashpoolError(code, message);
}

const isRequest = checker(requestSchema, 'rpc-invalid', 'message');
const isSubscribe = checker(subscribeSchema, 'rpc-params', 'params');
const isUnsubscribe = checker(unsubscribeSchema, 'rpc-params', 'params');

/**
 * Reads one message of a wallet in two steps, so that an error can name the request that it is about.
 * @throws HashpoolError 'rpc-parse', 'rpc-invalid'
 */
export function readMessage(text: string): Static<typeof requestSchema> {
  return isRequest(jsonOf(text));
}

/** What a well-formed message asks. @throws HashpoolError 'rpc-method', 'rpc-params' */
export function requestOf({ id, method, params }: ReturnType<typeof readMessage>): RpcRequest {
  if (method === 'subscribe') return { id, method, params: isSubscribe(params) };
  if (method === 'unsubscribe') return { id, method, params: isUnsubscribe(params) };
  throw rpcError('rpc-method', `no method ${method}; there are subscribe and unsubscribe`);
}

export function resultText(id: RpcId, subId: string): string {
  return JSON.stringify({ jsonrpc: '2.0', result: { status: 'OK', subId }, id });
}

/** @param payload JSON in a text, as other subscriptions may get it too */
export function notificationText(subId: string, payload: string): string {
  return `{"jsonrpc":"2.0","method":"subscribe","params":{"subId":${JSON.stringify(subId)},"payload":${payload}}}`;
}

/** The answer to a request that failed, or undefined where the error is none of the table's. */
export function errorText(id: RpcId, error: unknown): string | undefined {
  if (!isHashpoolError(error, ...Object.keys(codes))) return undefined;
  const code = codes[error.code as RpcErrorCode];
  return JSON.stringify({ jsonrpc: '2.0', error: { code, message: error.message }, id });
}

function jsonOf(text: string): unknown {
  try {
    return parseJson(text, MAX_VALUES);
  } catch (cause) {
    throw new HashpoolError('rpc-parse', 'the message is no JSON', { cause });
  }
}

function checker<S extends TSchema>(
  schema: S,
  code: RpcErrorCode,
  part: string,
): (data: unknown) => Static<S> {
  const compiled = Compile(schema);
  return (data) => {
    if (compiled.Check(data)) return data as Static<S>;
    throw rpcError(code, describeMismatch(schema, compiled.Errors(data), data, part));
  };
}
