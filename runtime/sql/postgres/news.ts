import { randomUUID } from 'node:crypto';
import pg from 'pg';

/** PostgreSQL takes less than 8,000 bytes in one notification, of which the sender's name takes some. */
const MAX_NEWS_BYTES = 7_900;
const CONNECT_MS = 5_000;
/** What gathers for so long goes out in one notification. */
const GATHER_MS = 10;
/** Texts that wait to go out; more are dropped, as all are while there is no connection. */
const MAX_WAITING = 10_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

export interface NewsListener {
  /** What another process told. */
  onNews(text: string): void;
  /** Listening has begun, or begun again: what was told before went unheard. */
  onStart(): void;
}

/**
 * News between the processes that share a database: what one tells, all others hear that listen at that moment. Nothing
 * is kept. The connection is made again as often as it is lost.
 */
export class News {
  readonly #url: string;
  readonly #channel: string;
  readonly #listener: NewsListener;
  /** First line of what this one tells, which it hears itself as well. */
  readonly #name = randomUUID();
  #client: pg.Client | undefined;
  #waiting: string[] = [];
  #gather: NodeJS.Timeout | undefined;
  #again: NodeJS.Timeout | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #isClosed = false;

  /** @param channel a plain lower-case name */
  constructor(url: string, channel: string, listener: NewsListener) {
    this.#url = url;
    this.#channel = channel;
    this.#listener = listener;
  }

  /** Begins to listen. Resolves after the first attempt, whether it has worked or not. */
  async start(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#url,
      application_name: 'hashpool news',
      connectionTimeoutMillis: CONNECT_MS,
      keepAlive: true,
    });
    client.on('error', () => this.#lost(client));
    client.on('end', () => this.#lost(client));
    client.on('notification', ({ payload }) => this.#heard(payload ?? ''));
    this.#client = client;
    try {
      await client.connect();
      await client.query(`LISTEN ${this.#channel}`);
    } catch {
      this.#lost(client);
      return;
    }
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#listener.onStart();
  }

  /** @param text one line, in ASCII, of at most 7,800 characters */
  tell(text: string): void {
    if (this.#waiting.length === MAX_WAITING || this.#isClosed) return;
    this.#waiting.push(text);
    this.#gather ??= setTimeout(() => this.#send(), GATHER_MS);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#again);
    clearTimeout(this.#gather);
    await this.#client?.end();
  }

  #heard(payload: string): void {
    const [name, ...texts] = payload.split('\n');
    if (name !== this.#name) for (const text of texts) this.#listener.onNews(text);
  }

  #send(): void {
    this.#gather = undefined;
    const texts = this.#waiting;
    this.#waiting = [];
    let payload = this.#name;
    for (const text of texts) {
      if (payload.length + text.length >= MAX_NEWS_BYTES) {
        this.#notify(payload);
        payload = this.#name;
      }
      payload += `\n${text}`;
    }
    this.#notify(payload);
  }

  /** Nobody is told while there is no connection: those who listen again look for themselves. */
  #notify(payload: string): void {
    const client = this.#client;
    client
      ?.query({ name: 'tell', text: 'SELECT pg_notify($1, $2)', values: [this.#channel, payload] })
      .catch(() => this.#lost(client));
  }

  #lost(client: pg.Client): void {
    if (this.#client !== client || this.#isClosed) return;
    this.#client = undefined;
    void client.end().catch(() => undefined);
    this.#again = setTimeout(() => void this.start(), this.#pauseMs);
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
  }
}
