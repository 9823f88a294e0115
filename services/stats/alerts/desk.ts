import { messageOf } from '../../../protocols/errors.ts';
import type { Logger } from '../../../runtime/logs.ts';
import type { EventLog } from '../live/events.ts';
import type { KnownMiners } from '../live/known-miners.ts';
import { type Alarm, MinerAlarms } from './alarms.ts';
import type { AlertsConfig, ReceiverConfig } from './config.ts';
import { tell } from './receivers.ts';

const LOOK_MS = 5_000;
/** Alarms that wait for a receiver that can't be reached; the oldest go first. */
const MOST_WAITING = 200;
const MOST_RETRY_MS = 600_000;

export interface AlertParts {
  readonly config: AlertsConfig;
  readonly miners: KnownMiners;
  readonly events: EventLog;
  /** False while nobody knows which miners are connected: then none is missed. */
  readonly isSeeing: () => boolean;
  readonly read: (reference: string) => string;
  readonly log: Logger;
  /** Unix ms. */
  readonly clock: () => number;
}

/** One receiver and what it has not been told yet. */
interface Outgoing {
  readonly receiver: ReceiverConfig;
  waiting: Alarm[];
  failures: number;
  notBefore: number;
  sending: boolean;
}

/** Tells the owners of miners what they want to know, each way that the config names. */
export class AlertDesk {
  readonly #parts: AlertParts;
  readonly #alarms: MinerAlarms;
  readonly #outgoing: Outgoing[];
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(parts: AlertParts) {
    this.#parts = parts;
    const { config, miners, events } = parts;
    this.#alarms = new MinerAlarms(miners, config.after_sec * 1000);
    this.#outgoing = config.to.map((receiver) => ({
      receiver,
      waiting: [],
      failures: 0,
      notBefore: 0,
      sending: false,
    }));
    if (config.to.length === 0) return;
    events.listen(({ kind, miner_id, text }) => {
      const miner = miner_id === null ? undefined : miners.byId(miner_id);
      if (kind === 'block-sent') this.#add([{ kind: 'block', miner: miner?.name ?? '', text }]);
    });
    this.#timer = setInterval(() => this.look(), LOOK_MS);
  }

  /** Looks for alarms, and sends what waits. */
  look(): void {
    if (this.#parts.isSeeing()) this.#add(this.#alarms.look(this.#parts.clock()));
    for (const outgoing of this.#outgoing) void this.#send(outgoing);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #add(alarms: readonly Alarm[]): void {
    for (const outgoing of this.#outgoing) {
      const wanted = alarms.filter((alarm) => isWanted(outgoing.receiver, alarm));
      outgoing.waiting = [...outgoing.waiting, ...wanted].slice(-MOST_WAITING);
    }
  }

  async #send(outgoing: Outgoing): Promise<void> {
    const { clock, read, log } = this.#parts;
    if (outgoing.waiting.length === 0 || outgoing.sending || clock() < outgoing.notBefore) return;
    const alarms = outgoing.waiting;
    outgoing.waiting = [];
    outgoing.sending = true;
    try {
      await tell(outgoing.receiver, alarms, read);
      outgoing.failures = 0;
    } catch (error) {
      outgoing.waiting = [...alarms, ...outgoing.waiting].slice(-MOST_WAITING);
      outgoing.failures++;
      outgoing.notBefore = clock() + Math.min(MOST_RETRY_MS, LOOK_MS * 2 ** outgoing.failures);
      log.warn({ err: error }, `owners of miners could not be told: ${messageOf(error)}`);
    } finally {
      outgoing.sending = false;
    }
  }
}

function isWanted({ on, miners }: ReceiverConfig, { kind, miner }: Alarm): boolean {
  return on.includes(kind) && (miners.length === 0 || miners.some((name) => miner.startsWith(name)));
}
