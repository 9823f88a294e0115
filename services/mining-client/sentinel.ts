import type { HashpoolError } from '../../protocols/errors.ts';
import type { ChannelOwner } from './channel.ts';
import type { OpenRequest } from './session.ts';

/** A pool that opens no channel is asked again after so long. */
const RETRY_MS = 1000;

/**
 * A channel of the link's own, on which nobody mines: a pool to which one can connect may still have no work, and only
 * a channel with a job says that miners would have one.
 */
export class Sentinel implements ChannelOwner {
  readonly #session: { open(request: OpenRequest, owner: ChannelOwner): void };
  readonly #request: OpenRequest;
  readonly #changed: (trouble: string | undefined) => void;
  #retry: NodeJS.Timeout | undefined;
  #stopped = false;

  /** @param changed told that the pool has work, or in words why it has none */
  constructor(
    session: { open(request: OpenRequest, owner: ChannelOwner): void },
    request: OpenRequest,
    changed: (trouble: string | undefined) => void,
  ) {
    this.#session = session;
    this.#request = request;
    this.#changed = changed;
  }

  /** Asks for the channel. */
  start(): void {
    if (!this.#stopped) this.#session.open(this.#request, this);
  }

  /** The link is gone. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retry);
  }

  opened(): void {
    // A channel is not work yet.
  }

  job(): void {
    if (!this.#stopped) this.#changed(undefined);
  }

  refused(error: HashpoolError): void {
    if (this.#stopped) return;
    this.#changed(error.message);
    this.#retry = setTimeout(() => this.start(), RETRY_MS);
  }

  closed(reason: string): void {
    if (this.#stopped) return;
    this.#changed(reason);
    // Not from within the pool's message: where all channels are closed, the others are to hear of it first.
    this.#retry = setTimeout(() => this.start(), 0);
  }
}
