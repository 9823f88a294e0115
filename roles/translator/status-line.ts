import type { RefusalReason } from '../../protocols/sv1/errors.ts';
import { figureOfReason } from '../../protocols/sv1/methods.ts';
import type { Figures } from '../../runtime/notify.ts';
import type { Collector } from './collector.ts';
import type { Sv1Server } from './sv1-server/server.ts';
import type { ShareCounts } from './sv1-server/share-answer.ts';

const LOOK_INTERVAL_MS = 1000;

interface Parts {
  readonly server: Pick<Sv1Server, 'minerCount'>;
  readonly collector: Pick<Collector, 'figures' | 'trouble'>;
  readonly shares: Readonly<ShareCounts>;
}

/** Shares refused, by reason: those reasons that there were. */
function rejections({ reasons }: Readonly<ShareCounts>): Figures {
  const counted = Object.entries(reasons).filter(([, count]) => count > 0);
  return Object.fromEntries(
    counted.map(([reason, count]) => [figureOfReason(reason as RefusalReason), count]),
  );
}

/** Tells the role's state in words and figures, whenever they changed. */
export class StatusLine {
  readonly #teller: { status(text: string, figures: Figures): void };
  readonly #parts: Parts;
  readonly #looking: NodeJS.Timeout;
  #link = 'waiting for pool';
  #told = '';

  constructor(teller: { status(text: string, figures: Figures): void }, parts: Parts) {
    this.#teller = teller;
    this.#parts = parts;
    this.#looking = setInterval(() => this.#look(), LOOK_INTERVAL_MS);
    this.#look();
  }

  /** @param text what the link to the pool is doing */
  linkIs(text: string): void {
    this.#link = text;
    this.#look();
  }

  /** What the link to the pool is doing, in words. */
  get link(): string {
    return this.#link;
  }

  close(): void {
    clearInterval(this.#looking);
  }

  #look(): void {
    const { server, collector, shares } = this.#parts;
    const figures = {
      miners: server.minerCount,
      shares_accepted: shares.accepted,
      shares_rejected: shares.rejected,
      shares_lost: shares.lost,
      ...rejections(shares),
      wallet_ehash: collector.figures.walletEhash,
      ehash_waiting: collector.figures.ehashWaiting,
    };
    const text = collector.trouble === undefined ? this.#link : `${this.#link}; ${collector.trouble}`;
    const line = [text, ...Object.values(figures)].join(' ');
    if (line === this.#told) return;
    this.#told = line;
    this.#teller.status(text, figures);
  }
}
