import type { LiveMessage } from '../../services/stats/api/schemas/live.ts';
import { now } from './now.ts';

/** Whether the feed is up. */
export type LiveState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  /** `since` in milliseconds since 1970. */
  | { readonly kind: 'lost'; readonly since: number };

export interface LiveListener {
  message(message: LiveMessage): void;
  state(state: LiveState): void;
}

/** The service ticks every two seconds; a feed that is silent for so long is taken for cut. */
const SILENCE_MS = 10_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
const messageTypes: readonly LiveMessage['type'][] = ['stats', 'health', 'job', 'events', 'event', 'tick'];

/** One connection of the feed, of whichever kind. */
interface Connection {
  close(): void;
}

type Connect = (heard: (text: string) => void, ended: () => void) => Connection;

/**
 * Follows the live feed for good: by WebSocket, and where that brings nothing by server-sent events, which pass
 * proxies that cut WebSockets; each attempt takes the other of the two until one has spoken.
 */
export function followLive(listener: LiveListener): void {
  const kinds: readonly Connect[] = [byWebSocket, byServerSentEvents];
  let kind = 0;
  let pause = FIRST_PAUSE_MS;
  let lost: number | undefined;

  const connect = (): void => {
    let hasSpoken = false;
    let isOver = false;
    const end = (): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(silence);
      connection.close();
      if (!hasSpoken) kind = (kind + 1) % kinds.length;
      lost ??= now();
      listener.state({ kind: 'lost', since: lost });
      setTimeout(connect, pause);
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    };
    let silence = setTimeout(end, SILENCE_MS);
    const open = kinds[kind] ?? byWebSocket;
    const connection = open((text) => {
      clearTimeout(silence);
      silence = setTimeout(end, SILENCE_MS);
      if (!hasSpoken) listener.state({ kind: 'live' });
      hasSpoken = true;
      lost = undefined;
      pause = FIRST_PAUSE_MS;
      const message = parse(text);
      if (message !== undefined) listener.message(message);
    }, end);
  };
  listener.state({ kind: 'connecting' });
  connect();
}

const byWebSocket: Connect = (heard, ended) => {
  const address = new URL('ws', location.href);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  address.hash = '';
  const socket = new WebSocket(address);
  socket.addEventListener('message', ({ data }) => heard(String(data)));
  socket.addEventListener('close', ended);
  return { close: () => socket.close() };
};

const byServerSentEvents: Connect = (heard, ended) => {
  const source = new EventSource('api/live');
  for (const type of messageTypes) {
    source.addEventListener(type, ({ data }) => heard(String(data)));
  }
  source.addEventListener('error', ended);
  return { close: () => source.close() };
};

/** A message of a kind that this page does not know is none. */
function parse(text: string): LiveMessage | undefined {
  try {
    const message = JSON.parse(text) as LiveMessage;
    return messageTypes.includes(message.type) ? message : undefined;
  } catch (error) {
    console.warn('the live feed sent no JSON', error);
    return undefined;
  }
}
