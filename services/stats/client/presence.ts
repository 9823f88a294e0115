import type { StatsMessage, StatsMessageOf } from '../../../protocols/stats/messages.ts';

type Downstream = StatsMessageOf<'DownstreamConnected'>;
type Channel = StatsMessageOf<'ChannelOpened'>;
type Miner = StatsMessageOf<'MinerConnected'>;
type Rate = StatsMessageOf<'MinerHashrateUpdate'>;
type Epoch = StatsMessageOf<'EpochState'>;

/** Epochs that a new service is told of: the latest that were told. */
const MAX_EPOCHS = 1_000;

/** What is open on a role after some of its events: what a service that begins in the middle must be told. */
export class Presence {
  readonly #downstreams = new Map<number, { connected: Downstream; channels: Map<number, Channel> }>();
  readonly #miners = new Map<number, { connected: Miner; rate: Rate | undefined }>();
  /** By unit, what was told longest ago first. */
  readonly #epochs = new Map<string, Epoch>();
  /** The newest of each kind that stands until the next one. */
  readonly #latest = new Map<StatsMessage['name'], StatsMessage>();

  get open(): StatsMessage[] {
    const downstreams = [...this.#downstreams.values()].flatMap(({ connected, channels }) => [
      connected,
      ...channels.values(),
    ]);
    const miners = [...this.#miners.values()].flatMap(({ connected, rate }) =>
      rate ? [connected, rate] : [connected],
    );
    return [...downstreams, ...miners, ...this.#epochs.values(), ...this.#latest.values()];
  }

  apply(event: StatsMessage): void {
    switch (event.name) {
      case 'DownstreamConnected':
        this.#downstreams.set(event.downstream_id, { connected: event, channels: new Map() });
        break;
      case 'DownstreamDisconnected':
        this.#downstreams.delete(event.downstream_id);
        break;
      case 'ChannelOpened':
        this.#downstreams.get(event.downstream_id)?.channels.set(event.channel_id, event);
        break;
      case 'ChannelClosed':
        this.#downstreams.get(event.downstream_id)?.channels.delete(event.channel_id);
        break;
      case 'MinerConnected':
        this.#miners.set(event.miner_id, { connected: event, rate: undefined });
        break;
      case 'MinerDisconnected':
        this.#miners.delete(event.miner_id);
        break;
      case 'MinerHashrateUpdate': {
        const miner = this.#miners.get(event.miner_id);
        if (miner) miner.rate = event;
        break;
      }
      case 'EpochState':
        this.#epochs.delete(event.unit);
        this.#epochs.set(event.unit, event);
        for (const unit of this.#epochs.keys()) {
          if (this.#epochs.size <= MAX_EPOCHS) break;
          this.#epochs.delete(unit);
        }
        break;
      case 'TemplateReceived':
      case 'ChainTip':
      case 'LedgerSums':
      case 'SatSums':
      case 'ReportSums':
      case 'UpstreamStates':
      case 'DeclarationSums':
      case 'OwnJobSums':
        this.#latest.set(event.name, event);
        break;
    }
  }
}
