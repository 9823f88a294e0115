import { connect, type Socket } from 'node:net';
import { HashpoolError, messageOf } from '../protocols/errors.ts';
import { greeting, PublisherReader, ready, subscription } from '../protocols/zmtp.ts';
import { hostAndPort } from './config/address.ts';
import type { Log } from './sv2/log.ts';
import { type Endable, reconnecting } from './sv2/reconnect.ts';

export interface SubscriptionOptions {
  /** What is subscribed to, for the log. */
  readonly name: string;
  /** HOST:PORT where the publisher listens. */
  readonly address: string;
  readonly topic: string;
  /** Told of each message, and whenever a publisher has been asked for them: what came before was missed. */
  onNews(): void;
  readonly log: Log;
}

const CONNECT_MS = 5_000;

/**
 * Listens to a ZeroMQ publisher such as bitcoind's `-zmqpubhashblock` until it is closed, and connects again whenever it
 * is cut off. What it says is taken as a hint to look, never as a fact: anybody may answer at an address.
 */
export function subscribe({ name, address, topic, onNews, log }: SubscriptionOptions): {
  close(): Promise<void>;
} {
  const stop = new AbortController();
  const running = reconnecting({
    name,
    log,
    signal: stop.signal,
    connect: () => connected(address),
    onConnected: (connection) => connection.listen(topic, onNews),
  });
  return {
    close: () => {
      stop.abort();
      return running;
    },
  };
}

class Connection implements Endable {
  readonly closed: Promise<{ readonly reason: string }>;
  readonly #socket: Socket;
  #reason = 'it hung up';

  constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => {
      socket.on('error', (error) => this.close(messageOf(error)));
      socket.on('close', () => resolve({ reason: this.#reason }));
    });
  }

  close(reason = this.#reason): void {
    this.#reason = reason;
    this.#socket.destroy();
  }

  listen(topic: string, onNews: () => void): void {
    const reader = new PublisherReader();
    let isAsked = false;
    this.#socket.on('data', (chunk) => {
      try {
        for (const _ of reader.push(chunk)) onNews();
        if (isAsked || !reader.isReady) return;
        isAsked = true;
        this.#socket.write(subscription(topic));
        onNews();
      } catch (error) {
        this.close(messageOf(error));
      }
    });
    this.#socket.write(greeting());
    this.#socket.write(ready());
  }
}

function connected(address: string): Promise<Connection> {
  const { promise, resolve, reject } = Promise.withResolvers<Connection>();
  const socket = connect({ ...hostAndPort(address), noDelay: true, keepAlive: true });
  const fail = (cause: Error) => {
    socket.destroy();
    reject(
      new HashpoolError('zmq-unreachable', `${address} cannot be reached: ${messageOf(cause)}`, { cause }),
    );
  };
  socket.setTimeout(CONNECT_MS, () => fail(new Error(`no answer within ${CONNECT_MS / 1000} s`)));
  socket.once('error', fail).once('connect', () => {
    socket.setTimeout(0).off('error', fail);
    resolve(new Connection(socket));
  });
  return promise;
}
