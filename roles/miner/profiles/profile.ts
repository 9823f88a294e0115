/** One message of a handshake. */
export type Step = 'configure' | 'subscribe' | 'authorize' | 'suggest' | 'extranonce';

/** What a machine knows when it subscribes. */
export interface SubscribeFacts {
  /** The id of its last subscription, undefined at first. */
  readonly sessionId: string | undefined;
  /** host:port of its pool. */
  readonly address: string;
}

/** Milliseconds, at random between the two. */
export type Wait = readonly [from: number, to: number];

/**
 * How one firmware speaks and what it does, as data: a machine behaves by its profile alone. What is not known of a
 * firmware is as `hashpool` has it, and the profile says so.
 */
export interface Profile {
  readonly name: string;
  /** Hashes per second of one such machine: what `suggests` was made for. */
  readonly nominalHashrate: number;
  /** What stands behind the user's name and a dot, before the machine's number; undefined for nothing at all. */
  readonly worker: string | undefined;
  readonly password: string;

  /** A request as it goes out, without its newline: order of keys and spaces. */
  readonly line: (id: number, method: string, params: readonly unknown[]) => string;
  /** The first request's id, and whether ids run on over connections. */
  readonly ids: { readonly first: number; readonly runOn: boolean };

  /** The handshake, in its order; where `waits` is true nothing more is sent before the answer. */
  readonly greeting: readonly { readonly send: Step; readonly waits: boolean }[];
  /** How long an answer to the handshake is waited for. */
  readonly answerPatienceMs: number;
  /** True where nothing may come before the answer to `mining.subscribe`. */
  readonly wantsAnswerFirst: boolean;
  /** True where it hangs up on a pool that refuses its name; else it stays without work. */
  readonly leavesWhenRefused: boolean;
  /** Parameters of `mining.configure`; undefined where it knows no such thing and sends no version bits. */
  readonly configure: readonly unknown[] | undefined;
  readonly subscribe: (facts: SubscribeFacts) => readonly unknown[];
  /** The difficulty that it asks for of itself at its nominal rate. */
  readonly suggests: number | undefined;

  /** Whether it follows `mining.set_extranonce`. */
  readonly takesExtranonce: boolean;
  /** Whether it connects again when `client.reconnect` says so. */
  readonly obeysReconnect: boolean;
  /** The line that answers the pool's `mining.ping` or `client.get_version`; undefined where it stays silent. */
  readonly reply: (method: string, id: number | string) => string | undefined;

  /** How extranonce2 counts: from its first byte, from its last, or not at all (1 in the last byte for each job). */
  readonly extranonce2: 'first-byte' | 'last-byte' | 'fixed';
  readonly firstNonce: number;
  readonly nonceText: (nonce: number) => string;

  /** Whether shares of a job are sent that a newer one has replaced. */
  readonly oldShares: 'always' | 'unless-clean' | 'never';
  /** How long it goes on with a job after another one came that does not end it. */
  readonly lingersMs: number;
  /** True where a new difficulty holds for the job under way too, so that weaker shares are kept back. */
  readonly hardensAtOnce: boolean;

  /** When a connection has ended, when one ended within the handshake, and when none could be made. */
  readonly reconnectsAfter: { readonly end: Wait; readonly unwelcome: Wait; readonly failure: Wait };
  /** After so many failures in a row it rests longer. */
  readonly givesUp: { readonly failures: number; readonly restMs: number } | undefined;
  /** After so long without any line, or without a job, it hangs up. */
  readonly silence: { readonly of: 'line' | 'job'; readonly ms: number } | undefined;
  /** It repeats its suggestion after so long without having sent anything. */
  readonly keepaliveMs: number | undefined;
}

/** Eight hex digits. */
export function paddedNonce(nonce: number): string {
  return nonce.toString(16).padStart(8, '0');
}

/** JSON without spaces, keys in the order id, method, params. */
export function compactLine(id: number, method: string, params: readonly unknown[]): string {
  return JSON.stringify({ id, method, params });
}

/** JSON with a space after each colon and comma, as cgminer's format strings have it. */
export function spacedLine(id: number, method: string, params: readonly unknown[]): string {
  return `{"id": ${id}, "method": "${method}", "params": ${spaced(params)}}`;
}

/** As `spacedLine`, the parameters first. */
export function paramsFirstLine(id: number, method: string, params: readonly unknown[]): string {
  return `{"params": ${spaced(params)}, "id": ${id}, "method": "${method}"}`;
}

function spaced(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spaced).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, each]) => `${JSON.stringify(key)}: ${spaced(each)}`);
  return `{${entries.join(', ')}}`;
}
